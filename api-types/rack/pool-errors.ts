import { doOverlap, isInside, isIpv4, parseIpv4Prefix } from "../format/address.js";
import { DNS_LABEL_RULE, isDnsLabel } from "../format/names.js";
import { invalid, isLiteral } from "../meta/field-error.js";
import type { FieldError } from "../schema/structural.js";
import type { RackNetwork, RackPool } from "./backends.js";

/** A larger pool would be ours as a whole, and nobody has so many instances. */
const LONGEST_PREFIX = 30;
const SHORTEST_PREFIX = 12;

/** Rules of a Rack's pools: what is in them is ours, so they hold nothing of anybody else's. */
export function poolErrors({ pools = [], managementPrefixes = [] }: RackNetwork): readonly FieldError[] {
  return pools.flatMap((pool, index) => {
    const path = `spec.network.pools[${index}]`;
    const label = isDnsLabel(pool.name) ? [] : [invalid(`${path}.name`, pool.name, DNS_LABEL_RULE)];
    const range = rangeErrors(pool, `${path}.cidr`);
    if (range.length > 0) return [...label, ...range];
    const others = pools.slice(0, index);
    return [...label, ...overlapErrors(pool, { path, others, managementPrefixes }), ...excludeErrors(pool, path)];
  });
}

function rangeErrors({ cidr }: RackPool, path: string): readonly FieldError[] {
  const parsed = parseIpv4Prefix(cidr);
  if (parsed === undefined) return [invalid(path, cidr, "must be an IPv4 prefix such as 192.168.2.0/24")];
  if (parsed.canonical !== cidr)
    return [invalid(path, cidr, `must be canonical, without host bits: ${parsed.canonical}`)];
  if (parsed.length >= SHORTEST_PREFIX && parsed.length <= LONGEST_PREFIX) return [];
  return [invalid(path, cidr, `must be a prefix of /${SHORTEST_PREFIX} to /${LONGEST_PREFIX}`)];
}

interface Around {
  readonly path: string;
  readonly others: readonly RackPool[];
  readonly managementPrefixes: readonly string[];
}

function overlapErrors({ cidr }: RackPool, { path, others, managementPrefixes }: Around): readonly FieldError[] {
  const twin = others.find((other) => doOverlap(other.cidr, cidr));
  const managed = managementPrefixes.find((prefix) => doOverlap(prefix, cidr));
  return [
    ...(twin === undefined ? [] : [invalid(`${path}.cidr`, cidr, `overlaps pool ${twin.name}, ${twin.cidr}`)]),
    ...(managed === undefined ? [] : [invalid(`${path}.cidr`, cidr, `overlaps the management prefix ${managed}`)]),
  ];
}

function excludeErrors({ cidr, exclude = [] }: RackPool, path: string): readonly FieldError[] {
  return exclude.flatMap((text, index) => {
    if (!isLiteral(text) || isInside(isIpv4(text) ? `${text}/32` : text, cidr)) return [];
    const why = `must be an address or a prefix within ${cidr}`;
    return [invalid(`${path}.exclude[${index}]`, text, why)];
  });
}
