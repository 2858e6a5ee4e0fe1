import type { DnsRecord } from "../api-types/dns-record.js";
import type { Rack } from "../api-types/rack.js";

/** With which resolvers may keep the answers of a record, and what there is to say about it. Pure. */
export function ttlOf({ spec }: DnsRecord, rack: Rack): { readonly seconds: number; readonly message: string } {
  const ofRack = rack.spec.dns?.ttlSeconds ?? 0;
  const wanted = spec.ttlSeconds ?? ofRack;
  if (rack.spec.dns?.type === "Builtin") return { seconds: wanted, message: "" };
  const message = `ttlSeconds ${wanted} is not applied: Consul answers with its own service_ttl, ${ofRack} s as Rack ${rack.metadata.name} says`;
  return { seconds: ofRack, message: wanted === ofRack ? "" : message };
}

/**
 * Until when clients may hold answers with a longer time to live than today's: as noted before, or for `heldSeconds`
 * from now on; undefined: they hold none. RFC 3339. Pure.
 */
export function heldUntil(record: DnsRecord, heldSeconds: number, nowMs: number): string | undefined {
  const noted = Date.parse(record.status?.heldUntil ?? "");
  const end = Math.max(Number.isNaN(noted) ? 0 : noted, heldSeconds > 0 ? nowMs + heldSeconds * 1000 : 0);
  return end > nowMs ? new Date(end).toISOString() : undefined;
}

/** For how long clients may hold the answers of a record, were they withdrawn now. Pure. */
export function heldSeconds({ status }: DnsRecord, rack: Rack, nowMs: number): number {
  const ofRack = rack.spec.dns?.ttlSeconds ?? 0;
  const published = status?.published ?? [];
  // what was published before times were noted, or is on its way, has that of the rack
  const answered = published.map(({ ttlSeconds }) => ttlSeconds ?? ofRack);
  const noted = Date.parse(status?.heldUntil ?? "");
  const rest = Number.isNaN(noted) ? 0 : Math.ceil((noted - nowMs) / 1000);
  return Math.max(answered.length === 0 ? ofRack : 0, rest, ...answered);
}
