import type { Rack } from "../../../api-types/rack.js";
import type { Service } from "../../../api-types/service-group.js";
import type { PortMapping, TaskLaunch } from "../../../drivers/compute/driver.js";
import type { ClaimedAddress } from "../../claimed-address.js";
import type { PlacedPort } from "./ports.js";

/** The container network of a rack that names none. */
const DEFAULT_NETWORK = "rackwright";

type Asked = Partial<Pick<Service["network"], "mode" | "networkName">> | undefined;

/** The network of a task; what is mapped are the ports that lie on the node. */
export function networkOf(network: Asked, rack: Rack, ports: readonly PlacedPort[]): TaskLaunch["network"] {
  const { mode = "Host" } = network ?? {};
  const networkName = network?.networkName ?? rack.spec.network?.networkName ?? DEFAULT_NETWORK;
  switch (mode) {
    case "Host":
    case "None":
      return { mode };
    case "Bridge":
      return { mode, mappings: mappingsOf(ports) };
    case "Container":
      return { mode, networkName, mappings: mappingsOf(ports) };
    case "Routed":
      return { mode, networkName };
    default:
      return mode satisfies never;
  }
}

/** The same with the address that a routed task is handed. */
export function withAddress(
  network: TaskLaunch["network"],
  claimed: ClaimedAddress | undefined,
): TaskLaunch["network"] {
  return network.mode === "Routed" && claimed !== undefined ? { ...network, address: claimed.address } : network;
}

function mappingsOf(ports: readonly PlacedPort[]): readonly PortMapping[] {
  return ports.flatMap(({ hostPort, containerPort, protocol }) =>
    hostPort === undefined ? [] : [{ hostPort, containerPort, protocol }],
  );
}
