import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StatusError } from "../../../api-types/meta/status-error.js";
import { type ChildIdentity, isAlive, ownIdentity } from "../../process/child.js";

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
  writeText(path, JSON.stringify(value));
}

/** Replaces a file as a whole: nobody sees half of it. */
export function writeText(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
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
  for (let attempt = 0; attempt < TAKEOVERS_MAX; attempt++) {
    if (take(path)) return { release: () => rmSync(path, { force: true }) };
    const holder = holderOf(directory);
    if (holder !== undefined) throw inUse(directory, `by process ${holder.pid}`);
    rmSync(path, { force: true });
  }
  throw inUse(directory, "by others that start now");
}

/** Several simulators may find the same stale lock at once. */
const TAKEOVERS_MAX = 5;

/** Written aside and linked: a lock is never seen half written, and only one takes it. */
function take(path: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeJson(draft, ownIdentity());
  try {
    linkSync(draft, path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

function inUse(directory: string, by: string): StatusError {
  return new StatusError(
    "Conflict",
    `starting the simulator: ${directory} is in use ${by}; stop it or choose another --data directory`,
  );
}

/** The process that holds the directory's lock and lives. */
export function holderOf(directory: string): ChildIdentity | undefined {
  const holder = readJson<ChildIdentity>(join(directory, "_lock"));
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}
