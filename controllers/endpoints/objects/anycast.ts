import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isLeaving, isTerminal } from "../../../api-types/life.js";
import type { Route } from "../../../api-types/route.js";
import type { ServiceGroup } from "../../../api-types/service-group.js";
import { isOfGroup, leadsTo } from "../../anycast-route.js";

/** The route over all instances of a service, seen from one of them. */
export interface AnycastSight {
  readonly group: ServiceGroup;
  readonly route: Route | undefined;
  /** The instance's node. */
  readonly nextHop: string;
  readonly siblings: readonly Instance[];
}

/**
 * Whether packets may still come to an instance by its service's anycast route: it leads to the node, and not for others
 * there. One that is not well is such another only while none of the service is: then the route stays as it is for its sake.
 */
export function isHeldByAnycast(instance: Instance, { group, route, nextHop, siblings }: AnycastSight): boolean {
  if (route === undefined || !isOfGroup(route, group) || !leadsTo(route, nextHop)) return false;
  const { node } = instance.status?.placement ?? {};
  const staying = siblings.filter((other) => other.metadata.uid !== instance.metadata.uid && !isLeaving(other));
  const isHere = (other: Instance) => other.status?.placement?.node === node;
  const serving = staying.filter(isServing);
  return !(serving.length > 0 ? serving : staying).some(isHere);
}

function isServing(instance: Instance): boolean {
  return !isTerminal(instance) && conditionOf(instance, "Ready")?.status === "True";
}
