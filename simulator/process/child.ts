import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, every$, sleep } from "../../platform/clock.js";

/** A process that outlives the simulator: found again by its pid and start time. */
export interface ChildIdentity {
  readonly pid: number;
  /** The boot and the start time in ticks since then, as the kernel tells; undefined where it does not. */
  readonly startTicks: string | undefined;
}

/** How a process ended. An adopted process tells no code. */
export type ChildEnd =
  | { readonly type: "code"; readonly code: number }
  | { readonly type: "signal"; readonly signal: string }
  | { readonly type: "unseen" };

export interface Child {
  readonly identity: ChildIdentity;
  signal(name: "SIGTERM" | "SIGKILL"): void;
}

export interface SpawnOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Working directory, made if absent; output goes to `stdout` and `stderr` in it. */
  readonly sandbox: string;
  readonly onEnd: (end: ChildEnd) => void;
}

/** Starts a process in a group of its own. Throws when it cannot be started. */
export function spawnChild({ command, env, sandbox, onEnd }: SpawnOptions): Child {
  mkdirSync(sandbox, { recursive: true });
  const stdout = openSync(join(sandbox, "stdout"), "a");
  const stderr = openSync(join(sandbox, "stderr"), "a");
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: sandbox, env, detached: true, stdio: ["ignore", stdout, stderr] });
  closeSync(stdout);
  closeSync(stderr);
  child.unref();
  let hasEnded = false;
  const end = (how: ChildEnd) => {
    if (hasEnded) return;
    hasEnded = true;
    onEnd(how);
  };
  child.on("error", () => end({ type: "code", code: 127 }));
  child.on("exit", (code, signal) =>
    end(signal === null ? { type: "code", code: code ?? 1 } : { type: "signal", signal }),
  );
  return ofProcess(child);
}

function ofProcess(child: ChildProcess): Child {
  const pid = child.pid ?? 0;
  return { identity: { pid, startTicks: startTicksOf(pid) }, signal: (name) => signalGroup(pid, name) };
}

const LOOK_PERIOD_MS = 200;

/** Takes over a process that an earlier simulator started; undefined when it is gone or its pid is somebody else's now. */
export function adoptChild(identity: ChildIdentity, clock: Clock, onEnd: (end: ChildEnd) => void): Child | undefined {
  if (!isAlive(identity)) return undefined;
  const subscription = every$(clock, LOOK_PERIOD_MS).subscribe(() => {
    if (isAlive(identity)) return;
    subscription.unsubscribe();
    onEnd({ type: "unseen" });
  });
  return { identity, signal: (name) => signalGroup(identity.pid, name) };
}

/** Whether the very process still runs: a pid alone may have been given to another one. */
export function isAlive({ pid, startTicks }: ChildIdentity): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return startTicks === undefined || startTicksOf(pid) === startTicks;
}

/** Who this process is. */
export function ownIdentity(): ChildIdentity {
  return { pid: process.pid, startTicks: startTicksOf(process.pid) };
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and parentheses. A zombie counts as gone. */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return "gone";
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Kills processes that an earlier simulator left, each with its group. Resolves when they are gone. */
export async function killLeftChildren(left: readonly ChildIdentity[], clock: Clock): Promise<void> {
  const alive = left.filter(isAlive);
  for (const { pid } of alive) signalGroup(pid, "SIGKILL");
  while (alive.some(isAlive)) await sleep(clock, LOOK_PERIOD_MS);
}

/** The whole group: a shell command and what it started end together. */
function signalGroup(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  if (pid <= 0) return;
  try {
    process.kill(-pid, name);
  } catch {
    // it ended in the meantime: its exit tells
  }
}
