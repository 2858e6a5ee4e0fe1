import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RACKWRIGHT_KINDS } from "../api-types/kinds.js";
import { crdFiles } from "./generate/crds.js";
import { kindPages } from "./generate/kind-pages.js";
import { notSupportedYetPage } from "./generate/not-supported-yet.js";

/** Folders that hold generated files only: what is not generated any more is removed from them. */
const OWNED_FOLDERS = ["manifests/crds", "docs/kinds"];

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const files = new Map([
  ...crdFiles(RACKWRIGHT_KINDS),
  ...kindPages(RACKWRIGHT_KINDS),
  ["docs/not-supported-yet.md", notSupportedYetPage(RACKWRIGHT_KINDS)],
]);
const stale = [...files].filter(([path, text]) => textOf(path) !== text).map(([path]) => path);
const left = OWNED_FOLDERS.flatMap(pathsIn).filter((path) => !files.has(path));

if (process.argv.includes("--check")) {
  for (const path of [...stale, ...left]) process.stderr.write(`${path} is stale: run make generate\n`);
  process.exitCode = stale.length + left.length > 0 ? 1 : 0;
} else {
  for (const path of left) rmSync(join(root, path));
  for (const path of stale) write(path, files.get(path) ?? "");
  process.stdout.write(`${files.size} files, ${stale.length} written, ${left.length} removed\n`);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The text of a file; undefined when there is none. */
function textOf(path: string): string | undefined {
  const folder = dirname(path);
  return pathsIn(folder).includes(path) ? readFileSync(join(root, path), "utf8") : undefined;
}

function pathsIn(folder: string): readonly string[] {
  mkdirSync(join(root, folder), { recursive: true });
  return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
}
