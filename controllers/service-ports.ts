import { keyOf } from "../api-types/life.js";
import type { Service, ServiceGroup } from "../api-types/service-group.js";

/** The ports of the load balancer that a service asks for; 0 is not given yet. */
export function servicePortsOf({ network }: Pick<Service, "network">): readonly number[] {
  return (network.ports ?? []).flatMap(({ servicePort = 0 }) => (servicePort > 0 ? [servicePort] : []));
}

/** `rack/port` of each port of the load balancer that a group asks for by number. */
export function servicePortKeys({ spec }: ServiceGroup): readonly string[] {
  return [...new Set(spec.services.flatMap(servicePortsOf).map((port) => `${spec.rackName}/${port}`))];
}

export interface PortOwner {
  readonly group: ServiceGroup;
  readonly service: Service;
}

/** Whose port it is: that of the oldest of these groups of one rack, and in it of the first service. */
export function ownerOfPort(claimants: readonly ServiceGroup[], port: number): PortOwner | undefined {
  for (const group of claimants.toSorted(compareAge)) {
    const service = group.spec.services.find((one) => servicePortsOf(one).includes(port));
    if (service !== undefined) return { group, service };
  }
  return undefined;
}

function compareAge(a: ServiceGroup, b: ServiceGroup): number {
  const age = (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "");
  return age || keyOf(a).localeCompare(keyOf(b));
}
