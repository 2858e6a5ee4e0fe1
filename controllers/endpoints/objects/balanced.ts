import type { Instance } from "../../../api-types/instance.js";
import { keyOf } from "../../../api-types/life.js";
import type { Rack } from "../../../api-types/rack.js";
import type { ServiceGroup } from "../../../api-types/service-group.js";
import { ownerOfPort, servicePortsOf } from "../../service-ports.js";

/** What the load balancer owes an instance. */
export type Balanced =
  | { readonly type: "unused" }
  /** The port belongs to another service. */
  | { readonly type: "lost"; readonly port: number; readonly owner: string }
  | { readonly type: "used"; readonly ports: readonly number[]; readonly proxies: readonly string[] };

export interface BalancedInputs {
  readonly rack: Rack;
  readonly group: ServiceGroup | undefined;
  /** Groups that ask for `rack/port`. */
  readonly claimants: (key: string) => readonly ServiceGroup[];
}

/** By the service ports that its service has today: they change without a restart. */
export function balancedOf(instance: Instance, { rack, group, claimants }: BalancedInputs): Balanced {
  const proxies = (rack.spec.loadBalancer?.haproxy?.endpoints ?? []).map(({ name }) => name);
  const service = group?.spec.services.find(({ name }) => name === instance.spec.service);
  const ports = service === undefined ? [] : servicePortsOf(service);
  if (group === undefined || proxies.length === 0 || ports.length === 0) return { type: "unused" };
  for (const port of ports) {
    const owner = ownerOfPort(claimants(`${rack.metadata.name}/${port}`), port);
    const isOwn = owner === undefined || (owner.service.name === service?.name && keyOf(owner.group) === keyOf(group));
    if (!isOwn) return { type: "lost", port, owner: `${keyOf(owner.group)}/${owner.service.name}` };
  }
  return { type: "used", ports, proxies };
}
