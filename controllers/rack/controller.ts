import { EMPTY, mergeMap, of, startWith } from "rxjs";
import { Instance } from "../../api-types/instance.js";
import { isDeleting } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { TASK_LABEL } from "../../api-types/well-known.js";
import { parseStamp } from "../../drivers/observation.js";
import type { Cache } from "../../runtime/cache.js";
import { defineController, on } from "../../runtime/controller.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext, RackDrivers } from "../context.js";
import { ownConditions } from "../own-conditions.js";
import { planRack, type RackStep } from "./plan.js";

const NAME = "rack";
const COUNT_PREFIX = "count:";
/** The Instances of a rack are counted at most this often. */
const COUNT_PERIOD_MS = 5000;

/** Makes a Rack's Nodes and says whether the rack works. */
export const rackController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(Rack, (rack) => [rack.metadata.name]),
      on(
        Node,
        (node) => [node.spec.rackName, ...racksNaming(loop, node)],
        (node) => [node.spec.rackName],
      ),
      on(
        Instance,
        (instance, previous) => (previous === undefined ? countKeys(loop, instance) : []),
        () => [],
      ),
      on(ServiceGroup, () => []),
    ],
    triggers: [
      (context.overlay?.changes$ ?? EMPTY).pipe(mergeMap(() => loop.racks.list().map((rack) => rack.metadata.name))),
      loop.context.backends.each$((drivers, rack) => {
        const stamps$ = drivers.dns?.entries.changes$ ?? of();
        return stamps$.pipe(
          startWith(undefined),
          mergeMap(() => [rack]),
        );
      }),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly racks: Cache<Rack>;
  readonly nodes: Cache<Node>;
  readonly instances: Cache<Instance>;
  readonly groups: Cache<ServiceGroup>;
  /** Monotonic: when the Instances of each rack were last counted. */
  readonly countedAt: Map<string, number>;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  return {
    context,
    racks: informers.cache(Rack),
    nodes: informers.cache(Node, { rack: (node) => [node.spec.rackName] }),
    instances: informers.cache(Instance),
    groups: informers.cache(ServiceGroup),
    countedAt: new Map(),
  };
}

/** Racks that may want a Node of their own by this name. */
function racksNaming(loop: Loop, { metadata, spec }: Node): string[] {
  return loop.racks
    .list()
    .filter((rack) => rack.metadata.name !== spec.rackName)
    .filter((rack) => rack.spec.nodes?.some(({ name }) => name === metadata.name) === true)
    .map((rack) => rack.metadata.name);
}

/** The Nodes of these names that belong to other Racks, with their Rack. */
function elsewhere(loop: Loop, { metadata, spec }: Rack): ReadonlyMap<string, string> {
  const found = (spec.nodes ?? []).flatMap(({ name }): [string, string][] => {
    const owner = loop.nodes.get(name)?.spec.rackName ?? metadata.name;
    return owner !== metadata.name && loop.racks.get(owner) !== undefined ? [[name, owner]] : [];
  });
  return new Map(found);
}

/** The rack of an Instance that came or went. */
function countKeys(loop: Loop, instance: Instance): string[] {
  const rack = rackOf(loop, instance);
  return rack === undefined ? [] : [COUNT_PREFIX + rack];
}

function rackOf(loop: Loop, instance: Instance): string | undefined {
  return loop.groups.get(`${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}`)?.spec.rackName;
}

async function reconcile(loop: Loop, key: string): Promise<ReconcileResult> {
  if (!key.startsWith(COUNT_PREFIX)) return reconcileRack(loop, key);
  const name = key.slice(COUNT_PREFIX.length);
  const waitMs =
    (loop.countedAt.get(name) ?? Number.NEGATIVE_INFINITY) + COUNT_PERIOD_MS - loop.context.clock.monotonic();
  return waitMs > 0 ? { requeueAfterMs: waitMs } : reconcileRack(loop, name);
}

async function reconcileRack(loop: Loop, name: string): Promise<ReconcileResult> {
  const rack = loop.racks.get(name);
  if (rack === undefined) loop.countedAt.delete(name);
  if (rack === undefined || isDeleting(rack)) return {};
  const highestStampedTerm = highestTerm(loop.context.backends.of(name), rack.spec.identity ?? name);
  const nodes = loop.nodes.by("rack", name);
  const view = { rack, nodes, elsewhere: elsewhere(loop, rack), highestStampedTerm, term: loop.context.term };
  const plan = planRack({ ...view, overlay: loop.context.overlay?.value() });
  for (const step of plan.steps) await perform(loop, rack, step);
  const { instances, waitMs } = count(loop, loop.racks.get(name) ?? rack);
  const conditions = ownConditions(loop.racks.get(name) ?? rack, plan.conditions, loop.context.clock.now());
  const status = { counts: { nodes: plan.counts.nodes, instances }, conditions };
  await reportStatus({
    client: loop.context.client,
    cache: loop.racks,
    kind: Rack,
    object: rack,
    status,
    manager: NAME,
  });
  return waitMs > 0 ? { requeueAfterMs: waitMs } : {};
}

/** Every Instance is gone through, so it is done once in a while; until then the rack shows what was counted last. */
function count(loop: Loop, rack: Rack): { readonly instances: number; readonly waitMs: number } {
  const { name } = rack.metadata;
  const now = loop.context.clock.monotonic();
  const waitMs = (loop.countedAt.get(name) ?? Number.NEGATIVE_INFINITY) + COUNT_PERIOD_MS - now;
  const shown = rack.status?.counts?.instances;
  if (waitMs > 0 && shown !== undefined) return { instances: shown, waitMs };
  loop.countedAt.set(name, now);
  const members = loop.instances.list().filter((instance) => rackOf(loop, instance) === name);
  return { instances: members.length, waitMs: 0 };
}

async function perform(loop: Loop, rack: Rack, step: RackStep): Promise<void> {
  switch (step.type) {
    case "applyNode": {
      const owner = {
        apiVersion: Rack.apiVersion,
        kind: Rack.kind,
        name: rack.metadata.name,
        uid: rack.metadata.uid ?? "",
        controller: true,
      };
      // the fields of a Rack's node are those of a Node's spec, checked by the server
      const node = { metadata: { name: step.name, ownerReferences: [owner] }, spec: step.spec as Node["spec"] };
      await loop.context.client.apply(Node, node, { fieldManager: NAME });
      return;
    }
    case "deleteNode":
      return loop.context.client.delete(Node, { name: step.node.metadata.name }, { uid: step.node.metadata.uid ?? "" });
    default:
      return step satisfies never;
  }
}

/** The highest term stamped on tasks and names of ours: above this process's own, the store went back (DESIGN section 8). */
function highestTerm({ compute, dns }: RackDrivers, identity: string): number {
  const tasks = compute?.tasks.value();
  const entries = dns?.entries.value();
  const ofTasks =
    tasks === undefined || tasks.type === "Unknown"
      ? []
      : [...tasks.items.values()].map((task) => parseStamp(task.labels[TASK_LABEL.stamp]));
  const ofNames =
    entries === undefined || entries.type === "Unknown" ? [] : [...entries.items.values()].map((entry) => entry.stamp);
  const own = [...ofTasks, ...ofNames].filter((stamp) => stamp?.identity === identity);
  // one by one: there may be more entries than a call takes arguments
  return own.reduce((highest, stamp) => Math.max(highest, stamp?.term ?? 0), 0);
}
