import { isDeepStrictEqual } from "node:util";
import { isInside } from "../../api-types/format/address.js";
import { Instance } from "../../api-types/instance.js";
import { keyOf } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Route } from "../../api-types/route.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { substitute } from "../../api-types/substitute.js";
import { FINALIZER, LABEL } from "../../api-types/well-known.js";
import type { Cache } from "../../runtime/cache.js";
import { defineController, on } from "../../runtime/controller.js";
import { recordEvent } from "../../runtime/events.js";
import { anycastName, isOfGroup } from "../anycast-route.js";
import type { LoopContext } from "../context.js";
import { externalAddressOf } from "../external-address.js";
import { hasOtherVariables } from "../matching.js";
import { type AnycastStep, type AnycastView, planAnycast } from "./plan.js";

const NAME = "anycast";

/** Keeps one Route over the available instances of each service with an anycast prefix. */
export const anycastController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(ServiceGroup, (group, previous) => (isAsBefore(group, previous) ? [] : [keyOf(group)])),
      on(
        Instance,
        (instance) => groupKeys(loop, instance),
        () => [],
      ),
      on(Route, (route, previous) =>
        route.metadata.generation === previous?.metadata.generation ? [] : ownerKeys(route),
      ),
      on(Node, (node, previous) =>
        isDeepStrictEqual(node.spec, previous?.spec) ? [] : keysOfRack(loop, node.spec.rackName),
      ),
      on(Rack, (rack, previous) => (hasOtherVariables(rack, previous) ? keysOfRack(loop, rack.metadata.name) : [])),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly groups: Cache<ServiceGroup>;
  readonly instances: Cache<Instance>;
  readonly routes: Cache<Route>;
  readonly nodes: Cache<Node>;
  readonly racks: Cache<Rack>;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  return {
    context,
    groups: informers.cache(ServiceGroup, { rack: (group) => [group.spec.rackName] }),
    instances: informers.cache(Instance, {
      service: ({ metadata, spec }) => [serviceKey(metadata.namespace, spec.serviceGroup, spec.service)],
    }),
    routes: informers.cache(Route, { group: ownerKeys }),
    nodes: informers.cache(Node),
    racks: informers.cache(Rack),
  };
}

function serviceKey(namespace = "", group: string, service: string): string {
  return `${namespace}/${group}/${service}`;
}

function isAsBefore(group: ServiceGroup, previous: ServiceGroup | undefined): boolean {
  return previous !== undefined && group.metadata.generation === previous.metadata.generation;
}

/** Most groups have no such route, and their Instances change often. */
function groupKeys({ groups, routes }: Loop, { metadata, spec }: Instance): string[] {
  const key = `${metadata.namespace ?? ""}/${spec.serviceGroup}`;
  const isWanted = groups.get(key)?.spec.services.some(({ network }) => network.anycast !== undefined) ?? false;
  return isWanted || routes.by("group", key).length > 0 ? [key] : [];
}

function keysOfRack({ groups }: Loop, rack: string): string[] {
  return groups.by("rack", rack).map(keyOf);
}

function ownerKeys({ metadata }: Route): string[] {
  const owners = (metadata.ownerReferences ?? []).filter(({ kind }) => kind === ServiceGroup.kind);
  return owners.map(({ name }) => `${metadata.namespace ?? ""}/${name}`);
}

async function reconcile(loop: Loop, key: string): Promise<void> {
  const group = loop.groups.get(key);
  const rack = group && loop.racks.get(group.spec.rackName);
  if (group === undefined || rack === undefined) return;
  const wanted = group.spec.services.filter(({ network }) => network.anycast !== undefined).map(({ name }) => name);
  const stored = loop.routes.by("group", key).flatMap(({ metadata }) => metadata.labels?.[LABEL.service] ?? []);
  for (const service of new Set([...wanted, ...stored])) await keep(loop, { group, rack, service });
}

interface Subject {
  readonly group: ServiceGroup;
  readonly rack: Rack;
  readonly service: string;
}

async function keep(loop: Loop, subject: Subject): Promise<void> {
  const { group, service } = subject;
  const route = loop.routes.get(`${group.metadata.namespace ?? ""}/${anycastName(group.metadata.name, service)}`);
  if (route !== undefined && !isOfGroup(route, group)) return tellConflict(loop, subject, route);
  await carryOut(loop, subject, planAnycast(viewOf(loop, subject, route)));
}

function viewOf(loop: Loop, { group, rack, service }: Subject, route: Route | undefined): AnycastView {
  const live = group.spec.services.find(({ name }) => name === service);
  const members = loop.instances.by("service", serviceKey(group.metadata.namespace, group.metadata.name, service));
  return {
    prefix: prefixOf({ live, rack, route }),
    advertise: live === undefined ? (route?.spec.advertise ?? "Rack") : (live.network.advertise ?? "Rack"),
    keepsLast: (live?.dns.lastInstance ?? "Keep") === "Keep" && live?.mode !== "Job",
    members: members.map((instance) => {
      const node = loop.nodes.get(instance.status?.placement?.node ?? "");
      return { instance, nextHop: node && externalAddressOf(node, rack) };
    }),
    route,
  };
}

interface Wish {
  readonly live: Service | undefined;
  readonly rack: Rack;
  readonly route: Route | undefined;
}

/** That of a service that left its group shrinks with its instances; one in a management prefix is never asked for (R10). */
function prefixOf({ live, rack, route }: Wish): string | undefined {
  const { managementPrefixes = [], switch: tor } = rack.spec.network ?? {};
  if ((tor?.type ?? "None") === "None") return undefined;
  const written = live === undefined ? route?.spec.prefix : live.network.anycast;
  const { text } = substitute(written ?? "", (name) => rack.spec.variables?.[name]);
  return managementPrefixes.some((prefix) => isInside(text, prefix)) ? undefined : written;
}

async function carryOut({ context }: Loop, { group, rack, service }: Subject, step: AnycastStep): Promise<void> {
  const { client } = context;
  const { namespace = "", name: groupName, uid = "" } = group.metadata;
  const name = anycastName(groupName, service);
  switch (step.type) {
    case "keep":
      return;
    case "delete":
      return client.delete(Route, { namespace, name }, { uid: step.uid });
    case "set": {
      const { apiVersion, kind } = ServiceGroup;
      const owner = { apiVersion, kind, name: groupName, uid, controller: true, blockOwnerDeletion: true };
      const labels = { [LABEL.group]: groupName, [LABEL.service]: service };
      const metadata = { namespace, name, labels, ownerReferences: [owner], finalizers: [FINALIZER.installed] };
      const { prefix, nextHops, advertise } = step;
      const spec = { rackName: rack.metadata.name, prefix, nextHops: [...nextHops], advertise };
      await client.apply(Route, { metadata, spec }, { fieldManager: NAME });
      return;
    }
    default:
      return step satisfies never;
  }
}

/** An object that somebody else made is never taken over (R20). */
async function tellConflict({ context }: Loop, { group, service }: Subject, route: Route): Promise<void> {
  const message = `Route ${keyOf(route)} exists and is not owned by this group: service ${service} has no anycast route`;
  await recordEvent(context, { type: "Warning", reason: "AnycastNotSet", message, reporter: NAME, object: group });
}
