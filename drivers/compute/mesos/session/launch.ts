import { StatusError } from "../../../../api-types/meta/status-error.js";
import { TransportError } from "../../../../platform/transport.js";
import type { TaskLaunch } from "../../driver.js";
import { listExecutors } from "../holdings/operator.js";
import { taskInfosOf } from "../mapping/launch.js";
import type { WireExecutorInfo, WireOffer, WireStreamCall } from "../wire.js";
import { callMaster, type Link } from "./link.js";

/** What a launch does not use may be offered again at once: other tasks may wait for it. */
const REFUSE_SECONDS = 0;

/** One ACCEPT. The offers are used up unless the master certainly did not take it, and owed when nobody knows. */
export async function launchTasks(
  link: Link,
  offerIds: readonly string[],
  tasks: readonly TaskLaunch[],
): Promise<void> {
  await learnExecutors(link, offerIds, tasks);
  const held = offerIds.map((offerId) => heldOffer(link, offerId));
  const call = acceptCall(link, held, tasks);
  register(link, tasks);
  link.offers.lend(offerIds);
  try {
    await callMaster(link, `launching ${tasks.map(({ taskId }) => taskId).join(", ")}`, call);
  } catch (error) {
    if (isRefused(error)) unregister(link, tasks, held);
    else link.offers.owe(held);
    throw error;
  }
  link.offers.spend(held);
}

/**
 * Mesos wants a running executor described as it was started. Another process of ours may have started it: then the master
 * tells how. Where it does not, ours is the best description.
 */
async function learnExecutors(link: Link, offerIds: readonly string[], tasks: readonly TaskLaunch[]): Promise<void> {
  const { session, client, executors } = link;
  const wanted = new Set(tasks.flatMap(({ executor }) => executor?.id ?? []));
  const offers = offerIds.flatMap((offerId) => link.offers.get(offerId) ?? []);
  const isStrange = ({ agent_id, executor_ids = [] }: WireOffer) =>
    executor_ids.some(({ value }) => wanted.has(value) && !executors.has(executorKey(agent_id.value, value)));
  if (session === undefined || !offers.some(isStrange)) return;
  try {
    for (const { agent_id, executor_info } of await listExecutors(client, session)) {
      const key = executorKey(agent_id.value, executor_info.executor_id.value);
      if (!executors.has(key)) executors.set(key, executor_info);
    }
  } catch (error) {
    link.options.log.info("running executors not told", { error });
  }
}

function heldOffer(link: Link, offerId: string): WireOffer {
  const offer = link.offers.get(offerId);
  if (offer === undefined) throw new StatusError("Conflict", `launching tasks: offer ${offerId} is not held any more`);
  return offer;
}

function acceptCall(link: Link, held: readonly WireOffer[], tasks: readonly TaskLaunch[]): WireStreamCall {
  const pool = held.flatMap((offer) => offer.resources ?? []);
  const running = runningExecutors(link, held);
  const infos = taskInfosOf(tasks, { pool, frameworkId: link.frameworkId ?? "", running });
  for (const { agent_id, executor } of infos) {
    if (executor !== undefined) link.executors.set(executorKey(agent_id.value, executor.executor_id.value), executor);
  }
  return {
    type: "ACCEPT",
    accept: {
      offer_ids: held.map(({ id }) => id),
      operations: [{ type: "LAUNCH", launch: { task_infos: infos } }],
      filters: { refuse_seconds: REFUSE_SECONDS },
    },
  };
}

/** Executors of ours on the agent of the offers, as they were started; those that ended since are forgotten. */
function runningExecutors({ executors }: Link, held: readonly WireOffer[]): ReadonlyMap<string, WireExecutorInfo> {
  const agentId = held[0]?.agent_id.value ?? "";
  const ids = new Set(held.flatMap((offer) => (offer.executor_ids ?? []).map(({ value }) => value)));
  const running = new Map<string, WireExecutorInfo>();
  for (const [key, executor] of executors) {
    if (!key.startsWith(executorKey(agentId, ""))) continue;
    const id = executor.executor_id.value;
    if (ids.has(id)) running.set(id, executor);
    else executors.delete(key);
  }
  return running;
}

function executorKey(agentId: string, executorId: string): string {
  return `${agentId}/${executorId}`;
}

/** Before the call: an update may overtake its answer. */
function register(link: Link, tasks: readonly TaskLaunch[]): void {
  for (const task of tasks) {
    link.reconciler.learn(task);
    link.inventory.launched({ id: task.taskId, name: task.name, agentId: task.agentId, labels: task.labels });
  }
}

function unregister(link: Link, tasks: readonly TaskLaunch[], held: readonly WireOffer[]): void {
  for (const { taskId } of tasks) {
    link.reconciler.forget(taskId);
    link.inventory.forget(taskId);
  }
  link.offers.restore(held);
}

/** The master has certainly not done it. */
function isRefused(error: unknown): boolean {
  return error instanceof StatusError || (error instanceof TransportError && !error.isSent);
}
