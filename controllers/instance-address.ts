import type { Instance } from "../api-types/instance.js";
import type { Node } from "../api-types/node.js";
import type { Service } from "../api-types/service-group.js";

/** The task's own address where its network gives it one, else that of its node, whose ports lead to it. */
export function addressOf(
  instance: Instance,
  { service, node }: { readonly service: Pick<Service, "network">; readonly node: Node | undefined },
): string | undefined {
  const { mode } = service.network;
  if (mode !== "Routed" && mode !== "Container") return node?.spec.address;
  return otherAddressOf(instance) === undefined
    ? (instance.status?.placement?.address ?? instance.status?.addresses?.[0])
    : undefined;
}

/** Where the task says it is, if that is not the address that was claimed for it: there somebody else may be. */
export function otherAddressOf({ status }: Instance): string | undefined {
  const claimed = status?.placement?.address;
  const told = status?.addresses ?? [];
  return claimed === undefined || told.includes(claimed) ? undefined : told[0];
}
