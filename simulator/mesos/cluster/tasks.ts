import type { WireTaskStatus } from "../../../drivers/compute/mesos/wire.js";
import type { WireTask } from "../../../drivers/compute/mesos/wire-operator.js";
import { encodeJson } from "../wire/json.js";
import { fromWire, toWire } from "../wire/resources.js";
import { hold } from "./offers.js";
import { giveBack } from "./release.js";
import {
  type Agent,
  type Executor,
  type Framework,
  isTerminal,
  publish,
  seconds,
  send,
  type Task,
  type TaskInfo,
  taskKey,
  type World,
} from "./world.js";

/** Enters a task into the master's book; its resources have been taken off the agent by the caller. */
export function addTask(world: World, launch: Launch): Task {
  const { framework, agent, role, info, executor } = launch;
  const resources = fromWire(info.resources, role);
  const task: Task = {
    info,
    executor,
    id: info.task_id.value,
    framework,
    agent,
    role,
    resources,
    state: "TASK_STAGING",
    statuses: [],
    statusState: undefined,
    statusUuid: undefined,
    isReleased: false,
    json: undefined,
  };
  framework.tasks.set(task.id, task);
  agent.tasks.set(taskKey(framework.id, task.id), task);
  hold(framework, role, resources);
  publish(world, { type: "TASK_ADDED", task_added: { task: wireTask(task) } });
  world.changed();
  return task;
}

/** A validated task and where it goes. */
export interface Launch {
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly info: TaskInfo;
  /** Undefined: Mesos' own for a single command. */
  readonly executor?: Executor | undefined;
  /** Tasks launched as a group. */
  readonly group?: string;
}

/** A status update as an agent forwards it. */
export interface ForwardedUpdate {
  readonly frameworkId: string;
  readonly status: WireTaskStatus;
  /** What the agent already knows beyond it. */
  readonly latestState: string;
}

/** Takes an update from an agent: to the book, to the scheduler, to the operator. */
export function receiveUpdate(world: World, update: ForwardedUpdate): void {
  const framework = world.frameworks.get(update.frameworkId);
  const task = framework?.tasks.get(update.status.task_id.value);
  if (framework === undefined) return;
  if (task !== undefined) record(world, task, update);
  publish(world, {
    type: "TASK_UPDATED",
    task_updated: {
      framework_id: { value: framework.id },
      status: update.status,
      state: task?.state ?? update.latestState,
    },
  });
  send(framework, { type: "UPDATE", update: { status: update.status } });
  world.changed();
}

function record(world: World, task: Task, { status, latestState }: ForwardedUpdate): void {
  task.json = undefined;
  if (!isTerminal(task.state)) task.state = latestState;
  remember(task, status);
  task.statusState = status.state;
  task.statusUuid = status.uuid;
  if (isTerminal(latestState)) releaseTask(world, task);
}

/** Keeps one status per state, the last, as the real master does. */
function remember(task: Task, status: WireTaskStatus): void {
  const { data: _, ...kept } = status;
  if (task.statuses.at(-1)?.state === status.state) task.statuses.pop();
  task.statuses.push(kept);
}

/** Gives the resources of a task back, once. */
export function releaseTask(world: World, task: Task): void {
  if (task.isReleased) return;
  task.isReleased = true;
  giveBack(world, task, task.resources);
}

/** Whether the acknowledged update ends the task; then it is forgotten. */
export function settleAcknowledged(world: World, task: Task, uuid: string): void {
  if (task.statusUuid !== uuid || task.statusState === undefined || !isTerminal(task.statusState)) return;
  forgetTask(world, task);
}

/** Moves a task from the book to the completed ones. */
export function forgetTask(world: World, task: Task): void {
  dropTask(world, task);
  task.framework.completed.push(wireTask(task));
  if (task.framework.completed.length > COMPLETED_MAX) task.framework.completed.shift();
  world.changed();
}

const COMPLETED_MAX = 1000;

/** Takes a task off the book. */
export function dropTask(world: World, task: Task): void {
  releaseTask(world, task);
  task.framework.tasks.delete(task.id);
  task.agent.tasks.delete(taskKey(task.framework.id, task.id));
}

/** Declares a task to be in a state that the agent did not report. The scheduler hears it without a uuid. */
export function declare(world: World, task: Task, verdict: Verdict): void {
  const status = masterStatus(world, {
    ...verdict,
    taskId: task.id,
    agentId: task.agent.id,
  });
  task.json = undefined;
  task.state = verdict.state;
  remember(task, status);
  publish(world, {
    type: "TASK_UPDATED",
    task_updated: { framework_id: { value: task.framework.id }, status, state: verdict.state },
  });
  if (verdict.isSilent !== true) send(task.framework, { type: "UPDATE", update: { status } });
}

/** What the master says of a task. */
export interface Verdict {
  readonly state: string;
  readonly reason: string;
  readonly message: string;
  readonly extra?: Partial<WireTaskStatus>;
  /** Only the operator hears it. */
  readonly isSilent?: boolean;
}

/** A status made by the master: no uuid, nothing to acknowledge. */
export function masterStatus(
  world: World,
  { taskId, agentId, state, reason, message, extra }: Verdict & { readonly taskId: string; readonly agentId?: string },
): WireTaskStatus {
  return {
    task_id: { value: taskId },
    state,
    message,
    source: "SOURCE_MASTER",
    reason,
    ...(agentId === undefined ? {} : { agent_id: { value: agentId } }),
    timestamp: seconds(world),
    ...extra,
  };
}

/** The same as bytes of JSON, made once for every change of the task. */
export function wireTaskJson(task: Task): Uint8Array {
  task.json ??= Buffer.from(encodeJson(wireTask(task)), "utf8");
  return task.json;
}

/** A task as the operator API lists it. */
export function wireTask(task: Task): WireTask {
  const { info } = task;
  return {
    name: info.name,
    task_id: info.task_id,
    framework_id: { value: task.framework.id },
    ...(task.executor === undefined ? {} : { executor_id: { value: task.executor.id } }),
    agent_id: { value: task.agent.id },
    state: task.state,
    resources: toWire(task.resources, { allocatedTo: task.role }),
    ...(task.statuses.length === 0 ? {} : { statuses: [...task.statuses] }),
    ...(task.statusState === undefined ? {} : { status_update_state: task.statusState }),
    ...(task.statusUuid === undefined ? {} : { status_update_uuid: task.statusUuid }),
    ...(info.labels === undefined ? {} : { labels: info.labels }),
    ...(info.discovery === undefined ? {} : { discovery: info.discovery }),
    ...(info.container === undefined ? {} : { container: info.container }),
    ...(info.health_check === undefined ? {} : { health_check: info.health_check }),
    ...(info.kill_policy === undefined ? {} : { kill_policy: info.kill_policy }),
  };
}
