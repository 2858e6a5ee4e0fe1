import { Instance } from "../../api-types/instance.js";
import { isDeleting, isLeaving, isTrue, keyOf } from "../../api-types/life.js";
import { isStatus, StatusError } from "../../api-types/meta/status-error.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { isSameTemplate, Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { ANNOTATION, FINALIZER, LABEL } from "../../api-types/well-known.js";
import { type Cache, splitKey } from "../../runtime/cache.js";
import { defineController, on } from "../../runtime/controller.js";
import { recordEvent } from "../../runtime/events.js";
import { addFinalizer, removeFinalizer } from "../../runtime/finalizers.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext } from "../context.js";
import { hasOtherVariables, suitability } from "../matching.js";
import { ownConditions } from "../own-conditions.js";
import { originOf, serviceLabels } from "../service-labels.js";
import { type GroupPlan, type GroupStep, type GroupView, planGroup } from "./plan.js";
import { endOf, groupReport } from "./status.js";

const NAME = "service-group";
/** Counts and conditions of a group are written at most this often. */
const STATUS_PERIOD_MS = 1000;

/** Creates and releases the Instances of groups; the only creator of Instances. */
export const serviceGroupController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(ServiceGroup, (group) => [
        keyOf(group),
        ...loop.groups.by("dependsOn", keyOf(group)).map(keyOf),
        ...dependencyKeys(group),
      ]),
      on(Instance, (instance) => [groupKeyOf(instance)]),
      on(Revision, (revision) => [groupKeyOf(revision)]),
      on(Node, () => loop.groups.list().map(keyOf)),
      on(Rack, (rack, previous) => (hasOtherVariables(rack, previous) ? groupsOfRack(loop, rack) : [])),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly groups: Cache<ServiceGroup>;
  readonly instances: Cache<Instance>;
  readonly revisions: Cache<Revision>;
  readonly nodes: Cache<Node>;
  readonly racks: Cache<Rack>;
  /** Monotonic: when the status of each group was last written. */
  readonly writtenAt: Map<string, number>;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  return {
    context,
    groups: informers.cache(ServiceGroup, { dependsOn: dependencyKeys, rack: (group) => [group.spec.rackName] }),
    instances: informers.cache(Instance, { group: (instance) => [groupKeyOf(instance)] }),
    revisions: informers.cache(Revision, { group: (revision) => [groupKeyOf(revision)] }),
    nodes: informers.cache(Node),
    racks: informers.cache(Rack),
    writtenAt: new Map(),
  };
}

async function reconcile(loop: Loop, key: string): Promise<ReconcileResult> {
  const group = loop.groups.get(key);
  if (group === undefined) {
    loop.writtenAt.delete(key);
    await releaseOrphans(loop.context, { key, instances: loop.instances.by("group", key) });
    return {};
  }
  const members = loop.instances.by("group", key);
  if (isDeleting(group) && members.length === 0) {
    await removeFinalizer({
      client: loop.context.client,
      kind: ServiceGroup,
      object: group,
      finalizer: FINALIZER.instances,
    });
    return {};
  }
  const view = viewOf(loop, group);
  const plan = planGroup(view);
  await act(loop.context, view, plan);
  return report(loop, group, plan);
}

function groupsOfRack(loop: Loop, rack: Rack): string[] {
  return loop.groups.by("rack", rack.metadata.name).map(keyOf);
}

function viewOf(loop: Loop, group: ServiceGroup): GroupView {
  const key = keyOf(group);
  const rack = loop.racks.get(group.spec.rackName);
  const members = loop.instances.by("group", key);
  const dependents = loop.groups.by("dependsOn", key);
  return {
    group,
    instances: members,
    revisions: [...loop.revisions.by("group", key)].sort((a, b) => a.spec.number - b.spec.number),
    ...suitability(rack, loop.nodes.list(), members),
    areGroupsAvailable: blockersOf(loop, group).length === 0,
    hasDyingDependents:
      isDeleting(group) &&
      dependents.some((other) => isDeleting(other) && loop.instances.by("group", keyOf(other)).length > 0),
    isSameTemplate,
    now: loop.context.clock.now(),
  };
}

/** Without its Rack nothing could place, nor ever release, an Instance. The Rack's first Nodes wake the group. */
function blockersOf(loop: Loop, group: ServiceGroup): string[] {
  const { rackName } = group.spec;
  const absentRack = loop.racks.get(rackName) === undefined ? [`Rack ${rackName}, which is not stored`] : [];
  const dependencies = dependencyKeys(group).filter((key) => {
    const dependency = loop.groups.get(key);
    return dependency === undefined || !(dependency.spec.suspend || isTrue(dependency, "Available"));
  });
  return [...absentRack, ...dependencies];
}

async function report(loop: Loop, group: ServiceGroup, plan: GroupPlan): Promise<ReconcileResult> {
  const key = keyOf(group);
  const now = loop.context.clock.now();
  const wait =
    (loop.writtenAt.get(key) ?? Number.NEGATIVE_INFINITY) + STATUS_PERIOD_MS - loop.context.clock.monotonic();
  const attempts = [...plan.nextAttempts.values()].map((at) => Math.max(1, at - now));
  if (wait > 0) return { requeueAfterMs: Math.min(wait, ...attempts) };
  // what was just created or released is in the caches already
  const current = loop.groups.get(key) ?? group;
  const { conditions, ...counts } = groupReport(viewOf(loop, current), plan, blockersOf(loop, current));
  const status = { ...counts, conditions: ownConditions(current, conditions, now) };
  const hasWritten = await reportStatus({
    client: loop.context.client,
    cache: loop.groups,
    kind: ServiceGroup,
    object: current,
    status,
    manager: NAME,
  });
  if (hasWritten) loop.writtenAt.set(key, loop.context.clock.monotonic());
  return attempts.length === 0 ? {} : { requeueAfterMs: Math.min(...attempts) };
}

function groupKeyOf(object: {
  readonly metadata: { readonly namespace?: string };
  readonly spec: { readonly serviceGroup: string };
}): string {
  return `${object.metadata.namespace ?? ""}/${object.spec.serviceGroup}`;
}

/** Keys of the groups that a group depends on; a bare name is in its own namespace. */
function dependencyKeys(group: ServiceGroup): string[] {
  return (group.spec.dependsOn ?? []).map((name) =>
    name.includes("/") ? name : `${group.metadata.namespace ?? ""}/${name}`,
  );
}

async function act(context: LoopContext, { group, instances }: GroupView, plan: GroupPlan): Promise<void> {
  if (plan.steps.some((step) => step.type === "release")) await confirmUnchanged(context, group);
  if (plan.steps.some((step) => step.type === "createInstance")) {
    await addFinalizer({ client: context.client, kind: ServiceGroup, object: group, finalizer: FINALIZER.instances });
  }
  for (const step of plan.steps) {
    await perform(context, group, step);
    const replaced = step.type === "createInstance" ? step.replaces : undefined;
    await tellFailure(
      context,
      group,
      instances.find(({ metadata }) => metadata.name === replaced),
    );
  }
}

/** Why a task had to be replaced is told of the group, because the instance goes. */
async function tellFailure(context: LoopContext, group: ServiceGroup, replaced: Instance | undefined): Promise<void> {
  if (replaced?.status?.phase !== "Failed") return;
  const message = `${replaced.metadata.name}: ${endOf(replaced)}`;
  await recordEvent(context, { object: group, type: "Warning", reason: "InstanceFailed", message, reporter: NAME });
}

/** A release rests on what the owner wants: the cached spec must be the current one (ground tombstone, R2). */
async function confirmUnchanged({ client }: LoopContext, group: ServiceGroup): Promise<void> {
  const { namespace = "", name, uid, generation } = group.metadata;
  const fresh = await client.get(ServiceGroup, { namespace, name });
  if (fresh.metadata.uid === uid && fresh.metadata.generation === generation) return;
  throw new StatusError(
    "Conflict",
    `releasing instances of servicegroup ${namespace}/${name}: the cached group is outdated`,
  );
}

async function perform(context: LoopContext, group: ServiceGroup, step: GroupStep): Promise<void> {
  switch (step.type) {
    case "createRevision":
      return createRevision(context, group, step);
    case "createInstance":
      return createInstance(context, group, step);
    case "release":
      return release(context, step.instance, step.reason);
    case "relabel":
      return relabel(context, step.instance, step.patch);
    default:
      return step satisfies never;
  }
}

type StepOf<T extends GroupStep["type"]> = Extract<GroupStep, { type: T }>;

async function createRevision(
  { client }: LoopContext,
  group: ServiceGroup,
  step: StepOf<"createRevision">,
): Promise<void> {
  const number = Number(step.name.slice(step.name.lastIndexOf("-") + 1));
  await client.create(Revision, {
    metadata: {
      namespace: group.metadata.namespace ?? "",
      name: step.name,
      labels: { [LABEL.group]: group.metadata.name, [LABEL.service]: step.service.name },
      ownerReferences: [ownerOf(group)],
    },
    spec: { serviceGroup: group.metadata.name, service: step.service.name, number, template: step.service },
  });
}

async function createInstance(
  context: LoopContext,
  group: ServiceGroup,
  step: StepOf<"createInstance">,
): Promise<void> {
  const { service, number } = step;
  const name = `${group.metadata.name}-${service.name}-${number}-${context.random.suffix(5)}`;
  await context.client.create(Instance, {
    metadata: {
      namespace: group.metadata.namespace ?? "",
      name,
      labels: {
        ...serviceLabels(service),
        [LABEL.group]: group.metadata.name,
        [LABEL.service]: service.name,
        [LABEL.number]: String(number),
        [LABEL.revision]: step.revisionName,
      },
      annotations: {
        ...service.annotations,
        [ANNOTATION.restarts]: String(step.restarts),
        [ANNOTATION.fromService]: originOf(service),
      },
      ownerReferences: [ownerOf(group)],
      finalizers: finalizersOf(service),
    },
    spec: {
      serviceGroup: group.metadata.name,
      service: service.name,
      number,
      revisionName: step.revisionName,
      ...(step.replaces === undefined ? {} : { replaces: step.replaces }),
    },
  });
  const message = step.replaces === undefined ? `created ${name}` : `created ${name} to replace ${step.replaces}`;
  await recordEvent(context, { object: group, type: "Normal", reason: "InstanceCreated", message, reporter: NAME });
}

/** One finalizer for each layer that may hold something of the instance; `dns.publish` may change while it lives. */
function finalizersOf(service: Service): string[] {
  const usesDns = service.network?.mode !== "None";
  const usesRoute = service.network?.mode === "Routed";
  return [...(usesDns ? [FINALIZER.dns] : []), ...(usesRoute ? [FINALIZER.route] : []), FINALIZER.task];
}

function ownerOf(group: ServiceGroup) {
  const { name, uid = "" } = group.metadata;
  return {
    apiVersion: ServiceGroup.apiVersion,
    kind: ServiceGroup.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Says that the instance may leave, then deletes it; both are safe to repeat. */
async function release({ client }: LoopContext, instance: Instance, reason: string): Promise<void> {
  const { namespace = "", name, uid } = instance.metadata;
  const key = { namespace, name };
  if (instance.metadata.annotations?.[ANNOTATION.leave] === undefined) {
    await client.patch(Instance, key, {
      metadata: { ...(uid === undefined ? {} : { uid }), annotations: { [ANNOTATION.leave]: reason } },
    });
  }
  if (!isDeleting(instance)) await client.delete(Instance, key, uid === undefined ? {} : { uid });
}

async function relabel({ client }: LoopContext, instance: Instance, patch: unknown): Promise<void> {
  const { namespace = "", name } = instance.metadata;
  await client.patch(Instance, { namespace, name }, patch);
}

/** Instances whose group is gone, as a fresh read says, have nobody else to let them go. */
async function releaseOrphans(
  context: LoopContext,
  { key, instances }: { readonly key: string; readonly instances: readonly Instance[] },
): Promise<void> {
  const staying = instances.filter((instance) => !isLeaving(instance));
  if (staying.length === 0) return;
  try {
    const { namespace = "", name } = splitKey(key);
    await context.client.get(ServiceGroup, { namespace, name });
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    for (const instance of staying) await release(context, instance, "GroupDeleted");
  }
}
