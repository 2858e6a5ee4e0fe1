import { keyOf } from "../../../api-types/life.js";
import type { Service, ServiceGroup } from "../../../api-types/service-group.js";
import type { Blocker } from "./model.js";

/** `rack/port` of each port of the load balancer that a group asks for by number. */
export function servicePortKeys({ spec }: ServiceGroup): readonly string[] {
  return [...new Set(spec.services.flatMap(portsOf).map((port) => `${spec.rackName}/${port}`))];
}

function portsOf({ network }: Service): readonly number[] {
  return (network.ports ?? []).flatMap(({ servicePort = 0 }) => (servicePort > 0 ? [servicePort] : []));
}

/** Ports of a service that belong to an older group of the rack, or to an earlier service of its own group. */
export function portBlockers(
  group: ServiceGroup,
  service: Service,
  claimants: (key: string) => readonly ServiceGroup[],
): readonly Blocker[] {
  return portsOf(service).flatMap((port): Blocker[] => {
    const groups = [group, ...claimants(`${group.spec.rackName}/${port}`).filter((one) => keyOf(one) !== keyOf(group))];
    const [owner = group] = groups.sort(compareAge);
    const first = owner.spec.services.find((one) => portsOf(one).includes(port));
    const isOwn = keyOf(owner) === keyOf(group) && (first === undefined || first.name === service.name);
    return isOwn ? [] : [{ type: "portTaken", port, owner: `${keyOf(owner)}/${first?.name ?? ""}` }];
  });
}

function compareAge(a: ServiceGroup, b: ServiceGroup): number {
  const age = (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "");
  return age || keyOf(a).localeCompare(keyOf(b));
}
