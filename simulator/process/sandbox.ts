import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join, normalize } from "node:path";
import type { SandboxEntry, Sandboxes } from "../mesos/task-runner.js";

/** A longer output file is moved aside, as logrotate's copytruncate does: at most twice this is kept. */
const OUTPUT_BYTES_MAX = 8 * 1024 * 1024;
/** Sandboxes of tasks that ended, above which the oldest goes. */
const ENDED_MAX = 100;
/** A larger part is not read at once. */
const READ_BYTES_MAX = 4 * 1024 * 1024;

/** The folders below one directory in which tasks run, one for each. */
export interface SandboxKeeper extends Sandboxes {
  directoryOf(taskId: string): string;
  /** Makes the folder of a task that starts. */
  open(taskId: string): string;
  /** The task ended: its folder stays until many others have ended. */
  retire(taskId: string): void;
  /** Keeps the output of running tasks within bounds. */
  trim(taskIds: Iterable<string>): void;
}

export function sandboxKeeper(root: string): SandboxKeeper {
  const ended: string[] = [];
  // a task id has no slash, but `..` is a name
  const directoryOf = (taskId: string) => join(root, taskId.replace(/^\.+$/, "_"));
  const at = (taskId: string, path: string) => {
    const inside = normalize(`/${path}`);
    return join(directoryOf(taskId), inside);
  };
  return {
    directoryOf,
    open(taskId) {
      const directory = directoryOf(taskId);
      mkdirSync(directory, { recursive: true });
      return directory;
    },
    retire(taskId) {
      ended.push(taskId);
      const oldest = ended.length > ENDED_MAX ? ended.shift() : undefined;
      if (oldest !== undefined) rmSync(directoryOf(oldest), { recursive: true, force: true });
    },
    trim(taskIds) {
      for (const taskId of taskIds) for (const name of ["stdout", "stderr"]) trimFile(join(directoryOf(taskId), name));
    },
    list: (taskId, path) => list(at(taskId, path), path),
    read: (taskId, path, part) => read(at(taskId, path), part),
  };
}

function trimFile(path: string): void {
  try {
    if (statSync(path).size <= OUTPUT_BYTES_MAX) return;
    copyFileSync(path, `${path}.1`);
    truncateSync(path, 0);
  } catch {
    // the task removed it
  }
}

function list(directory: string, path: string): readonly SandboxEntry[] | undefined {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => entryOf(join(directory, name), path === "" ? name : `${path}/${name}`));
  } catch {
    return undefined;
  }
}

function entryOf(file: string, path: string): SandboxEntry {
  const { size, mtimeMs, mode } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0, mode: 0 };
  return { path, sizeBytes: size, modifiedAt: Math.floor(mtimeMs / 1000), mode };
}

function read(file: string, { offset, length }: { readonly offset: number; readonly length: number }) {
  let descriptor: number | undefined;
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return undefined;
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, stat.size - offset, READ_BYTES_MAX)));
    descriptor = openSync(file, "r");
    const count = bytes.length === 0 ? 0 : readSync(descriptor, bytes, 0, bytes.length, offset);
    return { size: stat.size, bytes: bytes.subarray(0, count) };
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
