import type { DnsRecord } from "../../../api-types/dns-record.js";
import { Instance } from "../../../api-types/instance.js";
import { keyOf } from "../../../api-types/life.js";
import { ANNOTATION, LABEL } from "../../../api-types/well-known.js";

/** What a record claims: its names in one rack. */
export function claimsOf(record: DnsRecord): string[] {
  return [record.spec.name, ...(record.spec.names ?? [])].map((name) => `${record.spec.rackName} ${name}`);
}

/** Whether `a` has claimed its names for longer than `b`; of one moment the name decides. */
export function isOlder(a: DnsRecord, b: DnsRecord): boolean {
  const order = claimedSince(a).localeCompare(claimedSince(b));
  return order !== 0 ? order < 0 : keyOf(a) < keyOf(b);
}

/** Records of one service share its names, those of two services if both say so. */
export function mayJoin(a: DnsRecord, b: DnsRecord): boolean {
  return isSameService(a, b) || (isShared(a) && isShared(b));
}

/** Records generated for instances of one service. */
export function isSameService(a: DnsRecord, b: DnsRecord): boolean {
  const own = a.metadata.labels ?? {};
  const other = b.metadata.labels ?? {};
  if (own[LABEL.service] === undefined || a.metadata.namespace !== b.metadata.namespace) return false;
  return own[LABEL.service] === other[LABEL.service] && own[LABEL.group] === other[LABEL.group];
}

/** Whether what decides about claims is the same in both states of a record. */
export function isSameClaim(a: DnsRecord, b: DnsRecord): boolean {
  return a.metadata.generation === b.metadata.generation && isShared(a) === isShared(b);
}

/** Of each of its claims, the other record that has it for longest. `claimants` gives all that have one. */
export function eldersOf(record: DnsRecord, claimants: (claim: string) => readonly DnsRecord[]): DnsRecord[] {
  const elders = claimsOf(record).flatMap((claim) => {
    let eldest: DnsRecord | undefined;
    for (const other of claimants(claim)) {
      if (other.metadata.uid === record.metadata.uid) continue;
      if (eldest === undefined || isOlder(other, eldest)) eldest = other;
    }
    return eldest ?? [];
  });
  return [...new Set(elders)];
}

/** Its service says so; a record that a person wrote is of no service. */
function isShared({ metadata }: DnsRecord): boolean {
  return metadata.labels?.[LABEL.service] !== undefined && metadata.annotations?.[ANNOTATION.shared] === "true";
}

/** A generated record may have its claim from the one before it; others hold it since they were made. */
function claimedSince({ metadata }: DnsRecord): string {
  const isGenerated = (metadata.ownerReferences ?? []).some(({ kind }) => kind === Instance.kind);
  const handedOn = isGenerated ? metadata.annotations?.[ANNOTATION.claimedSince] : undefined;
  return handedOn ?? metadata.creationTimestamp ?? "";
}
