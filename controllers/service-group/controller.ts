import { isDeepStrictEqual } from "node:util";
import { DisruptionOverride } from "../../api-types/disruption-override.js";
import { Instance } from "../../api-types/instance.js";
import { isDeleting, keyOf, restartsBefore } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { FINALIZER } from "../../api-types/well-known.js";
import { defineController, on } from "../../runtime/controller.js";
import { recordEvent } from "../../runtime/events.js";
import { removeFinalizer } from "../../runtime/finalizers.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext } from "../context.js";
import { hasOtherVariables } from "../matching.js";
import { ownConditions } from "../own-conditions.js";
import { servicePortKeys } from "../service-ports.js";
import { type Acted, act, releaseOrphans } from "./act.js";
import type { GroupPlan, GroupView } from "./life/model.js";
import { groupDependencies } from "./life/order.js";
import { planGroup } from "./plan.js";
import { groupReport } from "./status.js";
import { groupKeyOf, INDEXES, type Loop, type Memory, memoryOf, viewOf } from "./view.js";

const NAME = "service-group";
/** Counts and conditions of a group are written at most this often. */
const STATUS_PERIOD_MS = 1000;
/** A group is planned at most this often: what changes meanwhile is looked at together. The first change is not kept waiting. */
const LOOK_PERIOD_MS = 200;
/** What is held by a budget, or because too much turned bad at once, is looked at again after this time. */
const HELD_PERIOD_MS = 10_000;

/** Creates and releases the Instances of groups; the only creator of Instances. */
export const serviceGroupController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(ServiceGroup, (group) => [
        keyOf(group),
        ...loop.groups.by("dependsOn", keyOf(group)).map(keyOf),
        ...groupDependencies(group),
        ...servicePortKeys(group).flatMap((port) => loop.groups.by("servicePort", port).map(keyOf)),
      ]),
      on(Instance, (instance) => [groupKeyOf(instance)]),
      on(Revision, (revision) => [groupKeyOf(revision)]),
      on(Node, (node, previous) => (isSamePlace(node, previous) ? [] : groupsOfRack(loop, node.spec.rackName))),
      on(Rack, (rack, previous) => (hasOtherVariables(rack, previous) ? groupsOfRack(loop, rack.metadata.name) : [])),
      on(DisruptionOverride, (override) => groupsOfRack(loop, override.spec.rackName)),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

function open(context: LoopContext): Loop {
  const { informers } = context;
  return {
    context,
    groups: informers.cache(ServiceGroup, { ...INDEXES.groups, servicePort: servicePortKeys }),
    instances: informers.cache(Instance, INDEXES.instances),
    revisions: informers.cache(Revision, INDEXES.revisions),
    nodes: informers.cache(Node, INDEXES.nodes),
    racks: informers.cache(Rack),
    overrides: informers.cache(DisruptionOverride),
    memories: new Map(),
    blindness: new Map(),
  };
}

async function reconcile(loop: Loop, key: string): Promise<ReconcileResult> {
  const { client } = loop.context;
  const group = loop.groups.get(key);
  if (group === undefined) {
    loop.memories.delete(key);
    await releaseOrphans(loop.context, { key, instances: loop.instances.by("group", key) });
    return {};
  }
  if (isDeleting(group) && loop.instances.by("group", key).length === 0) {
    await removeFinalizer({ client, kind: ServiceGroup, object: group, finalizer: FINALIZER.instances });
    return {};
  }
  const memory = memoryOf(loop, key);
  const startedAt = loop.context.clock.monotonic();
  if (startedAt < memory.lookAt) return { requeueAfterMs: memory.lookAt - startedAt };
  memory.times.sweep();
  const view = viewOf(loop, group);
  const plan = planGroup(view);
  remember(memory, plan);
  const acted = areRollbacksNoted(group, plan) ? await actAndHold(loop, view, plan) : undefined;
  const result = await report(loop, group, plan);
  if (acted?.isCut === true) return { requeueAfterMs: 1 };
  // not after a failure: that is tried again as the back-off says
  memory.lookAt = startedAt + LOOK_PERIOD_MS;
  return result;
}

/** What a budget holds is asked for again after a while, not at every look, unless a person allows it meanwhile. */
async function actAndHold(loop: Loop, view: GroupView, { steps }: GroupPlan): Promise<Acted> {
  const { clock } = loop.context;
  const memory = memoryOf(loop, keyOf(view.group));
  const isHeld = !view.hasOverride && memory.held !== undefined && clock.monotonic() < memory.held.until;
  const acted = await act(loop.context, view, { steps, held: isHeld ? memory.held?.message : undefined });
  rememberReleases(memory, acted.unhealthy, clock.now());
  if (acted.held === undefined) memory.held = undefined;
  else if (!isHeld) memory.held = { message: acted.held, until: clock.monotonic() + HELD_PERIOD_MS };
  return acted;
}

/** So many of each service are enough: those that count once are far fewer. */
const RELEASES_MAX = 16;

/** What leaves may be gone before the next look, and counts as a failure nevertheless. */
function rememberReleases({ healthReleases }: Memory, unhealthy: readonly Instance[], at: number): void {
  for (const instance of unhealthy) {
    const { spec } = instance;
    const known = healthReleases.get(spec.service) ?? [];
    const restarts = restartsBefore(instance);
    const release = { revisionName: spec.revisionName, number: spec.number, restarts, at };
    healthReleases.set(spec.service, [...known, release].slice(-RELEASES_MAX));
  }
}

function remember({ backoffs, failedRevisions, healthReleases }: Memory, plan: GroupPlan): void {
  for (const name of healthReleases.keys()) if (!plan.services.has(name)) healthReleases.delete(name);
  backoffs.clear();
  failedRevisions.clear();
  for (const [name, { backoff, failedRevision }] of plan.services) {
    if (backoff !== undefined) backoffs.set(name, backoff);
    if (failedRevision !== undefined) failedRevisions.set(name, failedRevision);
  }
}

/** A rollback takes away what proves that it is due: it is stored before it begins, so that the next leader goes on with it. */
function areRollbacksNoted({ status }: ServiceGroup, plan: GroupPlan): boolean {
  return [...plan.services].every(([name, { failedRevision }]) => {
    const noted = status?.services?.find((service) => service.name === name)?.failedRevision;
    return failedRevision === undefined || failedRevision === noted;
  });
}

function groupsOfRack(loop: Loop, rackName: string): string[] {
  return loop.groups.by("rack", rackName).map(keyOf);
}

/** What a node takes and offers changes often, and matters to placement only. */
function isSamePlace(node: Node, previous: Node | undefined): boolean {
  return (
    previous !== undefined &&
    isDeleting(node) === isDeleting(previous) &&
    isDeepStrictEqual(node.spec, previous.spec) &&
    node.status?.drainingSince === previous.status?.drainingSince &&
    isDeepStrictEqual(node.status?.attributes, previous.status?.attributes)
  );
}

async function report(loop: Loop, group: ServiceGroup, plan: GroupPlan): Promise<ReconcileResult> {
  const key = keyOf(group);
  const { clock, client } = loop.context;
  const memory = memoryOf(loop, key);
  const wait = (memory.writtenAt ?? Number.NEGATIVE_INFINITY) + STATUS_PERIOD_MS - clock.monotonic();
  const due = dueTimes(plan, memory, clock.now());
  if (wait > 0) return { requeueAfterMs: Math.min(wait, ...due) };
  // what was just created or released is in the caches already
  const current = loop.groups.get(key) ?? group;
  const { conditions, ...counts } = groupReport(viewOf(loop, current), plan, memory.held?.message);
  const status = { ...counts, conditions: ownConditions(current, conditions, clock.now()) };
  const hasWritten = await reportStatus({
    client,
    cache: loop.groups,
    kind: ServiceGroup,
    object: current,
    status,
    manager: NAME,
  });
  if (hasWritten) {
    memory.writtenAt = clock.monotonic();
    await tellRollbacks(loop.context, current, plan);
  }
  return due.length === 0 ? {} : { requeueAfterMs: Math.min(...due) };
}

/** What has just been stored for the first time. */
async function tellRollbacks(context: LoopContext, before: ServiceGroup, plan: GroupPlan): Promise<void> {
  for (const [name, { failedRevision }] of plan.services) {
    const noted = before.status?.services?.find((service) => service.name === name)?.failedRevision;
    if (failedRevision === undefined || failedRevision === noted) continue;
    const message = `${name}: ${failedRevision} missed its deadline; what ran before runs again until the spec changes`;
    const told = { type: "Warning", reason: "RollbackBegun", message, reporter: NAME } as const;
    await recordEvent(context, { ...told, object: before });
  }
}

/** In how many milliseconds the group has to be looked at again although nothing happens. */
function dueTimes(plan: GroupPlan, { held }: Memory, now: number): readonly number[] {
  const isHeld = held !== undefined || [...plan.services.values()].some(({ alarms = [] }) => alarms.length > 0);
  return [...(plan.wakeAt === undefined ? [] : [Math.max(1, plan.wakeAt - now)]), ...(isHeld ? [HELD_PERIOD_MS] : [])];
}
