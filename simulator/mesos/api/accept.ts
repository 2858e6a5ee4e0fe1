import type { WireStreamCall } from "../../../drivers/compute/mesos/wire.js";
import { launch } from "../cluster/agents.js";
import { refuse } from "../cluster/allocator.js";
import { release } from "../cluster/offers.js";
import { closeOffer } from "../cluster/release.js";
import { masterStatus } from "../cluster/tasks.js";
import { type Framework, isCapable, type Offer, send, type World } from "../cluster/world.js";
import { add, type Bundle, EMPTY, fromWire, subtract } from "../wire/resources.js";
import { problemOf, type ReceivedTask } from "./validate.js";

type Accept = Extract<WireStreamCall, { readonly type: "ACCEPT" }>["accept"];

/** Launches tasks on offers of one agent; what they leave is declined under the call's filters. */
export function accept(world: World, framework: Framework, call: Accept): void {
  const tasks = (call.operations ?? []).flatMap((operation) => {
    if (operation.type !== "LAUNCH") world.log.warn("operation not simulated", { operation: operation.type });
    return (operation.launch?.task_infos ?? []) as readonly ReceivedTask[];
  });
  const found = offersOf(world, framework, call);
  if (found.type === "invalid") {
    for (const offer of found.offers) closeOffer(world, offer, EMPTY);
    for (const task of tasks) drop(world, framework, { task, message: found.message });
    return;
  }
  const used = launchAll(world, framework, { tasks, offers: found.offers });
  close(world, found.offers, { used, refuseSeconds: call.filters?.refuse_seconds });
}

type Found =
  | { readonly type: "valid"; readonly offers: readonly [Offer, ...Offer[]] }
  | { readonly type: "invalid"; readonly offers: readonly Offer[]; readonly message: string };

function offersOf(world: World, framework: Framework, call: Accept): Found {
  const offers: Offer[] = [];
  let message: string | undefined;
  for (const { value } of call.offer_ids ?? []) {
    const offer = world.offers.get(value);
    if (offer?.framework === framework) offers.push(offer);
    else message ??= `Offer ${value} is no longer valid`;
  }
  const [first, ...rest] = offers;
  const other = rest.find((offer) => offer.agent !== first?.agent);
  if (other !== undefined) {
    message ??= `Aggregated offers must belong to one single agent. Offer ${other.id} uses agent ${other.agent.id} and agent ${first?.agent.id}`;
  }
  const otherRole = rest.find((offer) => offer.role !== first?.role);
  if (otherRole !== undefined) {
    message ??= `Aggregated offers must be allocated to the same role. Offer ${otherRole.id} uses role '${otherRole.role}' but another is using role '${first?.role}'`;
  }
  if (first === undefined) message ??= "No offers specified";
  if (first === undefined || message !== undefined) return { type: "invalid", offers, message: message ?? "" };
  return { type: "valid", offers: [first, ...rest] };
}

interface Dropped {
  readonly task: ReceivedTask;
  readonly message: string;
}

function drop(world: World, framework: Framework, { task, message }: Dropped): void {
  const status = masterStatus(world, {
    taskId: task.task_id.value,
    agentId: task.agent_id.value,
    state: isCapable(framework, "PARTITION_AWARE") ? "TASK_DROPPED" : "TASK_LOST",
    reason: "REASON_INVALID_OFFERS",
    message: `Task launched with invalid offers: ${message}`,
  });
  send(framework, { type: "UPDATE", update: { status } });
}

interface Batch {
  readonly tasks: readonly ReceivedTask[];
  readonly offers: readonly [Offer, ...Offer[]];
}

/** Judges the tasks one by one, in order; returns what the good ones use. */
function launchAll(world: World, framework: Framework, { tasks, offers }: Batch): Bundle {
  const [{ agent, role }] = offers;
  let available = offers.map((offer) => offer.resources).reduce(add, EMPTY);
  let used = EMPTY;
  for (const task of tasks) {
    const problem = problemOf(task, { framework, agent, role, available });
    if (problem !== undefined) {
      sendError(world, framework, { task, message: problem });
      continue;
    }
    const resources = fromWire(task.resources, role);
    available = subtract(available, resources);
    used = add(used, resources);
    launch(world, { framework, agent, role, info: task });
  }
  return used;
}

function sendError(world: World, framework: Framework, { task, message }: Dropped): void {
  const status = masterStatus(world, {
    taskId: task.task_id.value,
    agentId: task.agent_id.value,
    state: "TASK_ERROR",
    reason: "REASON_TASK_INVALID",
    message,
  });
  send(framework, { type: "UPDATE", update: { status } });
}

interface Closing {
  readonly used: Bundle;
  readonly refuseSeconds: number | undefined;
}

/** Refuses first, then frees, so that what is freed is not offered to the same role again. */
function close(world: World, offers: readonly Offer[], { used, refuseSeconds }: Closing): void {
  let left = used;
  for (const offer of offers) {
    const rest = subtract(offer.resources, left);
    const taken = subtract(offer.resources, rest);
    left = subtract(left, taken);
    release(offer.framework, offer.role, taken);
    if (rest.size > 0) refuse(world, [{ ...offer, resources: rest }], refuseSeconds);
    closeOffer(world, offer, taken);
  }
}
