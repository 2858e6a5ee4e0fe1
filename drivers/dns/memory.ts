import { StatusError } from "../../api-types/meta/status-error.js";
import type { Clock } from "../../platform/clock.js";
import { createMemoryTable } from "../memory-table.js";
import { type DnsChange, type DnsDriver, type DnsEntry, dnsKey } from "./driver.js";

/** A catalogue in memory, for simulation, plans and tests: what a healthy back end would do, and what a broken one would. */
export interface MemoryDns extends DnsDriver {
  /** Replaces what the catalogue holds, e.g. by the last complete observation. */
  load(entries: Iterable<DnsEntry>): void;
  entries(): ReadonlyMap<string, DnsEntry>;
  /** Observations become Unknown and reads unknown for `reason`; undefined heals. */
  breakReads(reason: string | undefined): void;
  /** Every change rejects with `error` and does nothing; undefined heals. */
  breakWrites(error: Error | undefined): void;
}

/** An empty catalogue that only changes entries stamped with `identity`. */
export function createMemoryDns(options: {
  readonly clock: Clock;
  readonly identity: string;
  readonly periodMs: number;
}): MemoryDns {
  const { clock, periodMs, identity } = options;
  const table = createMemoryTable<DnsEntry, DnsChange>({
    clock,
    periodMs,
    source: SOURCE,
    changed: (items, change) => changed(items, change, identity),
  });
  return {
    observe$: table.observe$,
    read: table.read,
    apply: table.apply,
    close: table.close,
    load: (entries) => table.replace(new Map([...entries].map((entry) => [dnsKey(entry), entry]))),
    entries: table.items,
    breakReads: table.breakReads,
    breakWrites: table.breakWrites,
  };
}

const SOURCE = "memory-dns";

function changed(items: ReadonlyMap<string, DnsEntry>, change: DnsChange, identity: string) {
  const key = change.type === "register" ? dnsKey(change.entry) : dnsKey(change);
  const observed = items.get(key);
  if (observed !== undefined && observed.stamp?.identity !== identity) {
    throw new StatusError("Conflict", `${change.type} ${key}: the entry is not ours`);
  }
  if (change.type === "deregister" && observed === undefined) return items;
  const next = new Map(items);
  if (change.type === "register") next.set(key, change.entry);
  else next.delete(key);
  return next;
}
