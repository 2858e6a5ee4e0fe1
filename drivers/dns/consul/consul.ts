import { ReplaySubject, share, takeUntil } from "rxjs";
import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { HttpHandler } from "../../../platform/transport.js";
import type { Reading } from "../../observation.js";
import { type DnsDriver, type DnsEntry, dnsKey } from "../driver.js";
import { deregistrationOf, type OwnEntry, ownershipOf, parseInstances, registrationOf } from "./catalog.js";
import { type ConsulConnection, readIndexed, write } from "./requests.js";
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

const READ_TIMEOUT_MS = 10_000;

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

  const readName = async (name: string, signal?: AbortSignal) => {
    const path = `/v1/catalog/service/${encodeURIComponent(name)}`;
    const limits = { query: "consistent", timeoutMs: READ_TIMEOUT_MS, ...(signal && { signal }) };
    const { value } = await readIndexed(connection, path, limits);
    const items = parseInstances(value, ownership);
    if (items === undefined)
      throw new StatusError("ServiceUnavailable", `Consul's answer to ${path} has the wrong shape`);
    return items;
  };
  /** The entry as it is now; rejects when it is somebody else's. */
  const readOwn = async (target: { readonly name: string; readonly id: string }, signal?: AbortSignal) => {
    const observed = (await readName(target.name, signal)).get(dnsKey(target));
    if (observed !== undefined && observed.stamp === undefined) {
      throw new StatusError("Conflict", `DNS entry ${dnsKey(target)} in Consul is not ours`);
    }
    return observed;
  };
  const register = async (entry: OwnEntry, signal?: AbortSignal) => {
    const observed = await readOwn(entry, signal);
    if (observed !== undefined && isSame(observed, entry)) return;
    removed.delete(dnsKey(entry));
    const body = registrationOf(entry, ownership);
    await write(connection, {
      path: "/v1/catalog/register",
      body,
      what: `registering ${dnsKey(entry)}`,
      ...(signal && { signal }),
    });
  };
  const deregister = async (target: { readonly name: string; readonly id: string }, signal?: AbortSignal) => {
    if ((await readOwn(target, signal)) === undefined) return;
    removed.add(dnsKey(target));
    const body = deregistrationOf(target, ownership);
    const what = `deregistering ${dnsKey(target)}`;
    await write(connection, { path: "/v1/catalog/deregister", body, what, ...(signal && { signal }) });
  };

  return {
    observe$: watchNode$({ connection, ownership, random, log, periodMs, removed }).pipe(
      takeUntil(closed),
      share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true }),
    ),
    read: (key) => readName(nameOf(key)).then((items) => readingOf(items.get(key)), unknownOf),
    apply: (change, signal) =>
      change.type === "register" ? register(change.entry, signal) : deregister(change, signal),
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

function isSame(observed: DnsEntry, desired: OwnEntry): boolean {
  return JSON.stringify(comparable(observed)) === JSON.stringify(comparable(desired));
}

function comparable({ name, id, address, port = 0, tags, stamp }: DnsEntry) {
  const { identity, kind, namespace, name: owner, uid, term } = stamp ?? {};
  return [name, id, address, port, tags, identity, kind, namespace, owner, uid, term];
}
