import { isDeleting } from "../../../api-types/life.js";
import type { Service, ServiceGroup } from "../../../api-types/service-group.js";
import type { GroupView } from "./model.js";

type Sized = Pick<GroupView, "group" | "matchingNodes">;

/** How many instances a service runs now; a job: at once. Zero for a group that is suspended or deleted. */
export function wantedCount(view: Sized, service: Service): number {
  const wanted = askedCount(view, service);
  return Math.min(wanted, service.ordinals.slots ?? wanted);
}

/** How many are asked for, whether there are numbers for all of them or not. */
export function askedCount({ group, matchingNodes }: Sized, service: Service): number {
  if (isStopped(group)) return 0;
  if (service.mode === "EachNode") return matchingNodes(service);
  return group.spec.replicas * perCopy(group, service);
}

/** Instances of a service in each copy of its group. */
export function perCopy({ spec }: ServiceGroup, service: Service): number {
  return spec.scale?.[service.name] ?? service.instances ?? 1;
}

/** Nothing of the group is wanted: it is deleted, suspended, or has no copies. */
export function isStopped(group: ServiceGroup): boolean {
  return isDeleting(group) || group.spec.suspend || group.spec.replicas === 0;
}
