import { merge, Observable, of } from "rxjs";
import { Instance } from "../../api-types/instance.js";
import { IPAddress } from "../../api-types/ip-address.js";
import { keyOf } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import type { Task } from "../../drivers/compute/driver.js";
import { inTurns } from "../../platform/steps.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { defineController, on } from "../../runtime/controller.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import type { LoopContext } from "../context.js";
import { nodeFinder } from "../matching.js";
import { inheritClaim } from "./address/inherit.js";
import { type Adoption, adoptedAttached, adoptedPorts, planAdoption } from "./adopt.js";
import {
  type Compute,
  groupOf,
  hasEndedAttached,
  instancesIn,
  type Loop,
  memoryOf,
  openLoop,
  PLACEMENT,
  type Place,
  placementState,
  templateOf,
} from "./loop.js";
import { inParallel } from "./round/in-parallel.js";
import { report } from "./round/report.js";
import { runRound, soonest } from "./round/round.js";

/** An heir whose task runs on an agent without a Node is looked at again so often. */
const HEIR_PATIENCE_MS = 5000;
const WRITES_AT_ONCE = 64;

/** Gives waiting Instances a node and launches them; one round for a whole rack (DESIGN section 7). */
export const placementController = (context: LoopContext) => {
  const loop = openLoop(context);
  return defineController({
    name: PLACEMENT,
    concurrency: 1,
    watches: [
      on(Rack, (rack) => [rack.metadata.name]),
      on(Instance, (instance, previous) => (isAsBefore(instance, previous) ? [] : rackNames(loop, instance))),
      on(Node, (node) => [node.spec.rackName]),
      on(Revision, () => []),
      on(ServiceGroup, () => []),
      // one that is given back may be what an Instance waits for
      on(
        IPAddress,
        ({ metadata, spec }) => (loop.claims.get(metadata.name) === undefined ? [spec.rackName] : []),
        () => [],
      ),
    ],
    triggers: [
      loop.context.backends.each$(({ compute }, rack) =>
        compute === undefined ? of<string>() : roundsOf(compute, rack),
      ),
    ],
    reconcile: (name) => reconcile(loop, name),
  });
};

async function reconcile(loop: Loop, name: string): Promise<ReconcileResult | undefined> {
  const rack = loop.racks.get(name);
  const { compute } = loop.context.backends.of(name);
  if (rack === undefined) loop.memory.delete(name);
  if (rack === undefined || compute === undefined) return;
  const isBound = (taskId: string) => loop.instances.by("task", taskId).length > 0;
  const looking = memoryOf(loop, name).orphans.looking(compute.tasks.value(), isBound);
  const { adoptable } = await inTurns(looking, loop.context.clock);
  if (!mayPlace(rack, compute)) return giveAllBack(loop, { rack, compute });
  const heirs = await adopt(loop, { rack, compute }, adoptable);
  const { requeueAfterMs = 0 } = await runRound(loop, { rack, compute }, heirs);
  return soonest([requeueAfterMs, heirs.size === 0 ? 0 : HEIR_PATIENCE_MS]);
}

/** It may be minutes until something may be placed: the offers are for others until then. */
async function giveAllBack(
  loop: Loop,
  { rack, compute: { driver, connection, offers } }: Place,
): Promise<ReconcileResult> {
  if (connection.value().type !== "subscribed") return {};
  const { keeper } = memoryOf(loop, rack.metadata.name);
  return keeper.settle({ driver, held: offers.value(), used: new Set(), waiting: [], unplaced: [] });
}

/** Only what begins or ends a wait; an end beside a placed Instance begins one, too. */
function isAsBefore(instance: Instance, previous: Instance | undefined): boolean {
  if (previous === undefined) return false;
  return (
    placementState(instance) === placementState(previous) && hasEndedAttached(instance) === hasEndedAttached(previous)
  );
}

function rackNames(loop: Loop, instance: Instance): string[] {
  const group = groupOf(loop, instance);
  return group === undefined ? [] : [group.spec.rackName];
}

/** Binds what is found running; gives the keys of the heirs that have to wait for a Node. */
async function adopt(loop: Loop, place: Place, orphans: readonly Task[]): Promise<ReadonlySet<string>> {
  const { rack, compute } = place;
  const tasks = compute.tasks.value();
  const planning = planAdoption({
    waiting: instancesIn(loop, rack.metadata.name, "waiting"),
    // a group may have moved to another rack and left tasks here
    waitingOf: (group) =>
      loop.groups.get(group)?.spec.rackName === rack.metadata.name
        ? loop.instances.by("placement", `${group} waiting`)
        : [],
    tasks: tasks.type === "Unknown" ? new Map() : tasks.items,
    orphans,
    nodeOf: nodeOfAgent(loop, place),
  });
  const adoptions = await inTurns(planning, loop.context.clock);
  const held = adoptions.filter(({ node }) => node === undefined);
  await inParallel(adoptions, WRITES_AT_ONCE, (adoption) => bindOrHold(loop, compute, adoption));
  return new Set(held.map(({ heir }) => keyOf(heir)));
}

async function bindOrHold(loop: Loop, compute: Compute, adoption: Adoption): Promise<void> {
  const { heir, task, node } = adoption;
  return node === undefined ? hold(loop, heir, task) : bind(loop, compute, { ...adoption, node });
}

/** Placing it would run it twice. */
async function hold(loop: Loop, heir: Instance, task: Task): Promise<void> {
  const message = `runs as ${task.id} on agent ${task.agentId}, which matches no Node yet; it is adopted when one does`;
  const condition: ConditionUpdate = { type: "Scheduled", status: "False", reason: "TaskOnUnknownNode", message };
  await report(loop, keyOf(heir), { condition });
}

async function bind(loop: Loop, compute: Compute, adoption: Adoption & { readonly node: Node }): Promise<void> {
  const { task, heir, node } = adoption;
  const service = templateOf(loop, heir);
  const ports = adoptedPorts(adoption, service);
  const rack = loop.racks.get(node.spec.rackName);
  const claimed = rack && (await inheritClaim(loop.context, { rack, heir, task }));
  const place = { node: node.metadata.name, agentID: task.agentId, taskID: task.id, ports };
  const placement = { ...place, ...(claimed === undefined ? {} : { address: claimed.address }) };
  const attached = adoptedAttached(adoption, service);
  const message = `found running as ${task.id}`;
  const condition: ConditionUpdate = { type: "Scheduled", status: "True", reason: "TaskAdopted", message };
  await report(loop, keyOf(heir), { condition, placement, attached });
  const taskIds = [task.id, ...attached.map(({ taskID }) => taskID)];
  await compute.driver.reconcile(taskIds.map((taskId) => ({ taskId, agentId: task.agentId })));
}

/** The Node of an agent, as far as both are known. Most rounds adopt nothing, and go through no node. */
function nodeOfAgent(loop: Loop, { rack, compute }: Place): (agentId: string) => Node | undefined {
  let find: ReturnType<typeof nodeFinder> | undefined;
  return (agentId) => {
    const agents = compute.agents.value();
    const agent = agents.type === "Unknown" ? undefined : agents.items.get(agentId);
    find ??= nodeFinder(loop.nodes.by("rack", rack.metadata.name), rack.spec.compute?.mesos?.nodeAttributes.name ?? "");
    return agent && find(agent);
  };
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
