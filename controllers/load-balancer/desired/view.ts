import type { DisruptionOverride } from "../../../api-types/disruption-override.js";
import type { Instance } from "../../../api-types/instance.js";
import { keyOf } from "../../../api-types/life.js";
import type { Node } from "../../../api-types/node.js";
import type { Rack } from "../../../api-types/rack.js";
import type { Revision } from "../../../api-types/revision.js";
import type { Service, ServiceGroup } from "../../../api-types/service-group.js";
import { FINALIZER } from "../../../api-types/well-known.js";
import type { Client } from "../../../client/client.js";
import type { ServerTarget } from "../../../drivers/load-balancer/driver.js";
import type { Clock } from "../../../platform/clock.js";
import type { Cache } from "../../../runtime/cache.js";
import type { AddressOverlay } from "../../connections.js";
import type { Kept } from "../../context.js";
import { overridesOf } from "../../disruption.js";
import { doubtOf } from "../../doubt.js";
import { addressOf } from "../../instance-address.js";
import { overlaidNode } from "../../overlaid-node.js";
import { ownerOfPort } from "../../service-ports.js";
import { isServing, type Wanted, wishFor } from "./wanted.js";

export interface Inputs {
  readonly rack: Rack;
  /** With indexes `service` (`namespace/group/service`) and `group`. */
  readonly instances: Cache<Instance>;
  /** With indexes `rack` and `servicePort`. */
  readonly groups: Cache<ServiceGroup>;
  readonly revisions: Cache<Revision>;
  readonly nodes: Cache<Node>;
  readonly overrides: Cache<DisruptionOverride>;
  readonly clock: Clock;
  readonly client: Client;
  readonly overlay: Kept<AddressOverlay> | undefined;
}

/** What a rack wants of its load balancer. */
export interface Desired {
  /** Service ports that some service owns. */
  readonly ports: readonly number[];
  readonly wanted: readonly Wanted[];
  /** Instances that proxies know, or are to know. */
  readonly members: readonly Instance[];
}

/** Every service port of the rack, and every instance that is, or was, behind one. */
export function desiredOf(inputs: Inputs): Desired {
  const { rack, groups } = inputs;
  const families = groups.by("rack", rack.metadata.name).flatMap((group) => familiesOf(group, inputs));
  const all = groups.by("rack", rack.metadata.name).flatMap((group) => ownedPorts(group, inputs));
  return {
    ports: [...new Set(all.map(({ port }) => port))].sort((a, b) => a - b),
    wanted: families.flatMap((family) => wantedOf(inputs, family)),
    members: families.flatMap(({ siblings }) => siblings),
  };
}

function familiesOf(group: ServiceGroup, inputs: Inputs): readonly Family[] {
  const owned = ownedPorts(group, inputs);
  const members = inputs.instances.by("group", keyOf(group));
  if (owned.length === 0 && !members.some(isKnown)) return [];
  return [...new Set(members.map(({ spec }) => spec.service))].flatMap((name) => {
    const siblings = inputs.instances.by("service", `${keyOf(group)}/${name}`);
    const own = owned.filter(({ service }) => service.name === name);
    if (own.length === 0 && !siblings.some(isKnown)) return [];
    const service = group.spec.services.find((one) => one.name === name) ?? templateOf(inputs, siblings);
    return service === undefined ? [] : [{ service, siblings, own }];
  });
}

function isKnown({ metadata, status }: Instance): boolean {
  return status?.balancers !== undefined || (metadata.finalizers ?? []).includes(FINALIZER.balancer);
}

/** What a service was that has left its group. */
function templateOf({ revisions }: Inputs, [first]: readonly Instance[]): Service | undefined {
  return first && revisions.get(`${first.metadata.namespace ?? ""}/${first.spec.revisionName}`)?.spec.template;
}

interface OwnedPort {
  readonly service: Service;
  /** Name of the port in the service. */
  readonly name: string;
  readonly port: number;
}

/** Of two that ask for a port the oldest has it; the other one is told (`ServicePortTaken`). */
function ownedPorts(group: ServiceGroup, { rack, groups }: Inputs): readonly OwnedPort[] {
  return group.spec.services.flatMap((service) =>
    (service.network.ports ?? []).flatMap(({ name, servicePort: port = 0, protocol }) => {
      if (port === 0 || protocol !== "TCP") return [];
      const owner = ownerOfPort(groups.by("servicePort", `${rack.metadata.name}/${port}`), port);
      const isOwn = owner !== undefined && keyOf(owner.group) === keyOf(group) && owner.service.name === service.name;
      return isOwn ? [{ service, name, port }] : [];
    }),
  );
}

interface Family {
  readonly service: Service;
  readonly siblings: readonly Instance[];
  readonly own: readonly OwnedPort[];
}

function wantedOf(inputs: Inputs, { service, siblings, own }: Family): Wanted[] {
  const serving = siblings.filter(isServing);
  const isDoubted = isHealthDoubted(inputs, service, siblings);
  const ownPorts = new Set(own.map(({ port }) => port));
  return siblings.flatMap((instance) => {
    const hasOther = serving.some((other) => other !== instance);
    const before = (instance.status?.balancers ?? []).map(({ port }) => port).filter((port) => !ownPorts.has(port));
    const names = [...own, ...[...new Set(before)].map((port) => ({ port, name: "" }))];
    return names.flatMap(({ port: servicePort, name }): Wanted[] => {
      const isOwn = ownPorts.has(servicePort);
      const wish = wishFor(instance, { servicePort, service, hasOther, isDoubted, isOwn });
      const target = targetOf(instance, { ...inputs, service, name, isNeeded: wish === "Ready" });
      return target === undefined ? [] : [{ servicePort, instance, target, wish }];
    });
  });
}

function isHealthDoubted(
  { clock, client, overrides, rack }: Inputs,
  service: Service,
  siblings: readonly Instance[],
): boolean {
  if (overridesOf({ client, clock, overrides }).find(rack.metadata.name, "names", 1) !== undefined) return false;
  return doubtOf(service, siblings, clock.now()) !== undefined;
}

interface Place {
  readonly service: Service;
  /** Name of the port in the service. */
  readonly name: string;
  readonly nodes: Cache<Node>;
  readonly overlay: Kept<AddressOverlay> | undefined;
  /** Without an address it is of no use. */
  readonly isNeeded: boolean;
}

/** By which address and port it is reached; of one placed before ports were stored, by those of its service that are fixed. */
function targetOf(instance: Instance, { service, name, nodes, overlay, isNeeded }: Place): ServerTarget | undefined {
  const { taskID: id, node: nodeName = "", ports = [] } = instance.status?.placement ?? {};
  const node = nodes.get(nodeName);
  const address = addressOf(instance, { service, node: node && overlaidNode(node, overlay) }) ?? "";
  const fixed = service.network.ports?.find((port) => port.name === name);
  const port = ports.find((one) => one.name === name)?.port ?? (fixed?.hostPort || fixed?.containerPort) ?? 0;
  if (id === undefined || (isNeeded && (address === "" || port === 0))) return undefined;
  return { id, address, port };
}
