import { spawn } from "node:child_process";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import type { RunnerSession, SessionListener, SessionProgram, WindowSize } from "../mesos/task-runner.js";

/** Where a session runs. */
export interface SessionPlace {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts a program in a task's sandbox with the task's environment, with the rights of the simulator's user: what the
 * task may do. Where `script` is installed it gives the program a real terminal; elsewhere a terminal is a pipe, too, and
 * errors go where output goes.
 */
export function startSession(place: SessionPlace, program: SessionProgram, listener: SessionListener): RunnerSession {
  const hasTerminal = program.isTerminal && process.platform === "linux" && existsSync(SCRIPT);
  const [command = "", ...args] = hasTerminal ? withTerminal(program) : program.argv;
  const terminal = hasTerminal ? { TERM: "xterm", SHELL: "/bin/sh" } : { TERM: "dumb" };
  const env = { ...place.env, ...program.env, ...(program.isTerminal ? terminal : {}) };
  const child = spawn(command, args, { cwd: place.directory, env, detached: true, stdio: "pipe" });
  let hasEnded = false;
  const end = (exit: { readonly code?: number; readonly signal?: string }) => {
    if (hasEnded) return;
    hasEnded = true;
    listener.end(exit);
  };
  child.stdout.on("data", (bytes: Buffer) => listener.output("stdout", bytes));
  child.stderr.on("data", (bytes: Buffer) => listener.output(program.isTerminal ? "stdout" : "stderr", bytes));
  // a program that has ended takes no more input
  child.stdin.on("error", () => {});
  child.on("error", (error) => {
    listener.output("stderr", Buffer.from(`${error.message}\n`));
    end({ code: 127 });
  });
  child.on("close", (code, signal) => end(signal === null ? { code: code ?? 1 } : { signal }));
  return {
    write: (bytes) => void child.stdin.write(bytes),
    endInput: () => void child.stdin.end(),
    resize: (size) => (hasTerminal && !hasEnded ? resize(child.pid, size) : undefined),
    kill() {
      if (hasEnded || child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // it ended in the meantime
      }
    },
  };
}

/** Of util-linux: runs a command in a terminal of its own, and passes on its exit code. */
const SCRIPT = "/usr/bin/script";

function withTerminal({ argv, window }: SessionProgram): readonly string[] {
  const quoted = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const sized = window === undefined ? "" : `stty ${sizeOf(window).join(" ")}; `;
  return [SCRIPT, "-qefc", `${sized}exec ${quoted.join(" ")}`, "/dev/null"];
}

function sizeOf({ rows, columns }: WindowSize): readonly string[] {
  return ["rows", `${rows}`, "cols", `${columns}`];
}

/** The kernel then tells the program in front (SIGWINCH). Where the terminal is not found the size stays. */
function resize(scriptPid: number | undefined, size: WindowSize): void {
  try {
    const [first = ""] = readFileSync(`/proc/${scriptPid}/task/${scriptPid}/children`, "utf8").split(" ");
    const terminal = readlinkSync(`/proc/${Number(first)}/fd/0`);
    spawn("stty", ["-F", terminal, ...sizeOf(size)], { stdio: "ignore" }).on("error", () => {});
  } catch {
    // the program has ended, or this system does not tell
  }
}
