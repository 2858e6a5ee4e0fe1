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
}

/** What happens to a running task. `exited`: exactly one of code and signal is set. */
export type RunnerEvent =
  | { readonly type: "started"; readonly taskId: string; readonly address: string }
  | { readonly type: "exited"; readonly taskId: string; readonly code?: number; readonly signal?: string }
  | { readonly type: "failed"; readonly taskId: string; readonly message: string };

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

/** How the agents run tasks: as real child processes, or pretended in memory. The master's side knows no difference. */
export interface TaskRunner {
  /** Never completes, cannot error, does not replay. */
  readonly events$: Observable<RunnerEvent>;
  launch(task: RunnableTask): void;
  /** SIGTERM now, SIGKILL after the grace; ends in `exited`. */
  kill(taskId: string, graceSeconds: number): void;
  /** Runs one probe against the task at its own address; never rejects. */
  probe(taskId: string, check: AgentCheck["probe"], timeoutSeconds: number): Promise<boolean>;
  statistics(taskId: string): TaskStatistics | undefined;
  /** Tasks that still run, e.g. adopted after a crash of the simulator. */
  running(): readonly { readonly task: RunnableTask; readonly address: string }[];
}
