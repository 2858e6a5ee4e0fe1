import type { WireTaskStatus } from "../../../drivers/compute/mesos/wire.js";
import { receiveUpdate } from "../cluster/tasks.js";
import type { Node, NodeTask, World } from "../cluster/world.js";
import { isLinked, toMaster } from "./link.js";

/** Queues an update of a task: the next one is sent only after the previous one was acknowledged. */
export function report(world: World, task: NodeTask, status: WireTaskStatus): void {
  task.latestState = status.state;
  task.history.push(status);
  if (task.history.length > HISTORY_MAX) task.history.shift();
  task.updates.push(status);
  pendingOf(world, task).add(task);
  if (task.updates.length === 1) forward(world, task, world.timing.statusRetryMs);
  world.changed();
}

/** Kept for a master that has to learn a task's past after its restart. */
const HISTORY_MAX = 8;

/** Sends the oldest unacknowledged update, and again until it is acknowledged, each time after twice the delay. */
export function forward(world: World, task: NodeTask, retryDelayMs: number): void {
  const status = task.updates[0];
  if (status === undefined) return;
  task.retry?.cancel();
  task.retryDelayMs = retryDelayMs;
  task.retry = isLinked(task.node)
    ? world.clock.schedule(retryDelayMs, () =>
        forward(world, task, Math.min(2 * retryDelayMs, world.timing.statusRetryMaxMs)),
      )
    : undefined;
  const update = { frameworkId: task.frameworkId, status, latestState: task.latestState };
  toMaster(world, task.node, () => {
    if (world.mishaps.lost > 0) {
      world.mishaps.lost--;
      return;
    }
    receiveUpdate(world, update);
    if (world.mishaps.duplicated > 0) {
      world.mishaps.duplicated--;
      receiveUpdate(world, update);
    }
  });
}

/** Takes the scheduler's acknowledgement; a uuid that is not the oldest one's is ignored. */
export function acknowledge(world: World, node: Node, ack: { readonly key: string; readonly uuid: string }): void {
  const task = node.tasks.get(ack.key);
  if (task === undefined || task.updates[0]?.uuid !== ack.uuid) return;
  task.retry?.cancel();
  task.retry = undefined;
  task.updates.shift();
  if (task.updates.length > 0) forward(world, task, world.timing.statusRetryMs);
  else settle(world, task);
  world.changed();
}

function settle(world: World, task: NodeTask): void {
  pendingOf(world, task).delete(task);
  if (task.phase !== "Ended") return;
  task.node.tasks.delete(task.key);
  keepCompleted(task);
}

/** Remembers a task that ended: its sandbox is still there. */
export function keepCompleted({
  node,
  frameworkId,
  role,
  info,
  containerId,
  parentId,
  executor,
  latestState,
}: NodeTask): void {
  node.completed.push({ frameworkId, role, info, containerId, parentId, executor, latestState });
  if (node.completed.length > COMPLETED_MAX) node.completed.shift();
}

const COMPLETED_MAX = 16;

/** Sends what is unacknowledged again at once, as after a re-subscription of the framework. */
export function resendOf(world: World, frameworkId: string): void {
  for (const task of world.unacknowledged.get(frameworkId) ?? []) forward(world, task, world.timing.statusRetryMs);
}

/** The same for one agent that has just re-registered. */
export function resendFrom(world: World, node: Node): void {
  for (const task of node.tasks.values()) forward(world, task, world.timing.statusRetryMs);
}

/** Drops all updates of a task that nobody wants to hear of any more. */
export function forgetUpdates(world: World, task: NodeTask): void {
  task.retry?.cancel();
  task.retry = undefined;
  task.updates.length = 0;
  pendingOf(world, task).delete(task);
}

function pendingOf(world: World, task: NodeTask): Set<NodeTask> {
  const present = world.unacknowledged.get(task.frameworkId);
  if (present !== undefined) return present;
  const created = new Set<NodeTask>();
  world.unacknowledged.set(task.frameworkId, created);
  return created;
}
