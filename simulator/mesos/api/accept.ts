import type { WireFilters, WireId, WireResource } from "../../../drivers/compute/mesos/wire.js";
import { launch } from "../cluster/agents.js";
import { refuse } from "../cluster/allocator.js";
import { executorOf, executorShare } from "../cluster/executors.js";
import { release } from "../cluster/offers.js";
import {
  conversionOf,
  convertTotal,
  finishOperation,
  operationProblem,
  type ReceivedOperation,
  refuseOperation,
} from "../cluster/operations.js";
import { closeOffer, giveBack } from "../cluster/release.js";
import { masterStatus } from "../cluster/tasks.js";
import {
  type Agent,
  type ExecutorInfo,
  type Framework,
  isCapable,
  type Offer,
  send,
  type TaskInfo,
  type World,
} from "../cluster/world.js";
import { add, type Bundle, EMPTY, fromWire, subtract } from "../wire/resources.js";
import { groupProblemOf, problemOf } from "./validate.js";

/** An ACCEPT as received. */
export interface ReceivedAccept {
  readonly offer_ids?: readonly WireId[];
  readonly operations?: readonly AcceptOperation[];
  readonly filters?: WireFilters;
}

interface AcceptOperation {
  readonly type?: string;
  readonly id?: WireId;
  readonly launch?: { readonly task_infos?: readonly TaskInfo[] };
  readonly launch_group?: {
    readonly executor: ExecutorInfo;
    readonly task_group: { readonly tasks?: readonly TaskInfo[] };
  };
  readonly reserve?: { readonly resources?: readonly WireResource[] };
  readonly unreserve?: { readonly resources?: readonly WireResource[] };
  readonly create?: { readonly volumes?: readonly WireResource[] };
  readonly destroy?: { readonly volumes?: readonly WireResource[] };
}

/** Does the operations in their order on offers of one agent; what they leave is declined under the call's filters. */
export function accept(world: World, framework: Framework, call: ReceivedAccept): void {
  const operations = call.operations ?? [];
  const found = offersOf(world, framework, call);
  if (found.type === "invalid") {
    for (const offer of found.offers) closeOffer(world, offer, EMPTY);
    for (const operation of operations) drop(world, framework, { operation, message: found.message });
    return;
  }
  const [{ agent, role }] = found.offers;
  const offered = found.offers.map((offer) => offer.resources).reduce(add, EMPTY);
  const ground: Ground = { framework, agent, role, available: offered, used: EMPTY };
  for (const operation of operations) perform(world, ground, operation);
  close(world, { ...ground, offers: found.offers, refuseSeconds: call.filters?.refuse_seconds });
}

type Found =
  | { readonly type: "valid"; readonly offers: readonly [Offer, ...Offer[]] }
  | { readonly type: "invalid"; readonly offers: readonly Offer[]; readonly message: string };

function offersOf(world: World, framework: Framework, call: ReceivedAccept): Found {
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

/** What operations work on: `available` and `used` change with each of them. */
interface Ground {
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  available: Bundle;
  used: Bundle;
}

function perform(world: World, ground: Ground, operation: AcceptOperation): void {
  const resource = resourceOperation(operation);
  if (resource !== undefined) convert(world, ground, resource);
  else if (operation.launch !== undefined) launchAll(world, ground, operation.launch.task_infos ?? []);
  else if (operation.launch_group !== undefined) launchGroup(world, ground, operation.launch_group);
  else world.log.warn("operation not simulated", { operation: operation.type });
}

function resourceOperation(operation: AcceptOperation): ReceivedOperation | undefined {
  const { type, id } = operation;
  const named = id === undefined ? {} : { id };
  if (type === "RESERVE" || type === "UNRESERVE") {
    return { type, ...named, resources: (operation.reserve ?? operation.unreserve)?.resources ?? [] };
  }
  if (type === "CREATE" || type === "DESTROY") {
    return { type, ...named, resources: (operation.create ?? operation.destroy)?.volumes ?? [] };
  }
  return undefined;
}

function convert(world: World, ground: Ground, operation: ReceivedOperation): void {
  const { framework, agent, role } = ground;
  const problem = operationProblem(operation, ground);
  if (problem !== undefined) {
    refuseOperation(framework, operation, problem);
    return;
  }
  const conversion = conversionOf(operation, role);
  convertTotal(agent, conversion);
  ground.available = add(subtract(ground.available, conversion.before), conversion.after);
  world.changed();
  if (operation.id !== undefined) finishOperation(world, { framework, agent }, operation.id.value);
}

interface Dropped {
  readonly operation: AcceptOperation;
  readonly message: string;
}

function drop(world: World, framework: Framework, { operation, message }: Dropped): void {
  const resource = resourceOperation(operation);
  if (resource !== undefined)
    refuseOperation(framework, resource, `Operation attempted with invalid offers: ${message}`);
  for (const task of operation.launch?.task_infos ?? operation.launch_group?.task_group.tasks ?? []) {
    const state = isCapable(framework, "PARTITION_AWARE") ? "TASK_DROPPED" : "TASK_LOST";
    const text = `Task launched with invalid offers: ${message}`;
    tell(world, framework, { task, state, reason: "REASON_INVALID_OFFERS", message: text });
  }
}

interface Verdict {
  readonly task: TaskInfo;
  readonly state: string;
  readonly reason: string;
  readonly message: string;
}

function tell(world: World, framework: Framework, { task, state, reason, message }: Verdict): void {
  const status = masterStatus(world, {
    taskId: task.task_id.value,
    agentId: task.agent_id.value,
    state,
    reason,
    message,
  });
  send(framework, { type: "UPDATE", update: { status } });
}

/** Judges the tasks one by one, in order. */
function launchAll(world: World, ground: Ground, tasks: readonly TaskInfo[]): void {
  const { framework, agent, role } = ground;
  for (const task of tasks) {
    const problem = problemOf(task, ground) ?? unauthorized(world, ground, task);
    if (problem !== undefined) {
      const reason = typeof problem === "string" ? "REASON_TASK_INVALID" : problem.reason;
      const message = typeof problem === "string" ? problem : problem.message;
      tell(world, framework, { task, state: "TASK_ERROR", reason, message });
      continue;
    }
    take(ground, add(fromWire(task.resources, role), executorShare(ground, task.executor)));
    const executor = task.executor === undefined ? undefined : executorOf(task.executor);
    launch(world, { framework, agent, role, info: task, executor });
  }
}

/** A group is launched whole or not at all. */
function launchGroup(
  world: World,
  ground: Ground,
  { executor: info, task_group }: NonNullable<AcceptOperation["launch_group"]>,
): void {
  const { framework, agent, role } = ground;
  const tasks = task_group.tasks ?? [];
  const problem = groupProblemOf({ executor: info, tasks }, ground);
  if (problem !== undefined) {
    for (const task of tasks) {
      tell(world, framework, { task, state: "TASK_ERROR", reason: "REASON_TASK_GROUP_INVALID", message: problem });
    }
    return;
  }
  take(ground, executorShare(ground, info));
  const executor = executorOf(info);
  const group = world.random.uuid();
  for (const task of tasks) {
    take(ground, fromWire(task.resources, role));
    launch(world, { framework, agent, role, info: task, executor, group });
  }
}

function unauthorized(world: World, { framework }: Ground, task: TaskInfo) {
  const users = world.cluster.authentication?.users;
  const user = task.command?.user ?? framework.info.user;
  if (users === undefined || users.includes(user)) return undefined;
  const message = `Principal '${framework.info.principal ?? ""}' no authorized to launch task ${task.task_id.value} of framework ${framework.id} under user '${user}'`;
  return { reason: "REASON_TASK_UNAUTHORIZED", message };
}

function take(ground: Ground, resources: Bundle): void {
  ground.available = subtract(ground.available, resources);
  ground.used = add(ground.used, resources);
}

interface Closing extends Ground {
  readonly offers: readonly Offer[];
  readonly refuseSeconds: number | undefined;
}

/** Refuses first, then frees, so that what is freed is not offered to the same role again. */
function close(world: World, { offers, framework, agent, role, available, used, refuseSeconds }: Closing): void {
  for (const offer of offers) closeOffer(world, offer, offer.resources);
  release(framework, role, used);
  if (available.size > 0) refuse(world, [{ framework, agent, role, resources: available }], refuseSeconds);
  giveBack(world, { framework, agent, role }, available);
}
