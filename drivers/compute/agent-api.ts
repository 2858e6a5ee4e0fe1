import type { Observable } from "rxjs";

/**
 * What one agent tells about the tasks on it, and does inside of them: the sandbox files and programs beside a task.
 * Calls reject with StatusError (the agent said no: NotFound, Unauthorized, Forbidden, Invalid) or TransportError.
 */
export interface AgentApi {
  /** Where the files of a task are, of a task that ended too as long as the agent keeps them. NotFound: it has no such task. */
  sandbox(task: AgentTask): Promise<Sandbox>;
  /** The entries of a directory of a sandbox. */
  list(directory: string): Promise<readonly SandboxFile[]>;
  /**
   * Bytes of a file from `offset` (-1: none, only how long the file is), at most `length` and at most 64 KiB: ask again
   * from the end of what came. At the end of the file there are none.
   */
  read(file: string, offset: number, length: number): Promise<FilePiece>;
  /** Runs a program in the container of a running task; it ends with the session. Conflict: the task does not run. */
  exec(task: AgentTask, program: ExecProgram): Promise<ExecSession>;
  /** Ends all sessions. */
  close(): void;
}

/** A task by its id; the framework where another one may have a task of that id. */
export interface AgentTask {
  readonly taskId: string;
  readonly frameworkId?: string;
}

/** A task's directory on its agent, where `stdout` and `stderr` are. */
export interface Sandbox {
  /** Absolute path. */
  readonly directory: string;
  /** The container, from the outermost to the task's own; empty when it is gone. */
  readonly containerIds: readonly string[];
  readonly isRunning: boolean;
}

/** One entry of a directory. */
export interface SandboxFile {
  /** Absolute path. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Seconds since the epoch. */
  readonly modifiedAt: number;
  /** As `ls` writes it, e.g. `-rw-r--r--`. */
  readonly mode: string;
  readonly isDirectory: boolean;
  readonly user: string;
  readonly group: string;
}

/** A part of a file. */
export interface FilePiece {
  /** Where the bytes begin; with offset -1 the size of the file. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Rows and columns of a terminal. */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** What to run beside a task. */
export interface ExecProgram {
  readonly argv: readonly string[];
  /** A terminal of this size; undefined: plain pipes. */
  readonly tty: WindowSize | undefined;
  /** As whom; undefined: as the task. */
  readonly user?: string;
}

/** A program that runs beside a task. */
export interface ExecSession {
  /**
   * In order; a terminal has only stdout. To be subscribed once: output is taken from the agent only while somebody
   * listens. Completes when the program ended, errors when the agent is lost, does not replay.
   */
  readonly output$: Observable<ExecOutput>;
  /** How it ended, once all output was read; never rejects. */
  readonly ended: Promise<ExecEnd>;
  /**
   * Input for the program, delivered in order. Resolves when there is room for more, or nobody takes any: who does not wait
   * piles it up.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** No more input: end of file, or Ctrl-D on a terminal. */
  endInput(): void;
  resize(size: WindowSize): void;
  /** Kills the program when it still runs. */
  close(): void;
}

/** Bytes that a program wrote. */
export interface ExecOutput {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
}

/** The end of a program; `unknown`: the agent did not tell. */
export type ExecEnd =
  | { readonly type: "exited"; readonly exitCode: number }
  | { readonly type: "signalled"; readonly signal: number }
  | { readonly type: "unknown"; readonly reason: string };
