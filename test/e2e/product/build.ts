import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The program as its users run it, built from the sources as they are. */
export interface Build {
  /** The path of `rackctl`. */
  readonly entry: string;
  remove(): void;
}

/** Compiles into a folder of its own below the project, where programs find packages and samples. */
export function buildProduct(): Build {
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".cache", "e2e-"));
  const entry = join(folder, "cli", "main.js");
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const args = [compiler, "-p", join(ROOT, "tsconfig.build.json"), "--incremental", "false", "--outDir", folder];
  try {
    execFileSync(process.execPath, args, { cwd: ROOT, stdio: "pipe" });
  } catch (error) {
    // faults of types are the type check's business: what was emitted runs
    if (!existsSync(entry)) throw new Error("building rackctl failed", { cause: error });
  }
  return { entry, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
