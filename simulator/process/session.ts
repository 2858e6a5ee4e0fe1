import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { RunnerSession, SessionListener, SessionProgram } from "../mesos/task-runner.js";

/** Where a session runs. */
export interface SessionPlace {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts a program in a task's sandbox with the task's environment, with the rights of the simulator's user: what the
 * task may do. Where `script` is installed it gives the program a real terminal, whose window has no size; elsewhere a
 * terminal is a pipe, too, and errors go where output goes.
 */
export function startSession(place: SessionPlace, program: SessionProgram, listener: SessionListener): RunnerSession {
  const hasTerminal = program.isTerminal && process.platform === "linux" && existsSync(SCRIPT);
  const [command = "", ...args] = hasTerminal ? withTerminal(program.argv) : program.argv;
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

function withTerminal(argv: readonly string[]): readonly string[] {
  const quoted = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return [SCRIPT, "-qefc", `exec ${quoted.join(" ")}`, "/dev/null"];
}
