import { merge, Observable, of } from "rxjs";
import { Instance } from "../../api-types/instance.js";
import { conditionOf, isDeleting, isTerminal, keyOf } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import type { Offer, Task, TaskLaunch } from "../../drivers/compute/driver.js";
import type { Cache } from "../../runtime/cache.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { defineController, on } from "../../runtime/controller.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext, RackDrivers } from "../context.js";
import { isAgentOf, requirementOf } from "../matching.js";
import { createOrphanWatch, type Orphans } from "../orphans.js";
import { ownConditions } from "../own-conditions.js";
import { planAdoption } from "./adopt.js";
import { fixedPorts, launchAction, launchRefusal, needOf, publishedAddress, taskIdOf, taskLaunch } from "./launch.js";
import { byAgentId, createOfferKeeper, nodeOffers } from "./offers.js";
import {
  isNewsOfRefusal,
  NO_NODE_FITS,
  type PlacedTask,
  type Placement,
  place,
  type Refusal,
  WAITING_FOR_OFFERS,
  type WaitingTask,
} from "./place.js";

const NAME = "placement";
/** Offers are asked for when something waits, and come soon: their absence is worth a write only when it lasts. */
const OFFER_PATIENCE_MS = 5000;
/** An heir whose task runs on an agent without a Node is looked at again so often. */
const HEIR_PATIENCE_MS = 5000;

type Compute = NonNullable<RackDrivers["compute"]>;

/** Gives waiting Instances a node and launches them; one round for a whole rack (DESIGN section 7). */
export const placementController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    concurrency: 1,
    watches: [
      on(Rack, (rack) => [rack.metadata.name]),
      on(Instance, (instance, previous) =>
        placementState(instance) === previousState(previous) ? [] : rackNames(loop, instance),
      ),
      on(Node, (node) => [node.spec.rackName]),
      on(Revision, () => []),
      on(ServiceGroup, () => []),
    ],
    triggers: [
      loop.context.backends.each$(({ compute }, rack) =>
        compute === undefined ? of<string>() : roundsOf(compute, rack),
      ),
    ],
    reconcile: (name) => reconcile(loop, name),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly instances: Cache<Instance>;
  readonly groups: Cache<ServiceGroup>;
  readonly revisions: Cache<Revision>;
  readonly racks: Cache<Rack>;
  readonly nodes: Cache<Node>;
  readonly keepers: Map<string, ReturnType<typeof createOfferKeeper>>;
  readonly orphanWatches: Map<string, ReturnType<typeof createOrphanWatch>>;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  const instances = informers.cache(Instance, {
    group: (instance) => [groupKeyOf(instance)],
    placement: (instance) => [placementState(instance)],
    task: (instance) => (instance.status?.placement === undefined ? [] : [instance.status.placement.taskID]),
  });
  return {
    context,
    instances,
    groups: informers.cache(ServiceGroup),
    revisions: informers.cache(Revision),
    racks: informers.cache(Rack),
    nodes: informers.cache(Node),
    keepers: new Map(),
    orphanWatches: new Map(),
  };
}

/** A rack with its compute back end. */
interface Place {
  readonly rack: Rack;
  readonly compute: Compute;
}

async function reconcile(loop: Loop, name: string): Promise<ReconcileResult | undefined> {
  const rack = loop.racks.get(name);
  const { compute } = loop.context.backends.of(name);
  if (rack === undefined || compute === undefined) return;
  const { adoptable } = orphansOf(loop, name, compute);
  if (!mayPlace(rack, compute)) return;
  const heirs = await adopt(loop, { rack, compute }, adoptable);
  return runRound(loop, { rack, compute }, heirs);
}

function rackNames(loop: Loop, instance: Instance): string[] {
  const group = loop.groups.get(groupKeyOf(instance));
  return group === undefined ? [] : [group.spec.rackName];
}

/** One round for all that wait, but for the heirs of tasks that run on an agent without a Node. */
async function runRound(loop: Loop, { rack, compute }: Place, heirs: ReadonlySet<string>): Promise<ReconcileResult> {
  const keeper = keeperOf(loop, rack.metadata.name);
  const waiting = loop.instances
    .by("placement", "waiting")
    .filter((instance) => rackNames(loop, instance)[0] === rack.metadata.name && !heirs.has(keyOf(instance)));
  const tasks = waiting.flatMap((instance) => waitingTask(loop, instance, rack) ?? []);
  const held = compute.offers.value();
  const result = place(tasks, placedTasks(loop), nodeOffers(rack, loop.nodes.list(), held));
  const refusedMs = await reportRefusals(loop, result.refusals, { tasks, held });
  const used = await launchAll(loop, rack, result.placements);
  const unplaced = result.refusals.map((refusal) => refusal.key);
  const round = { driver: compute.driver, held, used, waiting: tasks.map((task) => task.key), unplaced };
  const { requeueAfterMs } = await keeper.settle(round);
  const heldMs = heirs.size === 0 ? 0 : HEIR_PATIENCE_MS;
  const dueMs = [requeueAfterMs ?? 0, heldMs, ...refusedMs].filter((ms) => ms > 0);
  return dueMs.length === 0 ? {} : { requeueAfterMs: Math.min(...dueMs) };
}

/** Says why tasks wait; for those whose offers may still come, gives the times after which to say it. */
async function reportRefusals(
  loop: Loop,
  refusals: readonly Refusal[],
  { tasks, held }: { readonly tasks: readonly WaitingTask[]; readonly held: readonly Offer[] },
): Promise<readonly number[]> {
  const reason = held.length === 0 ? WAITING_FOR_OFFERS : NO_NODE_FITS;
  const createdAt = new Map(tasks.map((task) => [task.key, Date.parse(task.createdAt)]));
  const waits: number[] = [];
  for (const { key, message } of refusals) {
    const waitMs = held.length > 0 ? 0 : (createdAt.get(key) ?? 0) + OFFER_PATIENCE_MS - loop.context.clock.now();
    if (waitMs > 0) waits.push(waitMs);
    else if (isNewsOfRefusal(conditionOf(loop.instances.get(key) ?? {}, "Scheduled"), { reason, message })) {
      await reportScheduled(loop, key, { condition: { type: "Scheduled", status: "False", reason, message } });
    }
  }
  return waits;
}

function keeperOf(loop: Loop, rack: string) {
  const known = loop.keepers.get(rack) ?? createOfferKeeper(loop.context.clock);
  loop.keepers.set(rack, known);
  return known;
}

function waitingTask(loop: Loop, instance: Instance, rack: Rack): WaitingTask | undefined {
  const service = templateOf(loop, instance);
  if (service === undefined) return undefined;
  return {
    key: keyOf(instance),
    service: serviceKeyOf(instance),
    need: { ...needOf(service), ports: fixedPorts(service) },
    ...requirementOf(service, rack),
    createdAt: instance.metadata.creationTimestamp ?? "",
  };
}

/** The template that the instance was created with. */
function templateOf(loop: Loop, instance: Instance): Service | undefined {
  return loop.revisions.get(`${instance.metadata.namespace ?? ""}/${instance.spec.revisionName}`)?.spec.template;
}

function placedTasks(loop: Loop): PlacedTask[] {
  return loop.instances.by("placement", "placed").flatMap((instance) => {
    const node = instance.status?.placement?.node;
    return node === undefined ? [] : [{ service: serviceKeyOf(instance), node }];
  });
}

/** Writes each placement, then sends one ACCEPT per agent with those whose write succeeded; returns the offers used. */
async function launchAll(loop: Loop, rack: Rack, placements: readonly Placement[]): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  for (const [agentId, ofAgent] of byAgentId(placements)) {
    const written = await Promise.all(ofAgent.map((placement) => writePlacement(loop, rack, placement)));
    const tasks = written.flatMap((task) => task ?? []);
    const offerIds = ofAgent[0]?.offerIds ?? [];
    if (tasks.length === 0) continue;
    for (const id of offerIds) used.add(id);
    await loop.context.execute([launchAction(rack, { agentId, offerIds, tasks })]);
  }
  return used;
}

/** The launch intent, stored before the offer is accepted; undefined when nothing may be launched. */
async function writePlacement(
  loop: Loop,
  rack: Rack,
  { key, agentId, node: nodeName }: Placement,
): Promise<TaskLaunch | undefined> {
  const instance = loop.instances.get(key);
  const service = instance && templateOf(loop, instance);
  const node = loop.nodes.get(nodeName);
  if (instance === undefined || service === undefined || node === undefined) return undefined;
  const taskId = taskIdOf(instance);
  const addressOf = (reference: string) =>
    publishedAddress(instance, reference, (group) => loop.instances.by("group", group));
  const { launch, unknown } = taskLaunch({
    instance,
    service,
    rack,
    node,
    agentId,
    taskId,
    term: loop.context.term,
    addressOf,
  });
  const refusal = launchRefusal({ rack, instance, service }, unknown);
  if (refusal !== undefined) {
    await reportScheduled(loop, key, { condition: refusal });
    return undefined;
  }
  const placement = { node: nodeName, agentID: agentId, taskID: taskId, ports: launch.ports };
  const message = `on ${nodeName}`;
  const condition: ConditionUpdate = { type: "Scheduled", status: "True", reason: "NodeChosen", message };
  await reportScheduled(loop, key, { condition, placement });
  return launch;
}

/** What is said of a placement, and the placement itself once it is made. */
interface Verdict {
  readonly condition: ConditionUpdate;
  readonly placement?: unknown;
}

async function reportScheduled(loop: Loop, key: string, { condition, placement }: Verdict): Promise<void> {
  const object = loop.instances.get(key);
  if (object === undefined) return;
  const conditions = ownConditions(object, [condition], loop.context.clock.now());
  const status = placement === undefined ? { conditions } : { placement, conditions };
  await reportStatus({
    client: loop.context.client,
    cache: loop.instances,
    kind: Instance,
    object,
    status,
    manager: NAME,
  });
}

/** Binds what is found running; gives the keys of the heirs that have to wait for a Node. */
async function adopt(loop: Loop, { rack, compute }: Place, orphans: readonly Task[]): Promise<ReadonlySet<string>> {
  const tasks = compute.tasks.value();
  const adoptions = planAdoption({
    waiting: loop.instances.by("placement", "waiting"),
    waitingOf: (group) => loop.instances.by("group", group).filter((one) => placementState(one) === "waiting"),
    tasks: tasks.type === "Unknown" ? new Map() : tasks.items,
    orphans,
    nodeOf: (agentId) => nodeOfAgent(loop, { rack, compute }, agentId),
  });
  const held = new Set<string>();
  for (const { heir, task, node } of adoptions) {
    if (node !== undefined) await bind(loop, compute, { heir, task, node });
    else {
      held.add(keyOf(heir));
      await hold(loop, heir, task);
    }
  }
  return held;
}

/** Placing it would run it twice. */
async function hold(loop: Loop, heir: Instance, task: Task): Promise<void> {
  const message = `runs as ${task.id} on agent ${task.agentId}, which matches no Node yet; it is adopted when one does`;
  const condition: ConditionUpdate = { type: "Scheduled", status: "False", reason: "TaskOnUnknownNode", message };
  await reportScheduled(loop, keyOf(heir), { condition });
}

interface Binding {
  readonly heir: Instance;
  readonly task: Task;
  readonly node: Node;
}

async function bind(loop: Loop, compute: Compute, { task, heir, node }: Binding): Promise<void> {
  const placement = { node: node.metadata.name, agentID: task.agentId, taskID: task.id };
  const message = `found running as ${task.id}`;
  const condition: ConditionUpdate = { type: "Scheduled", status: "True", reason: "TaskAdopted", message };
  await reportScheduled(loop, keyOf(heir), { condition, placement });
  await compute.driver.reconcile([{ taskId: task.id, agentId: task.agentId }]);
}

function orphansOf(loop: Loop, rack: string, compute: Compute): Orphans {
  const watch = loop.orphanWatches.get(rack) ?? createOrphanWatch();
  loop.orphanWatches.set(rack, watch);
  return watch.look(compute.tasks.value(), (taskId) => loop.instances.by("task", taskId).length > 0);
}

/** The Node of an agent, as far as both are known. */
function nodeOfAgent(loop: Loop, { rack, compute }: Place, agentId: string): Node | undefined {
  const agents = compute.agents.value();
  const agent = agents.type === "Unknown" ? undefined : agents.items.get(agentId);
  const attribute = rack.spec.compute?.mesos?.nodeAttributes.name ?? "";
  const isOfRack = (node: Node) => node.spec.rackName === rack.metadata.name;
  return agent && loop.nodes.list().find((node) => isOfRack(node) && isAgentOf(node, agent, attribute));
}

/** When a round is due: the connection, the tasks or the offers changed. */
function roundsOf({ connection, tasks, offers }: Compute, rack: string): Observable<string> {
  return new Observable((subscriber) => {
    const tell = () => subscriber.next(rack);
    const subscription = merge(connection.changes$, tasks.changes$, offers.changes$).subscribe(tell);
    tell();
    return () => subscription.unsubscribe();
  });
}

/** Nothing is placed before the framework id is stored and every task of this epoch is known (R23). */
function mayPlace(rack: Rack, { connection, tasks }: Compute): boolean {
  const link = connection.value();
  const known = tasks.value();
  if (link.type !== "subscribed" || rack.status?.frameworkID !== link.frameworkId) return false;
  return link.isSettled && known.type === "Complete" && known.origin.epoch === link.epoch;
}

function placementState(instance: Instance): "waiting" | "placed" | "done" {
  if (instance.status?.placement !== undefined) return isTerminal(instance) ? "done" : "placed";
  return isDeleting(instance) ? "done" : "waiting";
}

function previousState(previous: Instance | undefined): string | undefined {
  return previous === undefined ? undefined : placementState(previous);
}

function groupKeyOf(instance: Instance): string {
  return `${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}`;
}

function serviceKeyOf(instance: Instance): string {
  return `${groupKeyOf(instance)}/${instance.spec.service}`;
}
