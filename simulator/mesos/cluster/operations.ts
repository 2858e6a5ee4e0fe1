import type { WireResource } from "../../../drivers/compute/mesos/wire.js";
import { toNode } from "../node/link.js";
import {
  add,
  type Bundle,
  contains,
  fromWire,
  printResources,
  subtract,
  toWire,
  unreserved,
  withoutVolumes,
} from "../wire/resources.js";
import { type Agent, drawUuid, type Framework, type Operation, send, type World } from "./world.js";

/** What an operation does to resources: takes `before`, gives `after`; the same amount, cut differently. */
export interface Conversion {
  readonly before: Bundle;
  readonly after: Bundle;
}

/** An operation on resources as received. */
export interface ReceivedOperation {
  readonly type: "RESERVE" | "UNRESERVE" | "CREATE" | "DESTROY";
  readonly id?: { readonly value: string };
  readonly resources: readonly WireResource[];
}

/** What the operation converts on behalf of a role. */
export function conversionOf({ type, resources }: ReceivedOperation, role: string): Conversion {
  const named = fromWire(resources, role);
  switch (type) {
    case "RESERVE":
      return { before: unreserved(named), after: named };
    case "UNRESERVE":
      return { before: named, after: unreserved(named) };
    case "CREATE":
      return { before: withoutVolumes(named), after: named };
    case "DESTROY":
      return { before: named, after: withoutVolumes(named) };
    default:
      throw new Error(`operation not known: ${JSON.stringify(type satisfies never)}`);
  }
}

/** Who asks for an operation, and on what. */
export interface OperationPlace {
  readonly agent: Agent;
  readonly role: string;
  readonly available: Bundle;
}

/** Why the master refuses an operation, in its words; undefined: it is possible. */
export function operationProblem(operation: ReceivedOperation, place: OperationPlace): string | undefined {
  const { agent, role, available } = place;
  if (operation.type === "RESERVE") {
    const other = operation.resources.find((resource) => resource.reservations?.at(-1)?.role !== role);
    const wanted = other?.reservations?.at(-1)?.role ?? "*";
    if (other !== undefined) {
      const at = `${agent.id} at slave(1)@${agent.spec.ip}:${agent.spec.port ?? DEFAULT_PORT} (${agent.spec.hostname ?? agent.spec.name})`;
      return `A reserve operation was attempted for a resource with role '${wanted}', but the resource was allocated to role '${role}'; on agent ${at}`;
    }
  }
  const { before } = conversionOf(operation, role);
  if (contains(available, before)) return undefined;
  const print = (bundle: Bundle) => printResources(toWire(bundle, { allocatedTo: role }), role);
  return `${print(available)} does not contain ${print(before)}`;
}

const DEFAULT_PORT = 5051;

/** Cuts what the agent has differently. */
export function convertTotal(agent: Agent, { before, after }: Conversion): void {
  agent.total = add(subtract(agent.total, before), after);
}

/** Tells the framework that the operation was refused; one without an id ends silently. */
export function refuseOperation(framework: Framework, { id }: ReceivedOperation, message: string): void {
  if (id === undefined) return;
  send(framework, operationUpdate({ operation_id: id, state: "OPERATION_ERROR", message }));
}

/** Tells the framework that the agent has done it, again and again until it is acknowledged. */
export function finishOperation(world: World, on: { framework: Framework; agent: Agent }, id: string): void {
  const operation: Operation = { ...on, id, uuid: drawUuid(world), retry: undefined };
  world.operations.set(operationKey(on.framework, id), operation);
  toNode(world, on.agent.node, () => tell(world, operation, world.timing.statusRetryMs));
}

function tell(world: World, operation: Operation, retryMs: number): void {
  if (world.operations.get(operationKey(operation.framework, operation.id)) !== operation) return;
  send(operation.framework, operationUpdate(finished(operation)));
  operation.retry = world.clock.schedule(retryMs, () =>
    tell(world, operation, Math.min(2 * retryMs, world.timing.statusRetryMaxMs)),
  );
}

function finished({ id, uuid, agent }: Operation) {
  return {
    operation_id: { value: id },
    state: "OPERATION_FINISHED",
    uuid: { value: uuid },
    agent_id: { value: agent.id },
  };
}

function operationUpdate(status: unknown) {
  return { type: "UPDATE_OPERATION_STATUS", update_operation_status: { status } };
}

function operationKey(framework: Framework, id: string): string {
  return `${framework.id}/${id}`;
}

/** Takes an acknowledgement: what is finished and acknowledged is forgotten. */
export function acknowledgeOperation(
  world: World,
  framework: Framework,
  ack: { readonly operation_id: { readonly value: string }; readonly uuid: string },
): void {
  const key = operationKey(framework, ack.operation_id.value);
  const operation = world.operations.get(key);
  if (operation === undefined || operation.uuid !== ack.uuid) return;
  operation.retry?.cancel();
  world.operations.delete(key);
}

/** Answers RECONCILE_OPERATIONS: the named operations, or all that are not acknowledged. */
export function reconcileOperations(
  world: World,
  framework: Framework,
  keys: readonly {
    readonly operation_id: { readonly value: string };
    readonly agent_id?: { readonly value: string };
  }[],
): void {
  if (keys.length === 0) {
    for (const operation of world.operations.values()) {
      if (operation.framework === framework) send(framework, operationUpdate(finished(operation)));
    }
  }
  for (const key of keys) {
    const operation = world.operations.get(operationKey(framework, key.operation_id.value));
    send(framework, operationUpdate(operation === undefined ? unknownOperation(world, key) : finished(operation)));
  }
}

function unknownOperation(
  world: World,
  { operation_id, agent_id }: Parameters<typeof reconcileOperations>[2][number],
): Readonly<Record<string, unknown>> {
  if (agent_id === undefined) {
    const message = "Reconciliation: Operation is unknown and no 'agent_id' was provided";
    return { operation_id, state: "OPERATION_UNKNOWN", message };
  }
  const isRegistered = world.agents.get(agent_id.value)?.status === "Registered";
  const state = isRegistered ? "OPERATION_DROPPED" : "OPERATION_UNKNOWN";
  return { operation_id, state, message: "Reconciliation: Operation is unknown", agent_id };
}

/** Forgets the operations of a framework that ended, or of all. */
export function forgetOperations(world: World, framework?: Framework): void {
  for (const [key, operation] of world.operations) {
    if (framework !== undefined && operation.framework !== framework) continue;
    operation.retry?.cancel();
    world.operations.delete(key);
  }
}
