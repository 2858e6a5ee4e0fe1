import { exhaustMap, map, merge, type Observable, ReplaySubject, share, startWith, takeUntil } from "rxjs";
import { StatusError } from "../../../api-types/meta/status-error.js";
import { after$, type Clock, every$ } from "../../../platform/clock.js";
import type { Observation } from "../../observation.js";
import { type DnsChange, type DnsDriver, type DnsEntry, dnsKey } from "../driver.js";
import type { ServedZone } from "./zone/served.js";

/** What the driver tells of its server. */
export interface ServerState {
  /** Which life of the server this is. */
  readonly epoch: string;
  /** How often the zone has changed. */
  readonly index: () => number;
  /** Why nothing can be said of the names; undefined: something can. */
  readonly unknown: () => string | undefined;
  readonly problem: () => string | undefined;
  /** Whenever one of these, or the zone, has changed. */
  readonly changed$: Observable<void>;
}

export interface BuiltinDriverOptions {
  readonly served: ServedZone;
  readonly state: ServerState;
  /** The rack's identity: only entries stamped with it are changed. */
  readonly identity: string;
  readonly clock: Clock;
  readonly periodMs: number;
}

const SOURCE = "builtin-dns";
/** Changes of so short a time are told together: a rack that starts makes thousands. */
const GATHER_MS = 20;

/** Names in the zone of a server in this process. */
export function createBuiltinDriver({ served, state, identity, clock, periodMs }: BuiltinDriverOptions): DnsDriver {
  const closed = new ReplaySubject<void>(1);
  let since = clock.monotonic();
  served.setChanging(true);

  const observation = (): Observation<DnsEntry> => {
    const reason = state.unknown();
    if (reason !== undefined) return { type: "Unknown", reason, since, source: SOURCE };
    since = clock.monotonic();
    const origin = { source: SOURCE, epoch: state.epoch, index: state.index(), takenAt: since };
    return { type: "Complete", items: served.zone.entries(), origin };
  };
  return {
    observe$: merge(state.changed$.pipe(exhaustMap(() => after$(clock, GATHER_MS))), every$(clock, periodMs)).pipe(
      startWith(undefined),
      map(observation),
      takeUntil(closed),
      share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true }),
    ),
    async read(key) {
      const reason = state.unknown();
      if (reason !== undefined) return { type: "unknown", reason };
      const item = served.zone.get(key);
      return item === undefined ? { type: "absent" } : { type: "present", item };
    },
    async apply(change) {
      const key = change.type === "register" ? dnsKey(change.entry) : dnsKey(change);
      refuseForeign(key, served.zone.get(key), { change, identity });
      const reason = state.unknown();
      if (reason !== undefined) throw new StatusError("ServiceUnavailable", `${change.type} ${key}: ${reason}`);
      served.change(key, change.type === "register" ? change.entry : undefined);
    },
    problem: state.problem,
    close() {
      served.setChanging(false);
      closed.next();
    },
  };
}

function refuseForeign(
  key: string,
  observed: DnsEntry | undefined,
  { change, identity }: { readonly change: DnsChange; readonly identity: string },
): void {
  if (observed === undefined || observed.stamp?.identity === identity) return;
  throw new StatusError("Conflict", `${change.type} ${key}: the entry is not ours`);
}
