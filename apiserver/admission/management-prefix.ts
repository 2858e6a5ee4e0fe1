import { isInside } from "../../api-types/format/address.js";
import type { Rack } from "../../api-types/rack.js";
import type { Route } from "../../api-types/route.js";
import { isSame } from "../write/prepare/equality.js";
import { ADMITTED, type Admission } from "./admission.js";

/** Refuses Routes inside a Rack's management prefixes: a lost management network cannot be repaired by us. */
export const managementPrefix: Admission = ({ kind, object, previous, subresource, get }) => {
  if (kind.kind !== "Route" || subresource === "status") return ADMITTED;
  // a Route that became forbidden must still be able to let go
  if (previous !== undefined && isSame(previous.spec, object.spec)) return ADMITTED;
  // admission runs on objects that passed the schema of Route; a stored Rack passed that of Rack
  const { spec } = object as unknown as Route;
  const rack = get("Rack", { name: spec.rackName }) as unknown as Rack | undefined;
  // prefixes that hold variables are judged after substitution, in the loop
  const held = (rack?.spec.network?.managementPrefixes ?? []).find((management) => isInside(spec.prefix, management));
  if (held === undefined) return ADMITTED;
  const message = `Forbidden: ${spec.prefix} is inside the management prefix ${held} of Rack "${spec.rackName}"`;
  return { errors: [{ type: "Forbidden", path: "spec.prefix", message }] };
};
