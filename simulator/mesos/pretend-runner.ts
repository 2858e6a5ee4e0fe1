import { Subject } from "rxjs";
import type { Clock, Timer } from "../../platform/clock.js";
import type { Random } from "../../platform/random.js";
import { type PretendSandboxes, pretendSandboxes, pretendSession } from "./pretend/sandbox.js";
import type { CheckResult, RunnableTask, RunnerEvent, TaskRunner, TaskStatistics } from "./task-runner.js";

/** How a pretended task behaves; all is optional. */
export interface PretendBehaviour {
  /** From the launch until it runs; default 10 ms plus up to 10 % drawn. */
  readonly startMs?: number;
  /** It never runs: why. */
  readonly failure?: string;
  /** Its container could not be run: how its program ended, `startMs` after the launch. */
  readonly neverRuns?: { readonly code?: number; readonly signal?: string };
  /** It takes more than it may, this long after it started. */
  readonly exceeds?: { readonly afterMs: number; readonly resource: "mem" | "disk"; readonly message: string };
  /** It ends by itself, this long after it started. */
  readonly exit?: { readonly afterMs: number; readonly code?: number; readonly signal?: string };
  /** What a kill does: SIGTERM ends it (default), is ignored until SIGKILL, or is handled with exit code 0; or SIGKILL comes first. */
  readonly onTerminate?: "Die" | "Ignore" | "ExitZero" | "Vanish";
  /** From the signal to the end. */
  readonly stopMs?: number;
  /** Result of probe number `count` (from 1); default: healthy. */
  readonly probe?: (count: number) => boolean;
  /** Result of check number `count` (from 1); default: as the probe says. */
  readonly check?: (count: number) => CheckResult;
}

/** A runner in memory, and what scripts do to its tasks. */
export interface PretendRunner extends TaskRunner {
  /** Overrides the probes of a task from now on. */
  setHealthy(taskId: string, isHealthy: boolean): void;
  /** Ends a task as if by itself. */
  exit(taskId: string, exit: { readonly code?: number; readonly signal?: string }): void;
  /** Who listens at an address and port, and whether it is well; undefined: nobody. Asking counts as a probe. */
  listenerAt(address: string, port: number): Listener | undefined;
}

/** A running task that can be reached. */
export interface Listener {
  readonly taskId: string;
  readonly nodeName: string;
  readonly isHealthy: boolean;
}

/** What a pretended rack is made of. */
export interface PretendRunnerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The address of a task when it starts. */
  readonly addresses: (task: RunnableTask) => string;
  readonly behaviour?: (task: RunnableTask) => PretendBehaviour;
  /** Counters of a running task at an instant of the monotonic clock; undefined: none. */
  readonly statistics?: (taskId: string, now: number) => TaskStatistics | undefined;
}

interface Pretended {
  readonly task: RunnableTask;
  readonly behaviour: PretendBehaviour;
  address: string | undefined;
  isHealthy: boolean | undefined;
  probes: number;
  timer: Timer | undefined;
}

/** Tasks that only exist on paper: they start after a delay, answer probes, and end as scripted or killed. */
export function pretendRunner(options: PretendRunnerOptions): PretendRunner {
  const { clock } = options;
  const sandboxes = pretendSandboxes(clock);
  const state: State = { options, events: new Subject(), tasks: new Map(), listeners: new Map(), sandboxes };
  const { tasks, listeners } = state;
  return {
    events$: state.events.asObservable(),
    launch: (task) => launch(state, task),
    kill: (taskId, graceSeconds) => kill(state, taskId, graceSeconds),
    exit: (taskId, exit) => finish(state, taskId, exit),
    sandboxes,
    session: (taskId, program, listener) =>
      isStarted(tasks.get(taskId)) ? pretendSession(clock, program, listener) : undefined,
    listenerAt(address, port) {
      const entry = listeners.get(`${address}:${port}`) ?? listeners.get(address);
      if (entry === undefined) return undefined;
      return { taskId: entry.task.taskId, nodeName: entry.task.nodeName, isHealthy: probed(entry) };
    },
    ...views(tasks, options),
  };
}

interface State {
  readonly options: PretendRunnerOptions;
  readonly events: Subject<RunnerEvent>;
  readonly tasks: Map<string, Pretended>;
  /** By address and port; a task with an address of its own has all of its ports. */
  readonly listeners: Map<string, Pretended>;
  readonly sandboxes: PretendSandboxes;
}

function launch(state: State, task: RunnableTask): void {
  const { options, events, tasks, sandboxes } = state;
  const behaviour = options.behaviour?.(task) ?? {};
  if (behaviour.failure !== undefined) {
    events.next({ type: "failed", taskId: task.taskId, message: behaviour.failure });
    return;
  }
  const entry = pretended(task, behaviour);
  tasks.set(task.taskId, entry);
  sandboxes.started(task);
  const startMs = behaviour.startMs ?? DEFAULT_START_MS * (1 + options.random.next() / 10);
  entry.timer = options.clock.schedule(startMs, () => start(state, entry));
}

function start(state: State, entry: Pretended): void {
  const { options, events, listeners } = state;
  const { task, behaviour } = entry;
  const { exit, neverRuns, exceeds } = behaviour;
  entry.timer = undefined;
  if (neverRuns !== undefined) {
    finish(state, task.taskId, exitOf(neverRuns));
    return;
  }
  const { wantedAddress } = task;
  if (wantedAddress !== undefined && listeners.has(wantedAddress)) {
    forget(state, entry);
    events.next({ type: "failed", taskId: task.taskId, message: `address ${wantedAddress} is in use` });
    return;
  }
  entry.address = wantedAddress ?? options.addresses(task);
  for (const key of listenerKeys(entry)) listeners.set(key, entry);
  const { clock } = options;
  if (exit !== undefined) entry.timer = clock.schedule(exit.afterMs, () => finish(state, task.taskId, exitOf(exit)));
  if (exceeds !== undefined) entry.timer = clock.schedule(exceeds.afterMs, () => exceed(state, entry, exceeds));
  events.next({ type: "started", taskId: task.taskId, address: entry.address });
}

function kill(state: State, taskId: string, graceSeconds: number): void {
  const entry = state.tasks.get(taskId);
  if (entry === undefined) return;
  const { afterMs, exit } = endOf(entry.behaviour, graceSeconds);
  entry.timer?.cancel();
  entry.timer = state.options.clock.schedule(afterMs, () => finish(state, taskId, exit));
}

function finish(state: State, taskId: string, exit: { readonly code?: number; readonly signal?: string }): void {
  const entry = state.tasks.get(taskId);
  if (entry === undefined) return;
  forget(state, entry);
  state.events.next({ type: "exited", taskId, ...exit });
}

function exceed(state: State, entry: Pretended, how: NonNullable<PretendBehaviour["exceeds"]>): void {
  forget(state, entry);
  const { resource, message } = how;
  state.events.next({ type: "limited", taskId: entry.task.taskId, resource, message });
}

function forget({ tasks, listeners, sandboxes }: State, entry: Pretended): void {
  entry.timer?.cancel();
  tasks.delete(entry.task.taskId);
  sandboxes.ended(entry.task);
  for (const key of listenerKeys(entry)) if (listeners.get(key) === entry) listeners.delete(key);
}

function listenerKeys({ task, address }: Pretended): readonly string[] {
  if (address === undefined) return [];
  if (task.isRouted) return [address];
  const ports = new Set([...(task.hostPorts ?? []), ...(task.mappings ?? []).map(({ hostPort }) => hostPort)]);
  return [...ports].map((port) => `${address}:${port}`);
}

/** What can be asked of the tasks, and their health. */
function views(tasks: ReadonlyMap<string, Pretended>, { statistics, clock }: PretendRunnerOptions) {
  return {
    probe: async (taskId: string) => probed(tasks.get(taskId)),
    check: async (taskId: string, check: Parameters<TaskRunner["probe"]>[1]) => checked(tasks.get(taskId), check.type),
    statistics: (taskId: string) =>
      isStarted(tasks.get(taskId)) ? statistics?.(taskId, clock.monotonic()) : undefined,
    running: () => [...tasks.values()].filter(isStarted).map(({ task, address }) => ({ task, address })),
    setHealthy(taskId: string, isHealthy: boolean): void {
      const entry = tasks.get(taskId);
      if (entry !== undefined) entry.isHealthy = isHealthy;
    },
  };
}

function pretended(task: RunnableTask, behaviour: PretendBehaviour): Pretended {
  return { task, behaviour, address: undefined, isHealthy: undefined, probes: 0, timer: undefined };
}

function isStarted(entry: Pretended | undefined): entry is Pretended & { readonly address: string } {
  return entry?.address !== undefined;
}

function probed(entry: Pretended | undefined): boolean {
  if (entry?.address === undefined) return false;
  entry.probes++;
  return entry.isHealthy ?? entry.behaviour.probe?.(entry.probes) ?? true;
}

function checked(entry: Pretended | undefined, type: "tcp" | "http" | "command"): CheckResult {
  const script = entry?.behaviour.check;
  if (entry?.address !== undefined && script !== undefined) return script(++entry.probes);
  const isGood = probed(entry);
  if (type === "tcp") return { isConnected: isGood };
  return type === "http" ? { statusCode: isGood ? 200 : 500 } : { exitCode: isGood ? 0 : 1 };
}

/** How long a kill takes, and how the task ends by it. */
function endOf(behaviour: PretendBehaviour, graceSeconds: number) {
  const { onTerminate = "Die", stopMs = DEFAULT_STOP_MS } = behaviour;
  const graceMs = graceSeconds * 1000;
  if (onTerminate === "Ignore" || graceMs === 0) return { afterMs: graceMs, exit: { signal: "SIGKILL" } };
  const exit = onTerminate === "ExitZero" ? { code: 0 } : { signal: onTerminate === "Vanish" ? "SIGKILL" : "SIGTERM" };
  return { afterMs: Math.min(stopMs, graceMs), exit };
}

const DEFAULT_START_MS = 10;
const DEFAULT_STOP_MS = 50;

function exitOf(exit: { readonly code?: number; readonly signal?: string }) {
  return exit.signal === undefined ? { code: exit.code ?? 0 } : { signal: exit.signal };
}
