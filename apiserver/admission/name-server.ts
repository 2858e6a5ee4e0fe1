import type { DnsRecord } from "../../api-types/dns-record.js";
import type { Rack } from "../../api-types/rack.js";
import type { ServiceGroup } from "../../api-types/service-group.js";
import { ADMITTED, type Admission } from "./admission.js";

/** Warns whoever gives names a time to live in a Rack whose back end has one of its own for all. */
export const ignoredTtl: Admission = ({ kind, object, previous, subresource, get }) => {
  const timesOf = TIMES_OF[kind.kind];
  if (timesOf === undefined || subresource !== "") return ADMITTED;
  // the schemas of these kinds have the field; a stored Rack passed that of Rack
  const { rackName } = object.spec as { readonly rackName: string };
  const rack = get("Rack", { name: rackName }) as unknown as Rack | undefined;
  if (rack?.spec.dns?.type !== "Consul") return ADMITTED;
  const known = new Map((previous === undefined ? [] : timesOf(previous)).map(({ path, seconds }) => [path, seconds]));
  const warnings = timesOf(object)
    .filter(({ path, seconds }) => seconds !== undefined && seconds !== known.get(path))
    .map(
      ({ path, seconds }) =>
        `${path}: ${seconds} is not applied: Rack "${rackName}" publishes names in Consul, which answers all with its own service_ttl`,
    );
  return warnings.length === 0 ? ADMITTED : { warnings };
};

interface AskedTime {
  readonly path: string;
  readonly seconds: number | undefined;
}

/** Times to live that an object asks for; each passed the schema of its kind. */
const TIMES_OF: Readonly<Record<string, (object: unknown) => readonly AskedTime[]>> = {
  // what was generated for an instance was told of when its group was written
  DnsRecord: (object) => {
    const { metadata, spec } = object as DnsRecord;
    return metadata.ownerReferences === undefined ? [{ path: "spec.ttlSeconds", seconds: spec.ttlSeconds }] : [];
  },
  ServiceGroup: (object) =>
    (object as ServiceGroup).spec.services.map(({ dns }, index) => ({
      path: `spec.services[${index}].dns.ttlSeconds`,
      seconds: dns.ttlSeconds,
    })),
};

/** Warns whoever moves the names of a Rack to another back end of what stays behind. */
export const movedNames: Admission = ({ kind, object, previous, subresource }) => {
  if (kind.kind !== "Rack" || subresource !== "" || previous === undefined) return ADMITTED;
  // both passed the schema of Rack
  const { metadata, spec } = object as unknown as Rack;
  const before = (previous as unknown as Rack).spec.dns;
  if (before === undefined || before.type === spec.dns?.type) return ADMITTED;
  if (before.type === "Builtin") {
    return { warnings: [`spec.dns.type: the name server at ${before.builtin?.listen} stops answering`] };
  }
  const node = `rackwright-${spec.identity ?? metadata.name}`;
  return {
    warnings: [
      `spec.dns.type: what is registered in Consul stays there, and grows old: deregister its node ${node} once no client asks Consul`,
    ],
  };
};
