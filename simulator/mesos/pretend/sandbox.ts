import type { Clock } from "../../../platform/clock.js";
import type {
  RunnableTask,
  RunnerSession,
  SandboxEntry,
  Sandboxes,
  SessionListener,
  SessionProgram,
} from "../task-runner.js";

/** The made-up files of pretended tasks: `stdout` tells of its start and end, `stderr` is empty. */
export interface PretendSandboxes extends Sandboxes {
  started(task: RunnableTask): void;
  ended(task: RunnableTask): void;
}

/** Tasks that ended, above which the oldest sandbox goes. */
const ENDED_MAX = 200;
const FILE_MODE = 0o100644;

interface Sandbox {
  readonly startedAt: number;
  readonly command: string;
  endedAt: number | undefined;
}

export function pretendSandboxes(clock: Clock): PretendSandboxes {
  const sandboxes = new Map<string, Sandbox>();
  const ended: string[] = [];
  const textOf = (taskId: string, path: string): string | undefined => {
    const sandbox = sandboxes.get(taskId);
    if (sandbox === undefined || (path !== "stdout" && path !== "stderr")) return undefined;
    return path === "stdout" ? outputOf(taskId, sandbox) : "";
  };
  return {
    started(task) {
      sandboxes.set(task.taskId, { startedAt: clock.now(), command: task.argv.join(" "), endedAt: undefined });
    },
    ended(task) {
      const sandbox = sandboxes.get(task.taskId);
      if (sandbox !== undefined) sandbox.endedAt = clock.now();
      ended.push(task.taskId);
      const oldest = ended.length > ENDED_MAX ? ended.shift() : undefined;
      if (oldest !== undefined && sandboxes.get(oldest)?.endedAt !== undefined) sandboxes.delete(oldest);
    },
    list(taskId, path) {
      const sandbox = sandboxes.get(taskId);
      if (sandbox === undefined || path !== "") return undefined;
      return ["stderr", "stdout"].map((name) => entryOf(name, sandbox, textOf(taskId, name) ?? ""));
    },
    read(taskId, path, { offset, length }) {
      const text = textOf(taskId, path);
      if (text === undefined) return undefined;
      const bytes = Buffer.from(text, "utf8");
      return { size: bytes.length, bytes: bytes.subarray(offset, offset + length) };
    },
  };
}

function outputOf(taskId: string, { startedAt, command, endedAt }: Sandbox): string {
  const start = `${new Date(startedAt).toISOString()} pretended task ${taskId}: ${command}\n`;
  return endedAt === undefined ? start : `${start}${new Date(endedAt).toISOString()} ended\n`;
}

function entryOf(path: string, { startedAt, endedAt }: Sandbox, text: string): SandboxEntry {
  const modifiedAt = Math.floor((endedAt ?? startedAt) / 1000);
  return { path, sizeBytes: Buffer.byteLength(text), modifiedAt, mode: FILE_MODE };
}

/** Tells its command line, then echoes its input until that ends; a command that reads none ends with 0 at once. */
export function pretendSession(clock: Clock, program: SessionProgram, listener: SessionListener): RunnerSession {
  let hasEnded = false;
  const end = (exit: { readonly code?: number; readonly signal?: string }) => {
    if (hasEnded) return;
    hasEnded = true;
    listener.end(exit);
  };
  const readsInput = /(^|\/)(cat|sh|bash)$/.test(program.argv[0] ?? "") && program.argv[1] !== "-c";
  clock.schedule(0, () => {
    listener.output("stdout", Buffer.from(`pretended: ${program.argv.join(" ")}\n`));
    if (!readsInput) end({ code: 0 });
  });
  return {
    write(bytes) {
      if (!hasEnded) listener.output("stdout", bytes);
    },
    endInput: () => end({ code: 0 }),
    resize: () => {},
    kill: () => end({ signal: "SIGKILL" }),
  };
}
