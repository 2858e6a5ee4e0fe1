import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StatusError } from "../../api-types/meta/status-error.js";
import { isAlive } from "../process/child.js";

/** Reads a JSON file; undefined when it is absent. A broken one is an error that names it. */
export function readJson<T>(path: string): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    // written by `writeJson` of this version
    return JSON.parse(text) as T;
  } catch (cause) {
    const message = `reading the simulator's state: ${path} is not JSON; delete it to start with an empty rack`;
    throw new StatusError("InternalError", message, { cause });
  }
}

/** Replaces a JSON file as a whole: after a crash it holds the old or the new state. */
export function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, JSON.stringify(value));
  renameSync(`${path}.new`, path);
}

/** Makes the directory and takes its lock; a second simulator on it is refused and told the holder's pid. */
export function lockDirectory(directory: string): { release(): void } {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    throw new StatusError(
      "ServiceUnavailable",
      `creating ${directory}: not possible; choose another --data directory`,
      { cause },
    );
  }
  const path = join(directory, "_lock");
  const holder = readJson<{ readonly pid: number; readonly startTicks: string | undefined }>(path);
  if (holder !== undefined && holder.pid !== process.pid && isAlive(holder)) {
    throw new StatusError(
      "Conflict",
      `starting the simulator: ${directory} is in use by process ${holder.pid}; stop it or choose another --data directory`,
    );
  }
  writeJson(path, { pid: process.pid, startTicks: undefined });
  return { release: () => rmSync(path, { force: true }) };
}
