import { isInside } from "../../api-types/format/address.js";
import type { Rack } from "../../api-types/rack.js";
import type { Route } from "../../api-types/route.js";
import type { ServiceGroup } from "../../api-types/service-group.js";
import { isSame } from "../write/prepare/equality.js";
import { ADMITTED, type Admission } from "./admission.js";

/**
 * Refuses Routes, and anycast prefixes of ServiceGroups, inside a Rack's management prefixes: a lost management network
 * cannot be repaired by us.
 */
export const managementPrefix: Admission = ({ kind, object, previous, subresource, get }) => {
  if (subresource === "status") return ADMITTED;
  // an object that became forbidden must still be able to let go
  if (previous !== undefined && isSame(previous.spec, object.spec)) return ADMITTED;
  const prefixes = newPrefixes(kind.kind, object, previous);
  if (prefixes.length === 0) return ADMITTED;
  // admission runs on objects that passed the schema of their kind; a stored Rack passed that of Rack
  const { rackName } = (object as unknown as Route | ServiceGroup).spec;
  const rack = get("Rack", { name: rackName }) as unknown as Rack | undefined;
  const managements = rack?.spec.network?.managementPrefixes ?? [];
  // prefixes that hold variables are judged after substitution, in the loop
  const errors = prefixes.flatMap(({ path, prefix }) => {
    const held = managements.find((management) => isInside(prefix, management));
    if (held === undefined) return [];
    const message = `Forbidden: ${prefix} is inside the management prefix ${held} of Rack "${rackName}"`;
    return [{ type: "Forbidden" as const, path, message }];
  });
  return errors.length === 0 ? ADMITTED : { errors };
};

/** A group may change while it keeps what it had; a Route is nothing but its prefix. */
function newPrefixes(kind: string, object: unknown, previous: unknown): readonly AskedPrefix[] {
  const asked = PREFIXES_OF[kind]?.(object) ?? [];
  if (previous === undefined || kind === "Route") return asked;
  const known = new Set((PREFIXES_OF[kind]?.(previous) ?? []).map(({ prefix }) => prefix));
  return asked.filter(({ prefix }) => !known.has(prefix));
}

interface AskedPrefix {
  readonly path: string;
  readonly prefix: string;
}

type PrefixesOf = (object: unknown) => readonly AskedPrefix[];

/** What an object asks the switch for; each passed the schema of its kind. */
const PREFIXES_OF: Readonly<Record<string, PrefixesOf>> = {
  Route: (object) => [{ path: "spec.prefix", prefix: (object as Route).spec.prefix }],
  ServiceGroup: (object) =>
    (object as ServiceGroup).spec.services.flatMap(({ network }, index) =>
      network.anycast === undefined
        ? []
        : [{ path: `spec.services[${index}].network.anycast`, prefix: network.anycast }],
    ),
};
