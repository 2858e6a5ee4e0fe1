import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { sleep, systemClock } from "../../../platform/clock.js";

const clock = systemClock();

/** What a program that ended has said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs. */
export interface Running {
  readonly pid: number;
  /** What it has said on stdout until now. */
  stdout(): string;
  /** Resolves when stdout matches; rejects, with what was said, when the program ends or time is up before. */
  says(expected: RegExp, timeoutMs: number): Promise<void>;
  /** Puts something in, where its input was kept open; nothing: ends its input. */
  write(text?: string): void;
  /** Sends a signal. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** More input follows. */
  readonly isInputOpen?: boolean;
  /** Killed after this time, so that nothing hangs. */
  readonly timeoutMs?: number;
}

/** Starts a program. */
export function start(program: string, args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(program, args, { env: { ...process.env, ...options.env }, stdio: ["pipe", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  child.stdin.on("error", () => undefined); // a program may end without reading
  child.stdin.write(options.input ?? "");
  if (!options.isInputOpen) child.stdin.end();
  const ended = endOf(child, said, options.timeoutMs);
  return {
    pid: child.pid ?? 0,
    stdout: () => said.stdout,
    write: (text) => void (text === undefined ? child.stdin.end() : child.stdin.write(text)),
    signal: (name) => void child.kill(name),
    ended,
    async says(expected, timeoutMs) {
      const deadline = clock.monotonic() + timeoutMs;
      while (!expected.test(said.stdout)) {
        const isOver = child.exitCode !== null || clock.monotonic() > deadline;
        if (isOver) throw new Error(`${program} did not say ${expected}:\n${said.stdout}\n${said.stderr}`);
        await sleep(clock, 25);
      }
    },
  };
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(program, args, { timeoutMs: 60_000, ...options }).ended;
}

async function endOf(
  child: ChildProcess,
  said: { readonly stdout: string; readonly stderr: string },
  timeoutMs: number | undefined,
): Promise<Ended> {
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const [code] = await once(child, "close");
  clearTimeout(timer);
  return { code, ...said };
}

/** Loopback ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
