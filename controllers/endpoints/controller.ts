import { isDeepStrictEqual } from "node:util";
import { DisruptionOverride } from "../../api-types/disruption-override.js";
import { DnsRecord } from "../../api-types/dns-record.js";
import { Instance } from "../../api-types/instance.js";
import { isLeaving, isTerminal, isTrue, keyOf } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { Route } from "../../api-types/route.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { substitute } from "../../api-types/substitute.js";
import { FINALIZER, LABEL } from "../../api-types/well-known.js";
import type { Cache } from "../../runtime/cache.js";
import { defineController, on } from "../../runtime/controller.js";
import { removeFinalizer } from "../../runtime/finalizers.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import { anycastName } from "../anycast-route.js";
import type { LoopContext } from "../context.js";
import { externalAddressOf } from "../external-address.js";
import { addressOf, otherAddressOf } from "../instance-address.js";
import { hasOtherVariables } from "../matching.js";
import { overlaidNode } from "../overlaid-node.js";
import { ownConditions } from "../own-conditions.js";
import { servicePortKeys } from "../service-ports.js";
import { holdMs } from "./hold.js";
import { isHeldByAnycast } from "./objects/anycast.js";
import { balancedOf } from "./objects/balanced.js";
import { isDoubted } from "./objects/doubted.js";
import { ownedMeta, recordMeta, recordSpec } from "./objects/owned.js";
import { ttlHeld } from "./objects/time-to-live.js";
import { type EndpointStep, type EndpointsPlan, type EndpointsView, planEndpoints } from "./plan.js";

const NAME = "endpoints";

/** Publishes ready Instances as Routes and DnsRecords, and withdraws leaving ones in the safe order. */
export const endpointsController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    concurrency: 16,
    watches: [
      on(
        Instance,
        (instance, previous) => [keyOf(instance), ...siblingKeys(loop, instance, previous)],
        (instance) => [keyOf(instance)],
      ),
      on(Route, (route) => [...ownerKeys(route), ...leavingKeys(loop, route)], ownerKeys),
      on(DnsRecord, ownerKeys),
      on(ServiceGroup, (group, previous) =>
        previous !== undefined && group.metadata.generation !== previous.metadata.generation
          ? memberKeys(loop, group)
          : [],
      ),
      on(Rack, (rack, previous) => (hasOtherVariables(rack, previous) ? membersOfRack(loop, rack) : [])),
      on(Node, (node, previous) =>
        isDeepStrictEqual(node.spec, previous?.spec) ? [] : loop.instances.by("node", node.metadata.name).map(keyOf),
      ),
      on(Revision, () => []),
      on(DisruptionOverride, () => []),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly instances: Cache<Instance>;
  readonly groups: Cache<ServiceGroup>;
  readonly revisions: Cache<Revision>;
  readonly routes: Cache<Route>;
  readonly records: Cache<DnsRecord>;
  readonly racks: Cache<Rack>;
  readonly nodes: Cache<Node>;
  readonly overrides: Cache<DisruptionOverride>;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  const instances = informers.cache(Instance, {
    service: (instance) => [serviceKeyOf(instance)],
    node: (instance) => (instance.status?.placement === undefined ? [] : [instance.status.placement.node]),
  });
  return {
    context,
    instances,
    groups: informers.cache(ServiceGroup, { rack: (group) => [group.spec.rackName], servicePort: servicePortKeys }),
    revisions: informers.cache(Revision),
    routes: informers.cache(Route),
    records: informers.cache(DnsRecord, { service: serviceOfLabels }),
    racks: informers.cache(Rack),
    overrides: informers.cache(DisruptionOverride),
    nodes: informers.cache(Node),
  };
}

async function reconcile(loop: Loop, key: string): Promise<ReconcileResult | undefined> {
  const instance = loop.instances.get(key);
  const view = instance && viewOf(loop, instance);
  if (instance === undefined || view === undefined) return;
  const plan = planEndpoints(view);
  const heldMs = holdMs(view, plan);
  // the step is recorded before it is taken: a successor of this process sees how far leaving went
  if (heldMs === 0) await report(loop, instance, plan);
  await performAll(loop, view, plan).catch(async (error: unknown) => {
    if (heldMs > 0) await report(loop, instance, plan);
    throw error;
  });
  const dueMs = [plan.requeueAfterMs ?? 0, heldMs].filter((ms) => ms > 0);
  return dueMs.length === 0 ? {} : { requeueAfterMs: Math.min(...dueMs) };
}

async function report(loop: Loop, instance: Instance, plan: EndpointsPlan): Promise<void> {
  const conditions = ownConditions(instance, plan.conditions, loop.context.clock.now());
  const { drainUntil, dnsTtlSeconds } = plan;
  const status = {
    ...(dnsTtlSeconds === undefined ? {} : { dnsTtlSeconds }),
    ...(drainUntil === undefined ? {} : { drainUntil }),
    conditions,
  };
  await reportStatus({
    client: loop.context.client,
    cache: loop.instances,
    kind: Instance,
    object: instance,
    status,
    manager: NAME,
  });
}

async function performAll(loop: Loop, view: EndpointsView, plan: EndpointsPlan): Promise<void> {
  for (const step of plan.steps) await perform(loop, view, step);
}

/** Whether another one is Published decides what may be withdrawn. */
function siblingKeys(loop: Loop, instance: Instance, previous: Instance | undefined): string[] {
  const isAsBefore = previous !== undefined && isServing(instance) === isServing(previous);
  if (isAsBefore && isKeptDead(instance) === isKeptDead(previous)) return [];
  return loop.instances.by("service", serviceKeyOf(instance)).map(keyOf);
}

/** Instances that wait until a route of their group leads to their node no more. */
function leavingKeys({ instances }: Loop, route: Route): string[] {
  if (!(route.metadata.ownerReferences ?? []).some(({ kind }) => kind === ServiceGroup.kind)) return [];
  return serviceOfLabels(route).flatMap((service) => instances.by("service", service).filter(isLeaving).map(keyOf));
}

function membersOfRack(loop: Loop, rack: Rack): string[] {
  return loop.groups.by("rack", rack.metadata.name).flatMap((group) => memberKeys(loop, group));
}

function memberKeys(loop: Loop, group: ServiceGroup): string[] {
  return group.spec.services.flatMap((service) =>
    loop.instances.by("service", `${keyOf(group)}/${service.name}`).map(keyOf),
  );
}

function viewOf(loop: Loop, instance: Instance): EndpointsView | undefined {
  const group = loop.groups.get(`${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}`);
  const service = serviceOf(loop, instance, group);
  const rack = group && loop.racks.get(group.spec.rackName);
  if (service === undefined || rack === undefined) return undefined;
  const node = loop.nodes.get(instance.status?.placement?.node ?? "");
  const siblings = loop.instances.by("service", serviceKeyOf(instance));
  const outside = outsideOf(loop, instance);
  return {
    instance,
    service,
    ...outside,
    address: addressOf(instance, { service, node: node && overlaidNode(node, loop.context.overlay) }),
    otherAddress: otherAddressOf(instance),
    balanced: balancedOf(instance, { rack, group, claimants: (key) => loop.groups.by("servicePort", key) }),
    nodeExternalAddress: node && externalAddressOf(node, rack),
    isHeldByAnycast:
      node !== undefined &&
      group !== undefined &&
      isHeldByAnycast(instance, {
        group,
        route: loop.routes.get(anycastKey(instance)),
        nextHop: externalAddressOf(node, rack),
        siblings,
      }),
    hasSwitch: (rack.spec.network?.switch.type ?? "None") !== "None",
    ttlSeconds: ttlHeld(instance, { ...outside, rack }, loop.context.clock.now()),
    hasOtherPublished: siblings.some(
      (other) => other !== instance && (isServing(other) || hasInherited(other, instance)),
    ),
    isDoubted: isDoubted(instance, { ...loop, service, rack, siblings }),
    rackName: rack.metadata.name,
    names: namesOf(instance, service),
    now: loop.context.clock.now(),
  };
}

/** The Route and DnsRecord of an instance; an object of its name that belongs to somebody else is told by its kind. */
function outsideOf(loop: Loop, instance: Instance): Pick<EndpointsView, "route" | "dnsRecord" | "foreign"> {
  const route = loop.routes.get(keyOf(instance));
  const dnsRecord = loop.records.get(keyOf(instance));
  const isForeignRoute = route !== undefined && !isOwned(route, instance);
  const isForeignRecord = dnsRecord !== undefined && !isOwned(dnsRecord, instance);
  return {
    route: isForeignRoute ? undefined : route,
    dnsRecord: isForeignRecord ? undefined : dnsRecord,
    foreign: isForeignRoute ? "Route" : isForeignRecord ? "DnsRecord" : undefined,
  };
}

/** Names as its group says today, the network as the task was launched with. */
function serviceOf(loop: Loop, instance: Instance, group: ServiceGroup | undefined): Service | undefined {
  const live = group?.spec.services.find((candidate) => candidate.name === instance.spec.service);
  const template = templateOf(loop, instance);
  if (live === undefined || template === undefined) return live ?? template;
  const { advertise = "Rack" } = live.network;
  return { ...live, network: { ...template.network, advertise }, mode: template.mode };
}

function templateOf(loop: Loop, instance: Instance): Service | undefined {
  return loop.revisions.get(`${instance.metadata.namespace ?? ""}/${instance.spec.revisionName}`)?.spec.template;
}

async function perform(loop: Loop, view: EndpointsView, step: EndpointStep): Promise<void> {
  const { instance } = view;
  const key = { namespace: instance.metadata.namespace ?? "", name: instance.metadata.name };
  switch (step.type) {
    case "applyRoute": {
      const { prefix, nextHop, advertise } = step;
      const spec = { rackName: view.rackName, prefix, nextHops: [{ address: nextHop }], advertise };
      await loop.context.client.apply(
        Route,
        { metadata: ownedMeta(instance, FINALIZER.installed), spec },
        { fieldManager: NAME },
      );
      return;
    }
    case "applyDnsRecord": {
      await loop.context.client.apply(
        DnsRecord,
        {
          metadata: recordMeta(view, step.isShared, loop.records.by("service", serviceKeyOf(instance))),
          spec: recordSpec(view, step),
        },
        { fieldManager: NAME },
      );
      return;
    }
    case "deleteRoute":
      return loop.context.client.delete(Route, key, { uid: step.uid });
    case "deleteDnsRecord":
      return loop.context.client.delete(DnsRecord, key, { uid: step.uid });
    case "releaseFinalizer":
      await removeFinalizer({
        client: loop.context.client,
        kind: Instance,
        object: loop.instances.get(keyOf(instance)) ?? instance,
        finalizer: step.finalizer,
      });
      return;
    default:
      return step satisfies never;
  }
}

function ownerKeys(object: {
  readonly metadata: {
    readonly namespace?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
}): string[] {
  const owners = object.metadata.ownerReferences ?? [];
  return owners
    .filter((owner) => owner.kind === Instance.kind)
    .map((owner) => `${object.metadata.namespace ?? ""}/${owner.name}`);
}

function isOwned(
  object: { readonly metadata: { readonly ownerReferences?: readonly { readonly uid: string }[] } },
  instance: Instance,
): boolean {
  return (object.metadata.ownerReferences ?? []).some((owner) => owner.uid === instance.metadata.uid);
}

function serviceKeyOf(instance: Instance): string {
  return `${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}/${instance.spec.service}`;
}

/** It answers, and will go on answering. */
function isServing(instance: Instance): boolean {
  return isTrue(instance, "Published") && isTrue(instance, "Ready") && !isTerminal(instance) && !isLeaving(instance);
}

/** It ended, and its name stays as long as nobody else answers. */
function isKeptDead(instance: Instance): boolean {
  return isTrue(instance, "Published") && isTerminal(instance) && !isLeaving(instance);
}

/** Of one number's instances that ended, the last keeps the name: they would add up while none serves long enough. */
function hasInherited(other: Instance, instance: Instance): boolean {
  return (
    isKeptDead(other) && isKeptDead(instance) && other.spec.number === instance.spec.number && isNewer(other, instance)
  );
}

function isNewer(a: Instance, b: Instance): boolean {
  if (a.spec.replaces === b.metadata.name) return true;
  return (a.metadata.creationTimestamp ?? "") > (b.metadata.creationTimestamp ?? "");
}

/** The service's name first, then the instance's own. */
function namesOf(instance: Instance, service: Service): string[] {
  const { dns } = service;
  const variables: Readonly<Record<string, string | undefined>> = {
    NAMESPACE: instance.metadata.namespace,
    GROUP: instance.spec.serviceGroup,
    SERVICE: instance.spec.service,
    NUMBER: String(instance.spec.number),
    NODE: instance.status?.placement?.node,
    INSTANCE: instance.metadata.name,
  };
  const pattern = dns.instanceName ?? (service.mode === "EachNode" ? "$(SERVICE)-$(NODE)" : "$(SERVICE)-$(NUMBER)");
  const own = substitute(pattern, (name) => variables[name]).text;
  const shared = dns.name ?? service.name;
  return dns.perInstance && own !== shared ? [shared, own] : [shared];
}

function serviceOfLabels({ metadata }: DnsRecord | Route): string[] {
  const { [LABEL.group]: group, [LABEL.service]: service } = metadata.labels ?? {};
  return group === undefined || service === undefined ? [] : [`${metadata.namespace ?? ""}/${group}/${service}`];
}

function anycastKey({ metadata, spec }: Instance): string {
  return `${metadata.namespace ?? ""}/${anycastName(spec.serviceGroup, spec.service)}`;
}
