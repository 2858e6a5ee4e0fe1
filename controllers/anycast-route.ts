import type { Route } from "../api-types/route.js";
import { ServiceGroup } from "../api-types/service-group.js";

/** The name of the Route over all available instances of a service. */
export function anycastName(group: string, service: string): string {
  return `${group}-${service}-anycast`;
}

/** Whether a Route is of this very group. */
export function isOfGroup({ metadata }: Route, group: ServiceGroup): boolean {
  const owners = metadata.ownerReferences ?? [];
  return owners.some(({ kind, uid }) => kind === ServiceGroup.kind && uid === group.metadata.uid);
}

/** Whether packets are, or are about to be, sent to this node by the route. */
export function leadsTo({ spec, status }: Route, address: string): boolean {
  return [...spec.nextHops, ...(status?.installed ?? [])].some((hop) => hop.address === address);
}
