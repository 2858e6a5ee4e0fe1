import { BehaviorSubject, filter, map, merge, takeUntil } from "rxjs";
import { StatusError } from "../../api-types/meta/status-error.js";
import { type Clock, every$ } from "../../platform/clock.js";
import type { Observation } from "../observation.js";
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
  const { clock, identity, periodMs } = options;
  const changes = new BehaviorSubject<"changed" | "closed">("changed");
  let items: ReadonlyMap<string, DnsEntry> = new Map();
  let index = 1;
  let fault: { readonly reason: string; readonly since: number } | undefined;
  let writeError: Error | undefined;

  const observation = (): Observation<DnsEntry> =>
    fault === undefined
      ? { type: "Complete", items, origin: { source: SOURCE, epoch: SOURCE, index, takenAt: clock.monotonic() } }
      : { type: "Unknown", reason: fault.reason, since: fault.since, source: SOURCE };
  const replace = (next: ReadonlyMap<string, DnsEntry>) => {
    items = next;
    index += 1;
    changes.next("changed");
  };

  return {
    observe$: merge(changes, every$(clock, periodMs)).pipe(
      takeUntil(changes.pipe(filter((change) => change === "closed"))),
      map(observation),
    ),
    async read(key) {
      if (fault !== undefined) return { type: "unknown", reason: fault.reason };
      const item = items.get(key);
      return item === undefined ? { type: "absent" } : { type: "present", item };
    },
    async apply(change) {
      if (writeError !== undefined) throw writeError;
      const next = changed(items, change, identity);
      if (next !== items) replace(next);
    },
    close: () => changes.next("closed"),
    load: (entries) => replace(new Map([...entries].map((entry) => [dnsKey(entry), entry]))),
    entries: () => items,
    breakReads(reason) {
      fault = reason === undefined ? undefined : { reason, since: clock.monotonic() };
      changes.next("changed");
    },
    breakWrites(error) {
      writeError = error;
    },
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
