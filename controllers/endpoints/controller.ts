import { isDeepStrictEqual } from "node:util";
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
import { defineController, on } from "../../runtime/controller.js";
import { removeFinalizer } from "../../runtime/finalizers.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext } from "../context.js";
import { ownConditions } from "../own-conditions.js";
import { holdMs } from "./hold.js";
import { type EndpointStep, type EndpointsPlan, type EndpointsView, planEndpoints } from "./plan.js";

const NAME = "endpoints";

/** Publishes ready Instances as Routes and DnsRecords, and withdraws leaving ones in the safe order. */
export function endpointsController(context: LoopContext) {
  const { informers, client, clock } = context;
  const instances = informers.cache(Instance, {
    service: (instance) => [serviceKeyOf(instance)],
    node: (instance) => (instance.status?.placement === undefined ? [] : [instance.status.placement.node]),
  });
  const groups = informers.cache(ServiceGroup);
  const revisions = informers.cache(Revision);
  const routes = informers.cache(Route);
  const records = informers.cache(DnsRecord);
  const racks = informers.cache(Rack);
  const nodes = informers.cache(Node);

  return defineController({
    name: NAME,
    concurrency: 16,
    watches: [
      on(
        Instance,
        (instance, previous) => [keyOf(instance), ...siblingKeys(instance, previous)],
        (instance) => [keyOf(instance)],
      ),
      on(Route, ownerKeys),
      on(DnsRecord, ownerKeys),
      on(ServiceGroup, (group, previous) =>
        previous !== undefined && group.metadata.generation !== previous.metadata.generation ? memberKeys(group) : [],
      ),
      on(Rack, () => []),
      on(Node, (node, previous) =>
        isDeepStrictEqual(node.spec, previous?.spec) ? [] : instances.by("node", node.metadata.name).map(keyOf),
      ),
      on(Revision, () => []),
    ],
    async reconcile(key) {
      const instance = instances.get(key);
      const view = instance && viewOf(instance);
      if (instance === undefined || view === undefined) return;
      const plan = planEndpoints(view);
      const heldMs = holdMs(view, plan);
      // the step is recorded before it is taken: a successor of this process sees how far leaving went
      if (heldMs === 0) await report(instance, plan);
      await performAll(view, plan).catch(async (error: unknown) => {
        if (heldMs > 0) await report(instance, plan);
        throw error;
      });
      const dueMs = [plan.requeueAfterMs ?? 0, heldMs].filter((ms) => ms > 0);
      return dueMs.length === 0 ? {} : { requeueAfterMs: Math.min(...dueMs) };
    },
  });

  async function report(instance: Instance, plan: EndpointsPlan): Promise<void> {
    const conditions = ownConditions(instance, plan.conditions, clock.now());
    const status = { ...(plan.drainUntil === undefined ? {} : { drainUntil: plan.drainUntil }), conditions };
    await reportStatus({ client, cache: instances, kind: Instance, object: instance, status, manager: NAME });
  }

  async function performAll(view: EndpointsView, plan: EndpointsPlan): Promise<void> {
    for (const step of plan.steps) await perform(view, step);
  }

  /** Whether another one is Published decides what may be withdrawn. */
  function siblingKeys(instance: Instance, previous: Instance | undefined): string[] {
    if (previous !== undefined && isServing(instance) === isServing(previous)) return [];
    return instances.by("service", serviceKeyOf(instance)).map(keyOf);
  }

  function memberKeys(group: ServiceGroup): string[] {
    return group.spec.services.flatMap((service) =>
      instances.by("service", `${keyOf(group)}/${service.name}`).map(keyOf),
    );
  }

  function viewOf(instance: Instance): EndpointsView | undefined {
    const group = groups.get(`${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}`);
    const service =
      group?.spec.services.find((candidate) => candidate.name === instance.spec.service) ?? templateOf(instance);
    const rack = group && racks.get(group.spec.rackName);
    if (service === undefined || rack === undefined) return undefined;
    const lookup = (name: string) => rack.spec.variables?.[name];
    const node = nodes.get(instance.status?.placement?.node ?? "");
    const route = routes.get(keyOf(instance));
    const dnsRecord = records.get(keyOf(instance));
    const isForeignRoute = route !== undefined && !isOwned(route, instance);
    const isForeignRecord = dnsRecord !== undefined && !isOwned(dnsRecord, instance);
    return {
      instance,
      service,
      route: isForeignRoute ? undefined : route,
      dnsRecord: isForeignRecord ? undefined : dnsRecord,
      foreign: isForeignRoute ? "Route" : isForeignRecord ? "DnsRecord" : undefined,
      address: addressOf(instance, { service, node }),
      nodeExternalAddress: node && substitute(node.spec.externalAddress ?? node.spec.address ?? "", lookup).text,
      hasSwitch: (rack.spec.network?.switch.type ?? "None") !== "None",
      ttlSeconds: rack.spec.dns?.ttlSeconds ?? 0,
      hasOtherPublished: instances
        .by("service", serviceKeyOf(instance))
        .some((other) => other !== instance && isServing(other)),
      rackName: rack.metadata.name,
      names: namesOf(instance, service),
      now: clock.now(),
    };
  }

  function templateOf(instance: Instance): Service | undefined {
    return revisions.get(`${instance.metadata.namespace ?? ""}/${instance.spec.revisionName}`)?.spec.template;
  }

  async function perform(view: EndpointsView, step: EndpointStep): Promise<void> {
    const { instance } = view;
    const key = { namespace: instance.metadata.namespace ?? "", name: instance.metadata.name };
    switch (step.type) {
      case "applyRoute": {
        const spec = { rackName: view.rackName, prefix: step.prefix, nextHops: [{ address: step.nextHop }] };
        await client.apply(Route, { metadata: ownedMeta(instance, FINALIZER.installed), spec }, { fieldManager: NAME });
        return;
      }
      case "applyDnsRecord": {
        await client.apply(
          DnsRecord,
          { metadata: ownedMeta(instance, FINALIZER.registered), spec: recordSpec(view, step) },
          { fieldManager: NAME },
        );
        return;
      }
      case "deleteRoute":
        return client.delete(Route, key, { uid: step.uid });
      case "deleteDnsRecord":
        return client.delete(DnsRecord, key, { uid: step.uid });
      case "releaseFinalizer":
        await removeFinalizer({
          client,
          kind: Instance,
          object: instances.get(keyOf(instance)) ?? instance,
          finalizer: step.finalizer,
        });
        return;
      default:
        return step satisfies never;
    }
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

/** The task's own address when it has one, else that of its node. */
function addressOf(
  instance: Instance,
  { service, node }: { service: Service; node: Node | undefined },
): string | undefined {
  if (service.network.mode === "Routed") return instance.status?.addresses?.[0];
  return node?.spec.address;
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

function ownedMeta(instance: Instance, finalizer: string) {
  const { namespace = "", name, uid = "", labels = {} } = instance.metadata;
  const owner = {
    apiVersion: Instance.apiVersion,
    kind: Instance.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  const kept = Object.values(LABEL).flatMap((label) => (labels[label] === undefined ? [] : [[label, labels[label]]]));
  return { namespace, name, labels: Object.fromEntries(kept), ownerReferences: [owner], finalizers: [finalizer] };
}

function recordSpec(
  { rackName, instance }: EndpointsView,
  { name, names, address, ports, tags }: Extract<EndpointStep, { type: "applyDnsRecord" }>,
) {
  return {
    rackName,
    type: "Service" as const,
    name,
    ...(names.length === 0 ? {} : { names }),
    targets: [{ id: instance.metadata.name, address, ports, tags }],
  };
}
