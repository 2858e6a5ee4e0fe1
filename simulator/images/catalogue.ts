import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Which program stands in for an image; the tag of an image is ignored. */
const PROGRAMS: Readonly<Record<string, string>> = {
  bind9: "dns-server",
  normalload: "load-generator",
  dns: "idle",
  vector: "idle",
  influxdb: "idle",
  datacollector: "idle",
  statesync: "idle",
  "attinnovate/charmander-pcp": "idle",
  web: "web",
  job: "job",
};

/** The command that runs an image's stand-in; undefined: the catalogue does not know the image. */
export function commandOf(image: string): readonly string[] | undefined {
  const program = PROGRAMS[image.replace(/:[^/]*$/, "")];
  if (program === undefined) return undefined;
  // from sources (tests) the programs are TypeScript and need a loader
  const isSource = import.meta.url.endsWith(".ts");
  const file = fileURLToPath(new URL(`./${program}/main.${isSource ? "ts" : "js"}`, import.meta.url));
  return isSource ? [process.execPath, "--import", loaderUrl(), file] : [process.execPath, file];
}

/** By its full address: a task runs in a sandbox, where the package is not found by name. */
function loaderUrl(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
}

/** The images that the simulated rack can run, for error messages. */
export const KNOWN_IMAGES: readonly string[] = Object.keys(PROGRAMS);
