import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { Subject } from "rxjs";
import { type Clock, every$, type Timer } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import { commandOf, KNOWN_IMAGES } from "../images/catalogue.js";
import type { TelemetryReport } from "../images/telemetry.js";
import type { RunnableTask, RunnerEvent, TaskRunner } from "../mesos/task-runner.js";
import { adoptChild, type Child, type ChildEnd, type ChildIdentity, spawnChild } from "./child.js";
import { fetchInto } from "./fetch.js";
import { type ProbeTarget, runCheck, runProbe } from "./probe.js";
import { type SandboxKeeper, sandboxKeeper } from "./sandbox.js";
import { startSession } from "./session.js";
import { usageOf } from "./usage.js";

/** What is stored of a running task, so that a restarted simulator finds its process again. */
export interface StoredChild extends ChildIdentity {
  readonly task: RunnableTask;
  readonly address: string;
}

export interface ProcessRunnerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** One folder a task is made below it. */
  readonly directory: string;
  /** Whether a task may have this address if it asks for it: it must lie in the rack's block. */
  readonly isGivable: (address: string) => boolean;
  /** A free address of the rack's block for a routed task. */
  readonly nextAddress: (used: ReadonlySet<string>) => string;
  /** The address of a node, for tasks on its network. */
  readonly nodeAddress: (node: string) => string;
  /** Added to every task's environment: the path, where names are resolved, where telemetry goes. */
  readonly env: Readonly<Record<string, string>>;
  readonly stored: readonly StoredChild[];
  /** Called when children start or end. */
  readonly onChange: (children: readonly StoredChild[]) => void;
}

/** A runner whose tasks are real processes. */
export interface ProcessRunner extends TaskRunner {
  /** A stand-in program reported its counters. */
  report(report: TelemetryReport): void;
  counters(taskId: string): Readonly<Record<string, number>>;
  /** 0 when it does not run. */
  pid(taskId: string): number;
  /** Kills every task, for the end of the simulator. Resolves when all are gone. */
  stopAll(): Promise<void>;
}

interface Running {
  readonly task: RunnableTask;
  readonly address: string;
  readonly child: Child;
  report: TelemetryReport | undefined;
  killTimer: Timer | undefined;
}

/**
 * Runs tasks as child processes that live on without it, with the rights of its own user. A routed task has a loopback
 * address of its own, the one it asks for if that lies in the rack's block; all others share their node's. Behind a bridge a program of the catalogue listens on the node's
 * port itself, which it finds in `SIMULATED_PORTS` (`80=31000,53=31001`: port inside = port of the node).
 */
export function processRunner(options: ProcessRunnerOptions): ProcessRunner {
  const sandboxes = sandboxKeeper(options.directory);
  const state: State = { options, sandboxes, events: new Subject(), running: new Map(), isStopping: false };
  const { events, running } = state;
  adoptStored(state);
  const trimming = every$(options.clock, TRIM_PERIOD_MS).subscribe(() => sandboxes.trim(running.keys()));
  return {
    events$: events.asObservable(),
    sandboxes,
    prepare: (task) => prepare(state, task),
    launch: (task) => launch(state, task),
    kill(taskId, graceSeconds) {
      const entry = running.get(taskId);
      if (entry === undefined) return;
      entry.child.signal("SIGTERM");
      entry.killTimer ??= options.clock.schedule(graceSeconds * 1000, () => entry.child.signal("SIGKILL"));
    },
    async probe(taskId, check, timeoutSeconds) {
      const target = targetOf(state, taskId, timeoutSeconds);
      return target !== undefined && runProbe(mapped(target.task, check), target);
    },
    async check(taskId, check, timeoutSeconds) {
      const target = targetOf(state, taskId, timeoutSeconds);
      return target === undefined ? {} : runCheck(mapped(target.task, check), target);
    },
    session(taskId, program, listener) {
      const entry = running.get(taskId);
      if (entry === undefined) return undefined;
      const directory = sandboxes.open(taskId);
      return startSession({ directory, env: environmentOf(state, entry.task, entry.address) }, program, listener);
    },
    statistics: (taskId) => statisticsOf(running.get(taskId)),
    running: () => [...running.values()].map(({ task, address }) => ({ task, address })),
    report(report) {
      const entry = running.get(report.taskId);
      if (entry !== undefined) entry.report = report;
    },
    counters: (taskId) => running.get(taskId)?.report?.counters ?? {},
    pid: (taskId) => running.get(taskId)?.child.identity.pid ?? 0,
    stopAll() {
      trimming.unsubscribe();
      return stopAll(state);
    },
  };
}

/** How often the output of tasks is looked at. */
const TRIM_PERIOD_MS = 10_000;

interface State {
  readonly options: ProcessRunnerOptions;
  readonly sandboxes: SandboxKeeper;
  readonly events: Subject<RunnerEvent>;
  readonly running: Map<string, Running>;
  /** The simulator ends: what is launched now would outlive it. */
  isStopping: boolean;
}

function adoptStored(state: State): void {
  const { options } = state;
  for (const { task, address, ...identity } of options.stored) {
    const child = adoptChild(identity, options.clock, (end) => ended(state, task.taskId, end));
    if (child !== undefined) add(state, { task, address, child });
  }
}

function ended(state: State, taskId: string, end: ChildEnd): void {
  state.running.get(taskId)?.killTimer?.cancel();
  state.running.delete(taskId);
  state.sandboxes.retire(taskId);
  store(state);
  state.events.next(endEvent(taskId, end));
}

function add(state: State, started: Pick<Running, "task" | "address" | "child">): void {
  state.running.set(started.task.taskId, { ...started, report: undefined, killTimer: undefined });
  store(state);
}

function store({ options, running }: State): void {
  options.onChange([...running.values()].map(({ task, address, child }) => ({ ...child.identity, task, address })));
}

async function prepare({ sandboxes }: State, task: RunnableTask): Promise<string | undefined> {
  try {
    const directory = sandboxes.open(task.taskId);
    for (const order of task.fetch ?? []) await fetchInto(directory, order).catch((error) => noteIn(directory, error));
    return undefined;
  } catch (error) {
    sandboxes.retire(task.taskId);
    return error instanceof Error ? error.message : String(error);
  }
}

/** As the real fetcher, which tells why in the sandbox only. */
function noteIn(directory: string, error: unknown): never {
  appendFileSync(join(directory, "stderr"), `Failed to fetch: ${error instanceof Error ? error.message : error}\n`);
  throw error;
}

function targetOf(state: State, taskId: string, timeoutSeconds: number) {
  const entry = state.running.get(taskId);
  if (entry === undefined) return undefined;
  const { task, address } = entry;
  const target: ProbeTarget = { address, env: environmentOf(state, task, address), timeoutMs: timeoutSeconds * 1000 };
  return { ...target, task };
}

/** An agent's check names the port inside of the container. */
function mapped<C extends { readonly type: string }>(task: RunnableTask, check: C): C {
  if (!("port" in check)) return check;
  const mapping = task.mappings?.find((entry) => entry.containerPort === check.port);
  return mapping === undefined ? check : { ...check, port: mapping.hostPort };
}

function launch(state: State, task: RunnableTask): void {
  const { options, events, running } = state;
  const { clock, log } = options;
  const { taskId } = task;
  if (state.isStopping) {
    clock.schedule(0, () => events.next({ type: "failed", taskId, message: "the simulated rack is ending" }));
    return;
  }
  const command = programOf(task);
  if (command === undefined) {
    const message = `no such image: ${task.image}; the simulated rack runs ${KNOWN_IMAGES.join(", ")}`;
    clock.schedule(0, () => events.next({ type: "failed", taskId, message }));
    return;
  }
  const refusal = addressRefusal(options, task, running);
  if (refusal !== undefined) {
    clock.schedule(0, () => events.next({ type: "failed", taskId, message: refusal }));
    return;
  }
  const address = addressOf(options, task, running);
  try {
    const child = spawnChild({
      command,
      env: environmentOf(state, task, address),
      sandbox: state.sandboxes.open(taskId),
      onEnd: (end) => ended(state, taskId, end),
    });
    add(state, { task, address, child });
    log.info("task started", { task: taskId, pid: child.identity.pid, address });
    clock.schedule(0, () => events.next({ type: "started", taskId, address }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    clock.schedule(0, () => events.next({ type: "failed", taskId, message }));
  }
}

function statisticsOf(entry: Running | undefined): ReturnType<TaskRunner["statistics"]> {
  if (entry === undefined) return undefined;
  return {
    netRxBytes: entry.report?.netRxBytes ?? 0,
    netTxBytes: entry.report?.netTxBytes ?? 0,
    netRxDropped: 0,
    netTxDropped: 0,
    ...usageOf(entry.child.identity.pid),
  };
}

function endEvent(taskId: string, end: ChildEnd): RunnerEvent {
  if (end.type === "code") return { type: "exited", taskId, code: end.code };
  if (end.type === "signal") return { type: "exited", taskId, signal: end.signal };
  return {
    type: "failed",
    taskId,
    message: "the process ended while the simulator was away; its exit code is unknown",
  };
}

function programOf(task: RunnableTask): readonly string[] | undefined {
  if (task.image === undefined) return task.isShell ? ["/bin/sh", "-c", task.argv.join(" ")] : task.argv;
  if (task.isShell && task.argv.length > 0) return ["/bin/sh", "-c", task.argv.join(" ")];
  const command = commandOf(task.image);
  return command && [...command, ...task.argv];
}

function addressOf(options: ProcessRunnerOptions, task: RunnableTask, running: ReadonlyMap<string, Running>): string {
  if (!task.isRouted) return options.nodeAddress(task.nodeName);
  if (task.wantedAddress !== undefined) return task.wantedAddress;
  return options.nextAddress(new Set([...running.values()].map((entry) => entry.address)));
}

function addressRefusal(
  { isGivable }: ProcessRunnerOptions,
  { wantedAddress }: RunnableTask,
  running: ReadonlyMap<string, Running>,
): string | undefined {
  if (wantedAddress === undefined) return undefined;
  if (!isGivable(wantedAddress)) return `address ${wantedAddress} is not in the loopback block of the simulated rack`;
  const isTaken = [...running.values()].some(({ address }) => address === wantedAddress);
  return isTaken ? `address ${wantedAddress} is in use` : undefined;
}

function environmentOf({ options, sandboxes }: State, task: RunnableTask, address: string): Record<string, string> {
  const ports = (task.mappings ?? []).map(({ containerPort, hostPort }) => `${containerPort}=${hostPort}`).join(",");
  const mapping: Record<string, string> = ports === "" ? {} : { SIMULATED_PORTS: ports };
  const own = { MESOS_SANDBOX: sandboxes.directoryOf(task.taskId), ADDRESS: address, TASK_ID: task.taskId };
  return { ...task.env, ...options.env, ...mapping, ...own };
}

function stopAll(state: State): Promise<void> {
  const { running, events } = state;
  state.isStopping = true;
  return new Promise((resolve) => {
    if (running.size === 0) return resolve();
    const subscription = events.subscribe(() => {
      if (running.size > 0) return;
      subscription.unsubscribe();
      resolve();
    });
    for (const entry of running.values()) entry.child.signal("SIGKILL");
  });
}
