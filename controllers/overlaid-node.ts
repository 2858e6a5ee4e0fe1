import type { Node } from "../api-types/node.js";
import type { AddressOverlay } from "./connections.js";
import type { Kept } from "./context.js";

/**
 * A node with the address at which its tasks are reached: that of its spec, unless the simulated rack has another one in
 * its place. For who connects to tasks or says where they are; next hops of routes are the switch's, and stay.
 */
export function overlaidNode(node: Node, overlay: Kept<AddressOverlay> | undefined): Node {
  const address = overlay?.value().nodes?.[node.metadata.name];
  return address === undefined ? node : { ...node, spec: { ...node.spec, address } };
}
