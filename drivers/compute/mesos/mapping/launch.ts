import { StatusError } from "../../../../api-types/meta/status-error.js";
import type { TaskExecutor, TaskLaunch } from "../../driver.js";
import type { WireExecutorInfo, WireKillPolicy, WireLabels, WireResource, WireTaskInfo } from "../wire.js";
import { healthCheckOf } from "./check.js";
import { commandOf, executorCommandOf } from "./command.js";
import { containerOf } from "./container.js";
import { takeResources } from "./resources.js";

/** What the tasks of one ACCEPT share. */
export interface LaunchContext {
  /** What the offers hold. */
  readonly pool: readonly WireResource[];
  readonly frameworkId: string;
  /** Executors that run already on this agent, by id: Mesos wants them described as they were started. */
  readonly running: ReadonlyMap<string, WireExecutorInfo>;
}

/** The tasks of one ACCEPT, each with its share of the pool, in order. Throws StatusError when they do not fit. */
export function taskInfosOf(tasks: readonly TaskLaunch[], context: LaunchContext): readonly WireTaskInfo[] {
  const filling: Filling = {
    rest: [...context.pool],
    frameworkId: context.frameworkId,
    executors: new Map(context.running),
  };
  return tasks.map((task) => taskInfoOf(task, filling));
}

/** How long a killed task may take to end. */
export function killPolicyOf(graceSeconds: number): WireKillPolicy {
  return { grace_period: { nanoseconds: Math.round(graceSeconds * 1e9) } };
}

/** Labels as Mesos writes them. */
export function wireLabels(labels: Readonly<Record<string, string>>): WireLabels {
  return { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) };
}

interface Filling {
  /** What the tasks before have left. */
  readonly rest: WireResource[];
  readonly frameworkId: string;
  readonly executors: Map<string, WireExecutorInfo>;
}

function taskInfoOf(task: TaskLaunch, filling: Filling): WireTaskInfo {
  const { executor } = task;
  return {
    name: task.name,
    task_id: { value: task.taskId },
    agent_id: { value: task.agentId },
    resources: takeOrRefuse(filling, task, task.resources),
    ...(executor === undefined ? ownProgramOf(task) : executedBy(executor, task, filling)),
    ...(task.check === undefined ? {} : { health_check: healthCheckOf(task.check, task.containerizer) }),
    kill_policy: killPolicyOf(task.killGraceSeconds),
    labels: wireLabels(task.labels),
    ...limitsOf(task),
    ...(task.ports.length === 0 ? {} : { discovery: discoveryOf(task) }),
  };
}

function ownProgramOf(task: TaskLaunch): Partial<WireTaskInfo> {
  const container = containerOf(task);
  return { command: commandOf(task), ...(container === undefined ? {} : { container }) };
}

/** A task has a command or an executor; with an executor the container is the executor's. */
function executedBy(executor: TaskExecutor, task: TaskLaunch, filling: Filling): Partial<WireTaskInfo> {
  const known = filling.executors.get(executor.id);
  const info = known ?? executorInfoOf(executor, task, filling);
  filling.executors.set(executor.id, info);
  const { data } = executor;
  return {
    executor: info,
    ...(data === undefined ? {} : { data: Buffer.from(data, "utf8").toString("base64") }),
  };
}

function executorInfoOf(executor: TaskExecutor, task: TaskLaunch, filling: Filling): WireExecutorInfo {
  const container = containerOf(task);
  return {
    type: "CUSTOM",
    executor_id: { value: executor.id },
    framework_id: { value: filling.frameworkId },
    name: executor.name,
    command: executorCommandOf(executor, task),
    ...(container === undefined ? {} : { container }),
    resources: takeOrRefuse(filling, task, executor.resources),
  };
}

function takeOrRefuse({ rest }: Filling, task: TaskLaunch, wanted: TaskLaunch["resources"]): readonly WireResource[] {
  const taken = takeResources(rest, wanted, task.roles);
  if (taken !== undefined) return taken;
  throw new StatusError("Invalid", `launching task ${task.taskId}: the offers do not hold its resources`);
}

function limitsOf({ limits }: TaskLaunch): Pick<WireTaskInfo, "limits"> {
  const entries = [["cpus", limits?.cpu] as const, ["mem", limits?.memoryMiB] as const].flatMap(([name, limit]) =>
    limit === undefined ? [] : [[name, { value: wireLimit(limit) }] as const],
  );
  return entries.length === 0 ? {} : { limits: Object.fromEntries(entries) };
}

function wireLimit(limit: number | "unlimited"): number | "Infinity" {
  return limit === "unlimited" ? "Infinity" : limit;
}

function discoveryOf(task: TaskLaunch): WireTaskInfo["discovery"] {
  const ports = task.ports.map(({ name, port, protocol }) => ({
    number: port,
    name,
    protocol: protocol.toLowerCase(),
  }));
  return { visibility: "CLUSTER", name: task.name, ports: { ports } };
}
