import type { Node } from "../api-types/node.js";
import type { Rack } from "../api-types/rack.js";
import { substitute } from "../api-types/substitute.js";

/** The address of a node that routes lead to. */
export function externalAddressOf(node: Node, rack: Rack): string {
  const written = node.spec.externalAddress ?? node.spec.address ?? "";
  return substitute(written, (name) => rack.spec.variables?.[name]).text;
}
