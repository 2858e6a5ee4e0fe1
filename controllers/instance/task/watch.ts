import type { Instance } from "../../../api-types/instance.js";
import type { Observation } from "../../../drivers/observation.js";
import type { ReconcileResult } from "../../../runtime/reconcile-keys.js";
import { planOverdue, type WatchedTask, watchedTasks } from "../plan.js";
import { KILL_AGAIN_MS, killAction } from "./end.js";
import { type Compute, type Loop, liveService, templateOf } from "./loop.js";

/** A placed task of which nothing is heard for so long is asked for: longer than a launch can be on its way. */
const ASK_AFTER_MS = 20_000;

/**
 * A launch of which nothing is heard is asked for, and so is a task that the master no longer lists: its end may have
 * been told while nobody listened. A launch that is overdue is ended.
 */
export async function watchOver(loop: Loop, instance: Instance, compute: Compute): Promise<ReconcileResult> {
  const service = templateOf(loop, instance) ?? liveService(loop, instance);
  const { clock } = loop.context;
  const { of: steady } = loop.times;
  const watched = watchedTasks(instance, steady);
  if (watched.length === 0) return {};
  const tasks = compute.tasks.value();
  const unheard = watched.filter((task) => !isListed(task, tasks));
  if (unheard.length === 0) return {};
  if (service !== undefined && planOverdue(instance, service, { now: clock.now(), steady }).isDue) {
    await endOverdue(loop, instance, service.startDeadlineSeconds);
  }
  return ask(loop, unheard, compute);
}

/** It runs, and the master does not say otherwise. */
function isListed({ isRunning, taskId }: WatchedTask, tasks: Observation<unknown>): boolean {
  return isRunning && tasks.type !== "Unknown" && tasks.items.has(taskId);
}

async function endOverdue(loop: Loop, instance: Instance, deadlineSeconds: number): Promise<void> {
  const { taskID: taskId = "", agentID: agentId = "" } = instance.status?.placement ?? {};
  if (loop.calls.dueMs("kill", taskId, KILL_AGAIN_MS) > 0) return;
  const ground = { type: "tombstone", owner: instance.metadata.uid ?? "" } as const;
  const action = killAction(loop, instance, { taskId, agentId, ground });
  const message = `${action.message}: not running after ${deadlineSeconds} s`;
  // nobody asked for this end: it is drawn from the budget (R4), once
  const budget = loop.calls.isMade("kill", taskId) ? {} : { budgetClass: "tasks" as const };
  const [outcome] = await loop.context.execute([{ ...action, message, ...budget }]);
  if (outcome?.type === "verified") loop.calls.made("kill", taskId);
}

/** Asks the master for tasks, once, and again only when nothing came of it for a while; with their agents (mesos.md section 8). */
async function ask(loop: Loop, tasks: readonly WatchedTask[], compute: Compute): Promise<ReconcileResult> {
  const { driver, connection } = compute;
  const isAnswered = compute.tasks.value().type !== "Unknown";
  const waits = tasks.map((task) => (task.isRunning && !isAnswered ? ASK_AFTER_MS : waitMs(loop, task)));
  const due = tasks.filter((_, index) => waits[index] === 0);
  if (due.length === 0) return { requeueAfterMs: Math.min(...waits) };
  // the answers lead here again, however soon they come
  for (const { taskId } of due) loop.calls.made("ask", taskId);
  if (connection.value().type === "subscribed") {
    await driver.reconcile(due.map(({ taskId, agentId }) => ({ taskId, agentId })));
  }
  return { requeueAfterMs: ASK_AFTER_MS };
}

function waitMs(loop: Loop, { taskId, since }: WatchedTask): number {
  if (since === undefined && !loop.calls.isMade("ask", taskId)) {
    // nothing tells when it was launched: the silence begins now
    loop.calls.made("ask", taskId);
  }
  const silentMs = (since ?? 0) + ASK_AFTER_MS - loop.context.clock.now();
  return Math.max(0, silentMs, loop.calls.dueMs("ask", taskId, ASK_AFTER_MS));
}
