import { ReplaySubject, share, takeUntil } from "rxjs";
import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { HttpHandler } from "../../../platform/transport.js";
import type { Reading } from "../../observation.js";
import type { DnsDriver, DnsEntry } from "../driver.js";
import { ownershipOf } from "./catalog.js";
import { type Catalogue, deregisterEntry, readName, registerEntry } from "./changes.js";
import type { ConsulConnection } from "./requests.js";
import { watchNode$ } from "./watch.js";

/** What the driver of one Consul is made of. */
export interface ConsulDriverOptions {
  readonly transport: HttpHandler;
  /** e.g. `http://10.250.3.20:8500`. */
  readonly address: string;
  readonly datacenter?: string;
  readonly token?: string;
  /** The rack's identity: only entries stamped with it are ours. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly periodMs: number;
}

/**
 * Names in Consul's catalogue, all on one external node per identity. It observes that node; entries of others under the
 * same names are seen by `read` (their id is `node:<node>:<service id>`), never changed.
 */
export function createConsulDriver(options: ConsulDriverOptions): DnsDriver {
  const { transport, address, clock, random, log, periodMs } = options;
  const connection: ConsulConnection = {
    transport,
    address,
    clock,
    datacenter: options.datacenter,
    token: options.token,
  };
  const ownership = ownershipOf(options.identity);
  const removed = new Set<string>();
  const closed = new ReplaySubject<void>(1);

  const catalogue: Catalogue = { connection, ownership, removed };

  return {
    observe$: watchNode$({ connection, ownership, random, log, periodMs, removed }).pipe(
      takeUntil(closed),
      share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true }),
    ),
    read: (key) => readName(catalogue, nameOf(key)).then((items) => readingOf(items.get(key)), unknownOf),
    apply: (change, signal) =>
      change.type === "register"
        ? registerEntry(catalogue, change.entry, signal)
        : deregisterEntry(catalogue, change, signal),
    close: () => closed.next(),
  };
}

/** The name of a key: ids may contain slashes, names may not. */
function nameOf(key: string): string {
  const end = key.indexOf("/");
  return end < 0 ? key : key.slice(0, end);
}

function readingOf(item: DnsEntry | undefined): Reading<DnsEntry> {
  return item === undefined ? { type: "absent" } : { type: "present", item };
}

function unknownOf(error: unknown): Reading<DnsEntry> {
  return { type: "unknown", reason: error instanceof Error ? error.message : String(error) };
}
