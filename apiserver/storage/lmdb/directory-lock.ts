import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StatusError } from "../../../api-types/meta/status-error.js";
import { codeOf, unusable } from "./unusable.js";

/** A directory that this process holds; nobody else opens it until `release`. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** Who holds a directory; `birth` tells a process from a later one with the same pid, where the system says it. */
interface Holder {
  readonly pid: number;
  readonly birth: string;
  readonly since: string;
}

/**
 * Creates the directory if needed and takes its `_lock` file. A living holder: throws ServiceUnavailable with its pid.
 * A dead one's lock is taken over.
 */
export async function lockDirectory(directory: string, nowMs: number): Promise<DirectoryLock> {
  const path = join(directory, "_lock");
  const own = { pid: process.pid, birth: await birthOf(process.pid), since: new Date(nowMs).toISOString() };
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (let attempt = 0; attempt < TAKEOVERS_MAX; attempt++) {
      if (await take(path, own)) return { release: () => rm(path, { force: true }) };
      await removeStale(path, directory, own);
    }
  } catch (error) {
    throw error instanceof StatusError ? error : unusable(directory, error);
  }
  throw new StatusError(
    "ServiceUnavailable",
    `opening the store in ${directory}: others keep taking its lock; start one only`,
  );
}

/** Several processes may find the same stale lock at once; each round is a few file operations. */
const TAKEOVERS_MAX = 500;

/** Makes the names of temporary files unique within the process. */
let drafts = 0;

/** Written aside and linked, so that a lock is never seen half written. */
async function take(path: string, own: Holder): Promise<boolean> {
  const draft = `${path}.${own.pid}.${++drafts}`;
  await writeFile(draft, JSON.stringify(own));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Takes a dead holder's lock away. Only one process at a time may, so that nobody removes a lock that was taken since it
 * looked: while the guard is held the lock it sees stays, because taking needs an absent one.
 */
async function removeStale(path: string, directory: string, own: Holder): Promise<void> {
  await refuseLiving(path, directory);
  const guard = `${path}.guard`;
  if (!(await take(guard, own))) return removeDeadGuard(guard);
  try {
    await refuseLiving(path, directory);
    await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function refuseLiving(path: string, directory: string): Promise<void> {
  const holder = await holderOf(path);
  if (holder === undefined || !(await isAlive(holder))) return;
  throw new StatusError(
    "ServiceUnavailable",
    `opening the store in ${directory}: process ${holder.pid} holds it since ${holder.since}; ` +
      "stop that process, or choose another directory",
  );
}

/** A process that died within the few file operations of a takeover must not block later ones. */
async function removeDeadGuard(guard: string): Promise<void> {
  const holder = await holderOf(guard);
  if (holder !== undefined && !(await isAlive(holder))) await rm(guard, { force: true });
}

/** Undefined: no lock, or one cut short by a power loss. */
async function holderOf(path: string): Promise<Holder | undefined> {
  const content = await readFile(path, "utf8").catch(ignoreAbsent);
  try {
    // the content was written by `take`; anything else is as good as none
    const holder = JSON.parse(content ?? "") as Holder;
    return Number.isInteger(holder.pid) && holder.pid > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) !== "EPERM") return false;
  }
  const birth = await birthOf(holder.pid);
  return birth === "" || holder.birth === "" || birth === holder.birth;
}

/** Boot id and start time in ticks, on Linux; elsewhere nothing, and a pid in use counts as the holder. */
async function birthOf(pid: number): Promise<string> {
  try {
    const [boot, stat] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    // the command name, in parentheses, may hold spaces; the state follows it, the start time is the 20th field
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return "ended, but not yet collected by its parent";
    return `${boot.trim()}/${fields[19]}`;
  } catch {
    return "";
  }
}

function ignoreAbsent(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
  return undefined;
}
