import { keyOf } from "../../../api-types/life.js";
import type { Service, ServiceGroup } from "../../../api-types/service-group.js";
import { ownerOfPort, servicePortsOf } from "../../service-ports.js";
import type { Blocker } from "./model.js";

/** Ports of a service that belong to an older group of the rack, or to an earlier service of its own group. */
export function portBlockers(
  group: ServiceGroup,
  service: Service,
  claimants: (key: string) => readonly ServiceGroup[],
): readonly Blocker[] {
  return servicePortsOf(service).flatMap((port): Blocker[] => {
    const others = claimants(`${group.spec.rackName}/${port}`).filter((one) => keyOf(one) !== keyOf(group));
    const owner = ownerOfPort([group, ...others], port);
    const isOwn = owner === undefined || (keyOf(owner.group) === keyOf(group) && owner.service.name === service.name);
    return isOwn ? [] : [{ type: "portTaken", port, owner: `${keyOf(owner.group)}/${owner.service.name}` }];
  });
}
