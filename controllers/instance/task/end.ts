import type { Action, Ground } from "../../../actuation/action.js";
import { Instance } from "../../../api-types/instance.js";
import { conditionOf, isLeaving, isTerminal, keyOf, TERMINAL_STATES } from "../../../api-types/life.js";
import { StatusError } from "../../../api-types/meta/status-error.js";
import { FINALIZER } from "../../../api-types/well-known.js";
import type { TaskStatus } from "../../../drivers/compute/driver.js";
import { removeFinalizer } from "../../../runtime/finalizers.js";
import type { ReconcileResult } from "../../../runtime/reconcile-keys.js";
import { type EndStep, isForgotten, type TaskKey } from "../plan.js";
import { REFUSED_STATES } from "../status/report.js";
import { executorEnd } from "./executor.js";
import { type Compute, type Loop, liveService, rackOf, templateOf } from "./loop.js";

/** A kill may be lost with a master: it is repeated until the end is stored. */
export const KILL_AGAIN_MS = 10_000;
/** Of an agent out of reach nothing comes, and the master does not remember it: it is due at once when one hears of the task again. */
const KILL_UNREACHABLE_MS = 300_000;
/** A kill that was not taken is tried again sooner. */
const KILL_RETRY_MS = 2000;
const BURIED_MAX = 1000;

/** Takes the step that ends an instance, or what is left of it. */
export async function takeStep(
  loop: Loop,
  instance: Instance,
  step: EndStep & { compute: Compute },
): Promise<ReconcileResult> {
  switch (step.type) {
    case "wait":
      return {};
    case "release":
      return release(loop, instance);
    case "kill":
      return kill(loop, instance, { tasks: [step], ground: tombstone(instance) });
    case "killAttached":
      return kill(loop, instance, { tasks: step.tasks, ground: groundOf(instance, step.compute) });
    default:
      return step satisfies never;
  }
}

/** Lets an instance vanish: nothing of it runs. */
export async function release(loop: Loop, instance: Instance): Promise<ReconcileResult> {
  const { placement, attached = [] } = instance.status ?? {};
  for (const taskId of [placement?.taskID, ...attached.map(({ taskID }) => taskID)]) loop.calls.forget(taskId);
  bury(loop, instance);
  await endExecutor(loop, instance);
  await removeFinalizer({
    client: loop.context.client,
    kind: Instance,
    object: instance,
    finalizer: FINALIZER.task,
  });
  return {};
}

/** What it leaves running is no reason to keep the instance: an executor that was not told ends with its agent at last. */
async function endExecutor(loop: Loop, instance: Instance): Promise<void> {
  const executor = templateOf(loop, instance)?.executor;
  if (executor === undefined || !isTerminal(instance)) return;
  const { namespace = "" } = instance.metadata;
  const members = loop.instances.by("group", `${namespace}/${instance.spec.serviceGroup}`);
  const rack = rackOf(loop, instance) ?? "";
  const action = executorEnd({ instance, executor, members, rack });
  if (action !== undefined) await loop.context.execute([action]);
}

/**
 * A launch that the master refused may still come to life: the refusal can belong to a repeated request. And one that
 * was given up may come back with its agent.
 */
function bury(loop: Loop, instance: Instance): void {
  const { placement, attached = [], lastStatus } = instance.status ?? {};
  const isRefused = REFUSED_STATES.includes(lastStatus?.state ?? "");
  if (placement === undefined || !(isRefused || isForgotten(instance))) return;
  const rack = rackOf(loop, instance) ?? "";
  for (const taskId of [placement.taskID, ...attached.map(({ taskID }) => taskID)]) {
    loop.buried.set(taskId, { instance, rack });
  }
  for (const oldest of loop.buried.keys()) {
    if (loop.buried.size <= BURIED_MAX) return;
    loop.buried.delete(oldest);
  }
}

/** Ends a task whose Instance was deleted in our time and that runs nevertheless; the deletion is its ground. */
export async function endRevenant(loop: Loop, { taskId, agentId = "", state }: TaskStatus): Promise<void> {
  const found = loop.buried.get(taskId);
  if (found === undefined || TERMINAL_STATES.includes(state)) return;
  const { instance, rack } = found;
  if (loop.calls.dueMs("kill", taskId, KILL_AGAIN_MS) > 0) return;
  loop.calls.made("kill", taskId);
  const action = killAction(loop, instance, { taskId, agentId, ground: tombstone(instance) });
  await loop.context.execute([{ ...action, rack }]);
}

interface Kills {
  readonly tasks: readonly TaskKey[];
  readonly ground: Ground;
}

/** Once, and again only when nothing came of it for a while: every look at the instance leads here. */
async function kill(loop: Loop, instance: Instance, { tasks, ground }: Kills): Promise<ReconcileResult> {
  const periodMs = conditionOf(instance, "Running")?.status === "Unknown" ? KILL_UNREACHABLE_MS : KILL_AGAIN_MS;
  const waits = tasks.map(({ taskId }) => loop.calls.dueMs("kill", taskId, periodMs));
  const due = tasks.filter((_, index) => waits[index] === 0);
  if (due.length === 0) return { requeueAfterMs: Math.min(...waits) };
  if (ground.type === "tombstone") await confirmDeleted(loop, instance);
  const outcomes = await loop.context.execute(due.map((task) => killAction(loop, instance, { ...task, ground })));
  const isTaken = outcomes.length > 0 && outcomes.every(({ type }) => type === "verified");
  for (const { type, action } of outcomes) if (type === "verified") loop.calls.made("kill", action.key);
  return { requeueAfterMs: isTaken ? periodMs : KILL_RETRY_MS };
}

function tombstone({ metadata: { uid = "" } }: Instance): Ground {
  return { type: "tombstone", owner: uid };
}

/** One that leaves was deleted; else the end of its own task is the ground for what was attached to it. */
function groundOf(instance: Instance, { connection }: Compute): Ground {
  if (isLeaving(instance)) return tombstone(instance);
  const link = connection.value();
  const epoch = link.type === "subscribed" ? link.epoch : "";
  return { type: "statement", source: `task ${instance.status?.placement?.taskID ?? ""}`, epoch };
}

/** The ground of a kill is a deletion that a fresh read confirms (R2). */
async function confirmDeleted(loop: Loop, instance: Instance): Promise<void> {
  const { namespace = "", name, uid } = instance.metadata;
  const fresh = await loop.context.client.get(Instance, { namespace, name });
  if (fresh.metadata.uid === uid && fresh.metadata.deletionTimestamp !== undefined) return;
  throw new StatusError(
    "Conflict",
    `ending the task of instance ${namespace}/${name}: the cached instance is outdated`,
  );
}

/** The kill of one task of an instance. */
export function killAction(
  loop: Loop,
  instance: Instance,
  { taskId, agentId, ground }: TaskKey & { ground: Ground },
): Action {
  const service = liveService(loop, instance) ?? templateOf(loop, instance);
  const graceSeconds = service?.terminationGracePeriodSeconds ?? 10;
  return {
    type: "task.kill",
    rack: rackOf(loop, instance) ?? "",
    key: taskId,
    change: { type: "kill", taskId, agentId, graceSeconds },
    message: `kill task ${taskId} of Instance ${keyOf(instance)}`,
    ground,
    cause: [`${instance.metadata.uid ?? ""}@${instance.metadata.generation ?? 0}`],
    evidence: [],
  };
}
