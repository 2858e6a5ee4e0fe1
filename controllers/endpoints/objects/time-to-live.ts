import type { DnsRecord } from "../../../api-types/dns-record.js";
import type { Instance } from "../../../api-types/instance.js";
import type { Rack } from "../../../api-types/rack.js";
import { heldSeconds } from "../../answer-ttl.js";
import type { EndpointsPlan, EndpointsView } from "../plan.js";

/** For how long clients may hold the names of an instance: as its record says, and once that is gone as it said. Pure. */
export function ttlHeld(
  { status }: Instance,
  { dnsRecord, rack }: { readonly dnsRecord: DnsRecord | undefined; readonly rack: Rack },
  nowMs: number,
): number {
  if (dnsRecord === undefined) return status?.dnsTtlSeconds ?? rack.spec.dns?.ttlSeconds ?? 0;
  return Math.max(heldSeconds(dnsRecord, rack, nowMs), status?.dnsTtlSeconds ?? 0);
}

/** What is kept of it in the status of an instance that leaves: the wait begins when its record is gone. Pure. */
export function notedTtl({
  instance,
  dnsRecord,
  ttlSeconds,
}: Pick<EndpointsView, "instance" | "dnsRecord" | "ttlSeconds">): Pick<EndpointsPlan, "dnsTtlSeconds"> {
  const isKnown = dnsRecord !== undefined || instance.status?.dnsTtlSeconds !== undefined;
  return isKnown && ttlSeconds > 0 ? { dnsTtlSeconds: ttlSeconds } : {};
}
