import { produce } from "immer";
import type { KubeObject } from "../../../api-types/meta/object.js";
import type { Rack } from "../../../api-types/rack.js";
import type { FieldError } from "../../../api-types/schema/structural.js";
import type { Service, ServiceGroup } from "../../../api-types/service-group.js";
import { isRecord } from "../../../platform/is-record.js";
import { ADMITTED, type Admission, type AdmissionInput, type Mutation } from "../admission.js";

/** The ports that may be assigned where the Rack says nothing, as Marathon's. */
const RANGE_DEFAULT = "10000-20000";

/**
 * Gives a number to every `servicePort: 0`: the one that this port of this service has already, else the lowest that is
 * free on the Rack. Where none is free it stays 0, which `servicePortOwner` refuses.
 */
export const assignServicePorts: Mutation = (input) => {
  const group = writtenGroup(input);
  if (group === undefined || !portsOf(group).some(({ servicePort }) => servicePort === 0)) return input.object;
  const kept = keptNumbers(group, numbersByName(input.previous, group.spec.rackName));
  const taken = new Set([...ownersOnRack(input, group).keys(), ...kept.values()]);
  for (const { servicePort } of portsOf(group)) taken.add(servicePort);
  const next = freePorts(rangeOf(input, group), taken);
  // the shape stays: only numbers of ports are filled in
  return produce(group, ({ spec }) => {
    for (const service of spec.services) {
      for (const port of service.network.ports ?? []) {
        if (port.servicePort === 0) port.servicePort = kept.get(nameOf(service, port)) ?? next() ?? 0;
      }
    }
  }) as unknown as KubeObject;
};

/** The numbers that ports with 0 have already, unless another port of the group asks for them now. */
function keptNumbers(group: ServiceGroup, before: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const asked = new Set(portsOf(group).map(({ servicePort }) => servicePort));
  const zeros = portsOf(group).filter(({ servicePort }) => servicePort === 0);
  const names = new Set(zeros.map(({ service, name }) => nameOf({ name: service }, { name })));
  return new Map([...before].filter(([name, number]) => number !== 0 && names.has(name) && !asked.has(number)));
}

/** Refuses a new number that another group of the Rack owns; what stood there before stays, the loops know the owner. */
export const servicePortOwner: Admission = (input) => {
  const group = writtenGroup(input);
  if (group === undefined || portsOf(group).length === 0) return ADMITTED;
  const before = numbersByName(input.previous, group.spec.rackName);
  const owners = ownersOnRack(input, group);
  const errors: FieldError[] = [];
  for (const { servicePort, service, path, name } of portsOf(group)) {
    if (before.get(nameOf({ name: service }, { name })) === servicePort) continue;
    const owner = owners.get(servicePort);
    const why =
      servicePort === 0
        ? `no port of ${rangeText(rangeOf(input, group))} is free on Rack "${group.spec.rackName}"`
        : owner === undefined
          ? undefined
          : `is the port of ${owner} on Rack "${group.spec.rackName}"; 0 takes a free one`;
    if (why !== undefined) errors.push({ type: "Invalid", path, message: `Invalid value: ${servicePort}: ${why}` });
  }
  return errors.length === 0 ? ADMITTED : { errors };
};

interface Balanced {
  readonly servicePort: number;
  readonly service: string;
  /** Name of the port. */
  readonly name: string;
  readonly path: string;
}

/** The group whose spec is written; undefined for everything else. */
function writtenGroup({ kind, object, subresource }: AdmissionInput): ServiceGroup | undefined {
  return kind.kind === "ServiceGroup" && subresource === "" ? asGroup(object) : undefined;
}

/** An object that has as much of the shape of a group as is looked at here; its schema may not have judged it yet. */
function asGroup(object: KubeObject): ServiceGroup | undefined {
  const services = isRecord(object.spec) ? object.spec.services : undefined;
  const isGroup = Array.isArray(services) && services.every(isService);
  // everything that is read of it was just looked at
  return isGroup ? (object as unknown as ServiceGroup) : undefined;
}

function isService(service: unknown): boolean {
  if (!isRecord(service) || !isRecord(service.network)) return false;
  const { ports } = service.network;
  return ports === undefined || (Array.isArray(ports) && ports.every(isRecord));
}

function portsOf({ spec }: ServiceGroup): readonly Balanced[] {
  return spec.services.flatMap((service, index) =>
    (service.network.ports ?? []).flatMap(({ name, servicePort }, at) => {
      const path = `spec.services[${index}].network.ports[${at}].servicePort`;
      return servicePort === undefined ? [] : [{ servicePort, service: service.name, name, path }];
    }),
  );
}

function nameOf(service: Pick<Service, "name">, port: { readonly name: string }): string {
  return `${service.name}/${port.name}`;
}

/** The numbers that a stored group has on the Rack, by service and port. */
function numbersByName(group: KubeObject | undefined, rackName: string): ReadonlyMap<string, number> {
  const stored = group && asGroup(group);
  if (stored === undefined || stored.spec.rackName !== rackName) return new Map();
  return new Map(
    portsOf(stored).map(({ service, name, servicePort }) => [nameOf({ name: service }, { name }), servicePort]),
  );
}

/** Who of the other groups owns which port on the Rack, those on their way to the store included. */
function ownersOnRack(
  { list, pending }: AdmissionInput,
  { metadata, spec }: ServiceGroup,
): ReadonlyMap<number, string> {
  const owners = new Map<number, string>();
  for (const object of [...list("ServiceGroup"), ...pending("ServiceGroup")]) {
    const other = asGroup(object);
    if (other === undefined || other.spec.rackName !== spec.rackName) continue;
    if (other.metadata.name === metadata.name && other.metadata.namespace === metadata.namespace) continue;
    const group = `ServiceGroup "${other.metadata.namespace}/${other.metadata.name}"`;
    for (const { servicePort, service } of portsOf(other)) owners.set(servicePort, `service "${service}" of ${group}`);
  }
  return owners;
}

interface PortRange {
  readonly first: number;
  readonly last: number;
}

function rangeOf({ get }: AdmissionInput, { spec }: ServiceGroup): PortRange {
  // a stored Rack passed the schema of Rack
  const rack = get("Rack", { name: spec.rackName }) as unknown as Rack | undefined;
  return (
    parsedRange(rack?.spec.loadBalancer?.haproxy?.servicePortRange ?? RANGE_DEFAULT) ?? { first: 10_000, last: 20_000 }
  );
}

function parsedRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  return first >= 1 && last <= 65_535 && first <= last ? { first, last } : undefined;
}

function rangeText({ first, last }: PortRange): string {
  return `${first}-${last}`;
}

/** The free ports of a range, the lowest first. */
function freePorts({ first, last }: PortRange, taken: ReadonlySet<number>): () => number | undefined {
  let at = first;
  return () => {
    while (at <= last && taken.has(at)) at += 1;
    return at <= last ? at++ : undefined;
  };
}
