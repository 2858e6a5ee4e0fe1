import { join } from "node:path";
import { Subject } from "rxjs";
import type { Clock, Timer } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import { commandOf, KNOWN_IMAGES } from "../images/catalogue.js";
import type { TelemetryReport } from "../images/telemetry.js";
import type { RunnableTask, RunnerEvent, TaskRunner } from "../mesos/task-runner.js";
import { adoptChild, type Child, type ChildEnd, type ChildIdentity, spawnChild } from "./child.js";
import { runProbe } from "./probe.js";
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

/** Runs tasks as child processes that live on without it; each routed one has a loopback address of its own. */
export function processRunner(options: ProcessRunnerOptions): ProcessRunner {
  const state: State = { options, events: new Subject(), running: new Map(), isStopping: false };
  const { events, running } = state;
  adoptStored(state);
  return {
    events$: events.asObservable(),
    launch: (task) => launch(state, task),
    kill(taskId, graceSeconds) {
      const entry = running.get(taskId);
      if (entry === undefined) return;
      entry.child.signal("SIGTERM");
      entry.killTimer ??= options.clock.schedule(graceSeconds * 1000, () => entry.child.signal("SIGKILL"));
    },
    async probe(taskId, check, timeoutSeconds) {
      const entry = running.get(taskId);
      if (entry === undefined) return false;
      const env = environmentOf(options, entry.task, entry.address);
      return runProbe(check, { address: entry.address, env, timeoutMs: timeoutSeconds * 1000 });
    },
    statistics: (taskId) => statisticsOf(running.get(taskId)),
    running: () => [...running.values()].map(({ task, address }) => ({ task, address })),
    report(report) {
      const entry = running.get(report.taskId);
      if (entry !== undefined) entry.report = report;
    },
    counters: (taskId) => running.get(taskId)?.report?.counters ?? {},
    pid: (taskId) => running.get(taskId)?.child.identity.pid ?? 0,
    stopAll: () => stopAll(state),
  };
}

interface State {
  readonly options: ProcessRunnerOptions;
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
  const address = addressOf(options, task, running);
  try {
    const child = spawnChild({
      command,
      env: environmentOf(options, task, address),
      sandbox: join(options.directory, taskId),
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
  return options.nextAddress(new Set([...running.values()].map((entry) => entry.address)));
}

function environmentOf(options: ProcessRunnerOptions, task: RunnableTask, address: string): Record<string, string> {
  return { ...task.env, ...options.env, ADDRESS: address, TASK_ID: task.taskId };
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
