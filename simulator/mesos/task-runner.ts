import type { Observable } from "rxjs";
import type { AgentCheck } from "../../drivers/compute/driver.js";

/** A task as an agent of the simulated cluster runs it. */
export interface RunnableTask {
  readonly taskId: string;
  readonly containerId: string;
  /** Name of the agent's node, e.g. `bladerunner1`. */
  readonly nodeName: string;
  readonly image: string | undefined;
  /** Arguments, or the whole command without an image. */
  readonly argv: readonly string[];
  readonly isShell: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** True: the task gets an address of its own. */
  readonly isRouted: boolean;
  /** The address that it asks for; it fails where that is taken. Undefined: any. */
  readonly wantedAddress?: string;
  /** Ports of the node that are the task's. */
  readonly hostPorts?: readonly number[];
  /** Ports of the node that lead to ports inside of its network. */
  readonly mappings?: readonly { readonly hostPort: number; readonly containerPort: number }[];
  /** Files to put into the sandbox before the start. */
  readonly fetch?: readonly FetchOrder[];
}

/** A file that a task wants in its sandbox. */
export interface FetchOrder {
  readonly uri: string;
  readonly isExtracted: boolean;
  readonly isExecutable: boolean;
  /** Undefined: the last part of the address. */
  readonly destination: string | undefined;
}

/** The outcome of a check; nothing where it got none. */
export interface CheckResult {
  readonly exitCode?: number;
  readonly statusCode?: number;
  readonly isConnected?: boolean;
}

/** One entry of a sandbox. */
export interface SandboxEntry {
  /** Below the sandbox, without a slash at the start. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Seconds since the epoch. */
  readonly modifiedAt: number;
  /** As `stat` tells, type included. */
  readonly mode: number;
}

/** The sandboxes of tasks, also of those that ended, as long as they are kept. */
export interface Sandboxes {
  /** Entries of a directory; undefined when there is none. */
  list(taskId: string, path: string): readonly SandboxEntry[] | undefined;
  /** The size of a file, and at most `length` bytes from `offset`; undefined when there is none. */
  read(
    taskId: string,
    path: string,
    part: { readonly offset: number; readonly length: number },
  ): { readonly size: number; readonly bytes: Uint8Array } | undefined;
}

/** A program run beside a task. */
export interface RunnerSession {
  write(bytes: Uint8Array): void;
  endInput(): void;
  /** The window of its terminal has another size. */
  resize(size: WindowSize): void;
  kill(): void;
}

/** Of a terminal, in characters. */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** What a session says; `end` comes once, after all output. */
export interface SessionListener {
  output(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  end(exit: { readonly code?: number; readonly signal?: string }): void;
}

/** What happens to a running task. `exited`: exactly one of code and signal is set. */
export type RunnerEvent =
  | { readonly type: "started"; readonly taskId: string; readonly address: string }
  | { readonly type: "exited"; readonly taskId: string; readonly code?: number; readonly signal?: string }
  | { readonly type: "failed"; readonly taskId: string; readonly message: string }
  /** It took more than it may; its container is destroyed. */
  | { readonly type: "limited"; readonly taskId: string; readonly resource: "mem" | "disk"; readonly message: string };

/** Counters since the start of the task; bytes are Ethernet bytes (payload + 42 for each IPv4 datagram). */
export interface TaskStatistics {
  readonly netRxBytes: number;
  readonly netTxBytes: number;
  readonly netRxDropped: number;
  readonly netTxDropped: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly memoryBytes: number;
}

/** What a session runs. */
export interface SessionProgram {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly isTerminal: boolean;
  /** Of the terminal at its start; undefined: as it comes. */
  readonly window?: WindowSize;
}

/** How the agents run tasks: as real child processes, or pretended in memory. The master's side knows no difference. */
export interface TaskRunner {
  /** Never completes, cannot error, does not replay. */
  readonly events$: Observable<RunnerEvent>;
  /** Fetches the task's files; resolves with why that failed. Never rejects. */
  prepare?(task: RunnableTask): Promise<string | undefined>;
  launch(task: RunnableTask): void;
  /** SIGTERM now, SIGKILL after the grace; ends in `exited`. */
  kill(taskId: string, graceSeconds: number): void;
  /** Runs one probe against the task at its own address; never rejects. */
  probe(taskId: string, check: AgentCheck["probe"], timeoutSeconds: number): Promise<boolean>;
  /** Like a probe, but tells what came. */
  check?(taskId: string, check: AgentCheck["probe"], timeoutSeconds: number): Promise<CheckResult>;
  readonly sandboxes?: Sandboxes;
  /** Starts a program in the sandbox and environment of a running task; undefined: it does not run. */
  session?(taskId: string, program: SessionProgram, listener: SessionListener): RunnerSession | undefined;
  statistics(taskId: string): TaskStatistics | undefined;
  /** Tasks that still run, e.g. adopted after a crash of the simulator. */
  running(): readonly { readonly task: RunnableTask; readonly address: string }[];
}
