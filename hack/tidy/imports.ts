import { dirname, join, normalize } from "node:path";
import type { Source } from "./sources.js";

/** Which folders a folder may import from (STYLE, "Who may import whom"); every folder may import itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  "api-types": [],
  drivers: ["api-types", "platform"],
  client: ["api-types", "platform"],
  runtime: ["client", "api-types", "platform"],
  actuation: ["runtime", "client", "api-types", "platform", "drivers"],
  controllers: ["actuation", "runtime", "client", "api-types", "platform", "drivers"],
  apiserver: ["api-types", "platform"],
  simulator: ["api-types", "platform", "drivers"],
  // of the drivers the API of Mesos agents and masters, which `logs`, `exec` and `framework teardown` talk to
  cli: ["client", "runtime", "api-types", "platform", "apiserver", "controllers", "simulator", "drivers"],
};

/** Technologies are known to `controllers/main.ts` only; the rest sees an area's interface. */
const DRIVER_INTERFACES =
  /^drivers\/((compute|dns|load-balancer|metrics|network|probe)\/driver|dns\/name-server|driver|observation)$/;
/** What a person's own commands reach without the control plane: sandboxes and programs beside tasks; never a driver. */
const CLI_DRIVERS =
  /^drivers\/compute\/(agent-api$|mesos\/agent\/|mesos\/redirect$|mesos\/session\/(access|masters)$|mesos\/zookeeper\/socket$)/;
/** The one place of another process's folder that `cli` may start. */
const CLI_DOORS = /^(apiserver|controllers|simulator)\//;

/** Imports against the layers. */
export function checkImports(sources: readonly Source[]): readonly string[] {
  return sources
    .filter((source) => !source.isTest)
    .flatMap((source) => importsOf(source).flatMap((target) => fault(source, target) ?? []));
}

/** Targets inside the project, from its root, without extension. */
function importsOf({ path, text }: Source): readonly string[] {
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) => match[1] ?? "");
  return found.map((specifier) => normalize(join(dirname(path), specifier)).replace(/\.js$/, ""));
}

function fault({ path }: Source, target: string): string | undefined {
  const from = path.split("/")[0] ?? "";
  const to = target.split("/")[0] ?? "";
  if (from === "hack" || from === "test") return undefined;
  const allowed = ALLOWED[from];
  if (allowed === undefined) return `${path}: folder ${from} is not in the layout`;
  if (from !== to && !allowed.includes(to)) return `${path}: imports ${target}, which is not below it`;
  if (from === "controllers") return controllerFault(path, target);
  if (from === "actuation" && to === "drivers" && !DRIVER_INTERFACES.test(target))
    return `${path}: imports a concrete driver ${target}`;
  if (from === "cli" && to === "drivers" && !CLI_DRIVERS.test(target)) return `${path}: imports the driver ${target}`;
  if (from === "cli" && CLI_DOORS.test(target) && !isDoor(target)) return `${path}: imports ${target} past its main`;
  return undefined;
}

function controllerFault(path: string, target: string): string | undefined {
  if (path === "controllers/main.ts" || path === "controllers/technologies.ts") return undefined;
  if (target.startsWith("drivers/") && !DRIVER_INTERFACES.test(target))
    return `${path}: imports a concrete driver ${target}`;
  const [, folder, file] = path.split("/");
  const [area, otherFolder, otherFile] = target.split("/");
  const isOther = area === "controllers" && otherFile !== undefined && file !== undefined && otherFolder !== folder;
  return isOther ? `${path}: imports another controller's folder: ${target}` : undefined;
}

/** A process's main, and of the API server its stores, listener and certificates. */
function isDoor(target: string): boolean {
  return /\/main$|^apiserver\/(storage|pki|http)\/|^controllers\/connections$/.test(target);
}
