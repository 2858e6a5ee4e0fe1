import { mergeMap, of } from "rxjs";
import { Instance } from "../../api-types/instance.js";
import { isTerminal } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import type { Agent } from "../../drivers/compute/driver.js";
import type { Cache } from "../../runtime/cache.js";
import { defineController, on } from "../../runtime/controller.js";
import { recordEvent } from "../../runtime/events.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import { type Changed, changed$ } from "../changed-items.js";
import type { LoopContext } from "../context.js";
import { isAgentOf } from "../matching.js";
import { ownConditions } from "../own-conditions.js";
import { type DrainReport, drainReport, placedHere } from "./drain.js";
import { agentOfNode, nodeReport } from "./plan.js";
import { allocated } from "./resources/allocated.js";

const NAME = "node";
const NO_ATTRIBUTES = { name: "", type: "", function: "" };
/** Many instances come and go in one second; a node's status is written at most this often. */
const STATUS_PERIOD_MS = 1000;

/** Writes what the compute back end says of each Node's agent, what its instances take, and how far a drain is. */
export function nodeController(context: LoopContext) {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(Node, (node) => [node.metadata.name]),
      on(Rack, () => []),
      on(Revision, () => []),
      on(
        Instance,
        (instance, previous) => (isPlacedAsBefore(instance, previous) ? [] : placesOf(instance)),
        () => [],
      ),
    ],
    triggers: [
      context.backends.each$(({ compute }, rack) =>
        compute === undefined
          ? of<string>()
          : changed$(compute.agents).pipe(mergeMap((change) => nodesOf(loop, rack, change))),
      ),
    ],
    reconcile: (name) => reconcile(loop, name),
  });
}

interface Loop {
  readonly context: LoopContext;
  readonly nodes: Cache<Node>;
  readonly racks: Cache<Rack>;
  readonly instances: Cache<Instance>;
  readonly revisions: Cache<Revision>;
  /** Monotonic: when the status of each node was last written. */
  readonly writtenAt: Map<string, number>;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  return {
    context,
    nodes: informers.cache(Node, { rack: (node) => [node.spec.rackName] }),
    racks: informers.cache(Rack),
    instances: informers.cache(Instance, { placedOn: placesOf }),
    revisions: informers.cache(Revision),
    writtenAt: new Map(),
  };
}

function placesOf({ status }: Instance): readonly string[] {
  return status?.placement === undefined ? [] : [status.placement.node];
}

/** Of a known Instance only its place and the end of its task matter here. */
function isPlacedAsBefore(instance: Instance, previous: Instance | undefined): boolean {
  if (previous === undefined) return false;
  return (
    instance.status?.placement?.node === previous.status?.placement?.node &&
    isTerminal(instance) === isTerminal(previous)
  );
}

/** The Nodes whose agents changed. */
function nodesOf(loop: Loop, rack: string, change: Changed<Agent>): readonly string[] {
  const nodes = loop.nodes.by("rack", rack);
  if (change.type === "everything") return nodes.map((node) => node.metadata.name);
  if (change.items.length === 0) return [];
  const { name } = attributeNames(loop, rack);
  return nodes
    .filter((node) => change.items.some((agent) => isAgentOf(node, agent, name)))
    .map((node) => node.metadata.name);
}

function attributeNames(loop: Loop, rack: string) {
  return loop.racks.get(rack)?.spec.compute?.mesos?.nodeAttributes ?? NO_ATTRIBUTES;
}

async function reconcile(loop: Loop, name: string): Promise<ReconcileResult | undefined> {
  const { backends, clock } = loop.context;
  const node = loop.nodes.get(name);
  if (node === undefined) loop.writtenAt.delete(name);
  const compute = node && backends.of(node.spec.rackName).compute;
  if (node === undefined || compute === undefined) return;
  const waitMs = (loop.writtenAt.get(name) ?? Number.NEGATIVE_INFINITY) + STATUS_PERIOD_MS - clock.monotonic();
  if (waitMs > 0) return { requeueAfterMs: waitMs };
  const names = attributeNames(loop, node.spec.rackName);
  const agents = compute.agents.value();
  const instances = loop.instances.by("placedOn", name);
  const agent = agentOfNode(node, agents, names.name);
  const drain = drainReport({ node, agent, instances, now: clock.now() });
  const { conditions, ...fields } = nodeReport(node, agents, names);
  const drained = drain.condition === undefined ? [] : [drain.condition];
  const status = {
    ...fields,
    allocated: allocated(templatesOf(loop, instances), loop.racks.get(node.spec.rackName)?.spec.variables),
    ...(drain.drainingSince === undefined ? {} : { drainingSince: drain.drainingSince }),
    conditions: ownConditions(node, [...conditions, ...drained], clock.now()),
  };
  await report(loop, node, { status, drain });
  return drain.requeueAfterMs === undefined ? undefined : { requeueAfterMs: drain.requeueAfterMs };
}

function templatesOf(loop: Loop, instances: readonly Instance[]) {
  return placedHere(instances).flatMap(({ metadata, spec }) => {
    const template = loop.revisions.get(`${metadata.namespace}/${spec.revisionName}`)?.spec.template;
    return template === undefined ? [] : [template];
  });
}

async function report(
  loop: Loop,
  node: Node,
  { status, drain }: { readonly status: unknown; readonly drain: DrainReport },
): Promise<void> {
  const { client, clock } = loop.context;
  const hasWritten = await reportStatus({ client, cache: loop.nodes, kind: Node, object: node, status, manager: NAME });
  if (hasWritten) loop.writtenAt.set(node.metadata.name, clock.monotonic());
  for (const event of drain.events) await recordEvent(loop.context, { ...event, object: node, reporter: NAME });
}
