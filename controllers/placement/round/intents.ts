import type { Instance } from "../../../api-types/instance.js";
import type { Node } from "../../../api-types/node.js";
import type { Rack } from "../../../api-types/rack.js";
import type { Service } from "../../../api-types/service-group.js";
import type { TaskLaunch } from "../../../drivers/compute/driver.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import { recordEvent } from "../../../runtime/events.js";
import { attachedTaskId, hasEnded } from "../../attached.js";
import { overlaidNode } from "../../overlaid-node.js";
import type { Claimed, Claims } from "../address/claims.js";
import { taskIdOf } from "../launch/identity.js";
import { placedPorts, statusPorts } from "../launch/ports.js";
import { referencesOf, type Values } from "../launch/references.js";
import { referenceRefusal } from "../launch/refusal.js";
import { attachedTasks, type LaunchInput, ownTask, type PreparedLaunch, prepareLaunch } from "../launch/task-launch.js";
import { type Neighbours, publishedAddress, reachedAt } from "../launch/variables.js";
import { type Loop, PLACEMENT, placementState, templateOf } from "../loop.js";
import type { Placement } from "../place/model.js";
import type { DueAttached } from "./attached-due.js";
import type { ValueReader } from "./read-values.js";
import { report } from "./report.js";

/** What the intents of one round share. */
export interface IntentTools {
  readonly loop: Loop;
  readonly rack: Rack;
  readonly readValues: ValueReader;
  readonly claim: Claims;
}

/** What became of an intent: the tasks to be launched once it is stored, or that nothing may be launched now. */
export type Written = { readonly type: "launch"; readonly tasks: readonly TaskLaunch[] } | { readonly type: "held" };

const HELD: Written = { type: "held" };
const NOTHING: Written = { type: "launch", tasks: [] };

/** An Instance with what it is launched from. */
interface Subject {
  readonly instance: Instance;
  readonly service: Service;
  readonly node: Node;
}

/** Stores that an Instance and what is attached to it run here, before the offer is accepted. */
export async function writeInstance(tools: IntentTools, placement: Placement): Promise<Written> {
  const { loop } = tools;
  const found = subjectOf(loop, placement.key, placement.node);
  // it may have gone since the round began
  if (found === undefined || placementState(found.instance) !== "waiting") return NOTHING;
  const { instance, service, node } = found;
  const taskId = taskIdOf(instance);
  const ports = placedPorts({ service, number: instance.spec.number }, placement.ports);
  const attached = (service.attached ?? []).map(({ name }) => ({ name, taskId: attachedTaskId(taskId, name, 0) }));
  const claimed = await claimOf(tools, found, placement.agentId);
  if (claimed?.type === "refused") {
    await report(loop, placement.key, { condition: claimed.refusal });
    return HELD;
  }
  const address = claimed === undefined ? {} : { claimed: claimed.claimed };
  const input = { ...inputOf(tools, found), ...address, agentId: placement.agentId, taskId, ports, attached };
  const prepared = prepareLaunch(input);
  const read = await readOf(tools, prepared, prepared.service);
  const refusal = prepared.refusal ?? read.refusal;
  if (refusal !== undefined) {
    await report(loop, placement.key, { condition: refusal });
    return HELD;
  }
  const name = node.metadata.name;
  const condition: ConditionUpdate = { type: "Scheduled", status: "True", reason: "NodeChosen", message: `on ${name}` };
  await report(loop, placement.key, {
    condition,
    placement: {
      node: name,
      agentID: placement.agentId,
      taskID: taskId,
      ports: statusPorts(ports),
      ...addressOf(claimed),
    },
    attached: attached.map((one) => ({ name: one.name, taskID: one.taskId })),
  });
  return { type: "launch", tasks: [ownTask(prepared, read.values), ...attachedTasks(prepared, read.values)] };
}

/** Stores that an attached task of a placed Instance starts again, with the id of its next run. */
export async function writeAttached(
  tools: IntentTools,
  placement: Placement,
  { key, due }: { readonly key: string; readonly due: DueAttached },
): Promise<Written> {
  const { loop } = tools;
  const found = subjectOf(loop, key, placement.node);
  const placed = found?.instance.status?.placement;
  const before = found?.instance.status?.attached?.find(({ name }) => name === due.name);
  if (found === undefined || placed === undefined || before === undefined) return NOTHING;
  if (placed.agentID !== placement.agentId || !hasEnded(found.instance, before)) return NOTHING;
  const { instance, service } = found;
  const ports = placedPorts({ service, number: instance.spec.number }, placed.ports ?? []);
  const prepared = prepareLaunch({
    ...inputOf(tools, found),
    ...claimedBefore(found),
    agentId: placed.agentID,
    taskId: placed.taskID,
    ports,
    attached: [due],
  });
  const { imagePullSecrets, attached = [] } = prepared.service;
  const own = attached.filter(({ name }) => name === due.name);
  const read = await readOf(tools, prepared, {
    attached: own,
    ...(imagePullSecrets === undefined ? {} : { imagePullSecrets }),
  });
  const refusal = prepared.refusal ?? read.refusal;
  if (refusal !== undefined) {
    const message = `${due.name} does not start again: ${refusal.message ?? refusal.reason}`;
    const event = { type: "Warning", reason: "AttachedNotStarted", message, reporter: PLACEMENT } as const;
    await recordEvent(loop.context, { ...event, object: instance });
    return HELD;
  }
  const items = (instance.status?.attached ?? []).map(({ name, taskID }) => ({ name, taskID }));
  const next = items.map((item) => (item.name === due.name ? { ...item, taskID: due.taskId } : item));
  await report(loop, key, { attached: next });
  return { type: "launch", tasks: attachedTasks(prepared, read.values) };
}

/** Undefined: its network assigns the address. */
async function claimOf(
  { claim }: IntentTools,
  { instance, service }: Subject,
  agentId: string,
): Promise<Claimed | undefined> {
  const { pool } = service.network;
  return pool === undefined ? undefined : claim({ instance, agentId }, pool);
}

function addressOf(claimed: Extract<Claimed, { type: "claimed" }> | undefined) {
  return claimed === undefined ? {} : { address: claimed.claimed.address };
}

function claimedBefore({ instance, service }: Subject): Pick<LaunchInput, "claimed"> {
  const address = instance.status?.placement?.address;
  const { pool } = service.network;
  return address === undefined || pool === undefined ? {} : { claimed: { pool, address } };
}

function subjectOf(loop: Loop, key: string, nodeName: string): Subject | undefined {
  const instance = loop.instances.get(key);
  const service = instance && templateOf(loop, instance);
  const node = nodeNamed(loop, nodeName);
  return instance === undefined || service === undefined || node === undefined
    ? undefined
    : { instance, service, node };
}

/** With the address that its tasks can really have. */
function nodeNamed({ context, nodes }: Loop, name: string): Node | undefined {
  const node = nodes.get(name);
  return node && overlaidNode(node, context.overlay);
}

function inputOf({ loop, rack }: IntentTools, { instance, service, node }: Subject) {
  const neighbours: Neighbours = {
    membersOf: (group) => loop.instances.by("group", group),
    addressOf: (other) =>
      reachedAt(other, templateOf(loop, other), nodeNamed(loop, other.status?.placement?.node ?? "")),
  };
  const addressOf = (reference: string) => publishedAddress(instance, reference, neighbours);
  return { instance, service, rack, node, term: loop.context.term, addressOf };
}

interface Read {
  readonly values: Values;
  readonly refusal: ConditionUpdate | undefined;
}

/** Nothing is read for what may not be launched anyhow. */
async function readOf(
  { readValues }: IntentTools,
  { instance, refusal }: PreparedLaunch & { readonly refusal: ConditionUpdate | undefined },
  part: Parameters<typeof referencesOf>[0],
): Promise<Read> {
  if (refusal !== undefined) return { values: new Map(), refusal };
  const { values, missing } = await readValues(instance.metadata.namespace ?? "", referencesOf(part));
  return { values, refusal: referenceRefusal(missing) };
}
