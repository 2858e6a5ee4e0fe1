import { spawn } from "node:child_process";
import type { RunnerSession, SessionListener, SessionProgram } from "../mesos/task-runner.js";

/** Where a session runs. */
export interface SessionPlace {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts a program in a task's sandbox with the task's environment, with the rights of the simulator's user: what the
 * task may do. A terminal is a pipe, too: errors go where output goes, and the window has no size.
 */
export function startSession(place: SessionPlace, program: SessionProgram, listener: SessionListener): RunnerSession {
  const [command = "", ...args] = program.argv;
  const env = { ...place.env, ...program.env, ...(program.isTerminal ? { TERM: "dumb" } : {}) };
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
