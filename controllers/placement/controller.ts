import { merge, Observable, of } from "rxjs";
import { Instance } from "../../api-types/instance.js";
import { conditionOf, isDeleting, isTerminal, isTrue, keyOf } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { rightsErrors } from "../../api-types/rack/rights.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { LABEL, TASK_LABEL } from "../../api-types/well-known.js";
import type { Offer, Task, TaskLaunch } from "../../drivers/compute/driver.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { defineController, on } from "../../runtime/controller.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext, RackDrivers } from "../context.js";
import { isAgentOf, requirementOf } from "../matching.js";
import { createOrphanWatch, isLiving, type Orphans } from "../orphans.js";
import { ownConditions } from "../own-conditions.js";
import { fixedPorts, launchAction, needOf, taskIdOf, taskLaunch } from "./launch.js";
import { createOfferKeeper, sumOf } from "./offers.js";
import {
  isNewsOfRefusal,
  NO_NODE_FITS,
  type NodeOffer,
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

type Compute = NonNullable<RackDrivers["compute"]>;

/** Gives waiting Instances a node and launches them; one round for a whole rack (DESIGN section 7). */
export function placementController(context: LoopContext) {
  const { informers, backends, client, clock } = context;
  const instances = informers.cache(Instance, {
    group: (instance) => [groupKeyOf(instance)],
    placement: (instance) => [placementState(instance)],
    task: (instance) => (instance.status?.placement === undefined ? [] : [instance.status.placement.taskID]),
  });
  const groups = informers.cache(ServiceGroup);
  const revisions = informers.cache(Revision);
  const racks = informers.cache(Rack);
  const nodes = informers.cache(Node);
  const keepers = new Map<string, ReturnType<typeof createOfferKeeper>>();
  const orphanWatches = new Map<string, ReturnType<typeof createOrphanWatch>>();

  return defineController({
    name: NAME,
    concurrency: 1,
    watches: [
      on(Rack, (rack) => [rack.metadata.name]),
      on(Instance, (instance, previous) =>
        placementState(instance) === previousState(previous) ? [] : rackNames(instance),
      ),
      on(Node, (node) => [node.spec.rackName]),
      on(Revision, () => []),
      on(ServiceGroup, () => []),
    ],
    triggers: [backends.each$(({ compute }, rack) => (compute === undefined ? of<string>() : roundsOf(compute, rack)))],
    async reconcile(name) {
      const rack = racks.get(name);
      const { compute } = backends.of(name);
      if (rack === undefined || compute === undefined) return;
      const { adoptable } = orphansOf(name, compute);
      if (!mayPlace(rack, compute)) return;
      await adopt(name, compute, adoptable);
      return runRound(rack, compute);
    },
  });

  function rackNames(instance: Instance): string[] {
    const group = groups.get(groupKeyOf(instance));
    return group === undefined ? [] : [group.spec.rackName];
  }

  async function runRound(rack: Rack, compute: Compute) {
    const keeper = keeperOf(rack.metadata.name);
    const waiting = instances
      .by("placement", "waiting")
      .filter((instance) => rackNames(instance)[0] === rack.metadata.name);
    const tasks = waiting.flatMap((instance) => waitingTask(instance, rack) ?? []);
    const held = compute.offers.value();
    const result = place(tasks, placedTasks(), nodeOffers(rack, held));
    const refusedMs = await reportRefusals(result.refusals, { tasks, held });
    const used = await launchAll(rack, result.placements);
    const unplaced = result.refusals.map((refusal) => refusal.key);
    const round = { driver: compute.driver, held, used, waiting: tasks.map((task) => task.key), unplaced };
    const { requeueAfterMs } = await keeper.settle(round);
    const dueMs = [requeueAfterMs ?? 0, ...refusedMs].filter((ms) => ms > 0);
    return dueMs.length === 0 ? {} : { requeueAfterMs: Math.min(...dueMs) };
  }

  /** Says why tasks wait; for those whose offers may still come, gives the times after which to say it. */
  async function reportRefusals(
    refusals: readonly Refusal[],
    { tasks, held }: { readonly tasks: readonly WaitingTask[]; readonly held: readonly Offer[] },
  ): Promise<readonly number[]> {
    const reason = held.length === 0 ? WAITING_FOR_OFFERS : NO_NODE_FITS;
    const createdAt = new Map(tasks.map((task) => [task.key, Date.parse(task.createdAt)]));
    const waits: number[] = [];
    for (const { key, message } of refusals) {
      const waitMs = held.length > 0 ? 0 : (createdAt.get(key) ?? 0) + OFFER_PATIENCE_MS - clock.now();
      if (waitMs > 0) waits.push(waitMs);
      else if (isNewsOfRefusal(conditionOf(instances.get(key) ?? {}, "Scheduled"), { reason, message })) {
        await reportScheduled(key, { type: "Scheduled", status: "False", reason, message });
      }
    }
    return waits;
  }

  function keeperOf(rack: string) {
    const known = keepers.get(rack) ?? createOfferKeeper(clock);
    keepers.set(rack, known);
    return known;
  }

  function waitingTask(instance: Instance, rack: Rack): WaitingTask | undefined {
    const service = templateOf(instance);
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
  function templateOf(instance: Instance): Service | undefined {
    return revisions.get(`${instance.metadata.namespace ?? ""}/${instance.spec.revisionName}`)?.spec.template;
  }

  function placedTasks(): PlacedTask[] {
    return instances.by("placement", "placed").flatMap((instance) => {
      const node = instance.status?.placement?.node;
      return node === undefined ? [] : [{ service: serviceKeyOf(instance), node }];
    });
  }

  /** Offers by agent, for agents that are Nodes of this rack. */
  function nodeOffers(rack: Rack, held: readonly Offer[]): NodeOffer[] {
    const attribute = rack.spec.compute?.mesos?.nodeAttributes.name ?? "";
    const rackNodes = nodes.list().filter((node) => node.spec.rackName === rack.metadata.name && !isDeleting(node));
    return [...byAgentId(held)].flatMap(([agentId, offers]) => {
      const first = offers[0];
      const node = first && rackNodes.find((candidate) => isAgentOf(candidate, first, attribute));
      if (node === undefined) return [];
      const offered = {
        agentId,
        offerIds: offers.map((offer) => offer.id),
        node: node.metadata.name,
        nodeType: node.spec.type === "slave" ? "worker" : node.spec.type,
        nodeFunction: node.spec.function ?? functionOf(first, rack),
        isSchedulable: !node.spec.unschedulable,
        resources: sumOf(offers),
      };
      return [offered];
    });
  }

  /** Writes each placement, then sends one ACCEPT per agent with those whose write succeeded; returns the offers used. */
  async function launchAll(rack: Rack, placements: readonly Placement[]): Promise<ReadonlySet<string>> {
    const used = new Set<string>();
    for (const [agentId, ofAgent] of byAgentId(placements)) {
      const written = await Promise.all(ofAgent.map((placement) => writePlacement(rack, placement)));
      const tasks = written.flatMap((task) => task ?? []);
      const offerIds = ofAgent[0]?.offerIds ?? [];
      if (tasks.length === 0) continue;
      for (const id of offerIds) used.add(id);
      await context.execute([launchAction(rack, { agentId, offerIds, tasks })]);
    }
    return used;
  }

  /** The launch intent, stored before the offer is accepted; undefined when nothing may be launched. */
  async function writePlacement(
    rack: Rack,
    { key, agentId, node: nodeName }: Placement,
  ): Promise<TaskLaunch | undefined> {
    const instance = instances.get(key);
    const service = instance && templateOf(instance);
    const node = nodes.get(nodeName);
    if (instance === undefined || service === undefined || node === undefined) return undefined;
    const taskId = taskIdOf(instance);
    const addressOf = (reference: string) => publishedAddress(instance, reference);
    const { launch, unknown } = taskLaunch({
      instance,
      service,
      rack,
      node,
      agentId,
      taskId,
      term: context.term,
      addressOf,
    });
    const faults = rightsErrors(service, `service ${service.name}`, {
      allow: rack.spec.safety.allow,
      rackName: rack.metadata.name,
      namespace: instance.metadata.namespace ?? "",
    });
    if (faults.length > 0) {
      const message = faults.map((fault) => `${fault.path}: ${fault.message}`).join("; ");
      await reportScheduled(key, { type: "Scheduled", status: "False", reason: "RightNotGranted", message });
      return undefined;
    }
    if (unknown.length > 0) {
      const message = `no value for ${unknown.map((name) => `$(${name})`).join(", ")}; nothing is launched until there is`;
      await reportScheduled(key, { type: "Scheduled", status: "False", reason: "UnresolvedVariable", message });
      return undefined;
    }
    const placement = { node: nodeName, agentID: agentId, taskID: taskId, ports: launch.ports };
    await reportScheduled(
      key,
      { type: "Scheduled", status: "True", reason: "NodeChosen", message: `on ${nodeName}` },
      placement,
    );
    return launch;
  }

  /** The address of the lowest-numbered Published instance of `[group/]service[/number]`. */
  function publishedAddress(from: Instance, reference: string): string | undefined {
    const parts = reference.split("/");
    const [group, service, number] = parts.length === 1 ? [from.spec.serviceGroup, parts[0]] : parts;
    return instances
      .by("group", `${from.metadata.namespace ?? ""}/${group}`)
      .filter((other) => other.spec.service === service && isTrue(other, "Published"))
      .filter((other) => number === undefined || String(other.spec.number) === number)
      .sort((a, b) => a.spec.number - b.spec.number)[0]?.status?.addresses?.[0];
  }

  async function reportScheduled(key: string, condition: ConditionUpdate, placement?: unknown): Promise<void> {
    const object = instances.get(key);
    if (object === undefined) return;
    const conditions = ownConditions(object, [condition], clock.now());
    const status = placement === undefined ? { conditions } : { placement, conditions };
    await reportStatus({ client, cache: instances, kind: Instance, object, status, manager: NAME });
  }

  /** Binds tasks of ours that no Instance knows to the unplaced Instance of the same place (DESIGN section 8, Adoption). */
  async function adopt(rackName: string, compute: Compute, orphans: readonly Task[]): Promise<void> {
    const tasks = compute.tasks.value();
    for (const heir of instances.by("placement", "waiting")) {
      // whatever became of its status: a task with the id of this very Instance is its own
      const task = tasks.type === "Unknown" ? undefined : tasks.items.get(taskIdOf(heir));
      if (task !== undefined && isLiving(task)) await bind(rackName, compute, { task, heir });
    }
    for (const task of orphans) {
      const heir = instances
        .by("group", `${task.labels[TASK_LABEL.namespace]}/${task.labels[LABEL.group]}`)
        .find((instance) => placementState(instance) === "waiting" && isSamePlace(instance, task));
      if (heir !== undefined) await bind(rackName, compute, { task, heir });
    }
  }

  async function bind(rackName: string, compute: Compute, { task, heir }: { task: Task; heir: Instance }) {
    const node = nodeOfAgent(rackName, compute, task.agentId);
    if (node === undefined) return;
    const placement = { node: node.metadata.name, agentID: task.agentId, taskID: task.id };
    const message = `found running as ${task.id}`;
    const condition: ConditionUpdate = { type: "Scheduled", status: "True", reason: "TaskAdopted", message };
    await reportScheduled(keyOf(heir), condition, placement);
    await compute.driver.reconcile([{ taskId: task.id, agentId: task.agentId }]);
  }

  function orphansOf(rack: string, compute: Compute): Orphans {
    const watch = orphanWatches.get(rack) ?? createOrphanWatch();
    orphanWatches.set(rack, watch);
    return watch.look(compute.tasks.value(), (taskId) => instances.by("task", taskId).length > 0);
  }

  function nodeOfAgent(rackName: string, compute: Compute, agentId: string): Node | undefined {
    const agents = compute.agents.value();
    const agent = agents.type === "Unknown" ? undefined : agents.items.get(agentId);
    const attribute = racks.get(rackName)?.spec.compute?.mesos?.nodeAttributes.name ?? "";
    return agent && nodes.list().find((node) => node.spec.rackName === rackName && isAgentOf(node, agent, attribute));
  }
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

/** Where the Rack does not say what a node is for, its agent may. */
function functionOf(offer: Offer | undefined, rack: Rack): string | undefined {
  const value = offer?.attributes[rack.spec.compute?.mesos?.nodeAttributes.function ?? ""];
  return typeof value === "string" ? value : undefined;
}

function byAgentId<T extends { readonly agentId: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.agentId, [...(groups.get(item.agentId) ?? []), item]);
  return groups;
}

function isSamePlace(instance: Instance, task: Task): boolean {
  return (
    instance.spec.service === task.labels[LABEL.service] && String(instance.spec.number) === task.labels[LABEL.number]
  );
}
