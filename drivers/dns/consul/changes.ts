import { StatusError } from "../../../api-types/meta/status-error.js";
import { type DnsEntry, dnsKey } from "../driver.js";
import { deregistrationOf, type OwnEntry, type Ownership, parseInstances, registrationOf } from "./catalog.js";
import { type ConsulConnection, readIndexed, write } from "./requests.js";

/** Where changes go. `removed` gathers the keys of entries that we took away, for whoever judges their absence. */
export interface Catalogue {
  readonly connection: ConsulConnection;
  readonly ownership: Ownership;
  readonly removed: Set<string>;
}

/** Which entry of the catalogue is meant. */
export interface EntryKey {
  readonly name: string;
  readonly id: string;
}

const READ_TIMEOUT_MS = 10_000;

/** All entries of a name by key, foreign ones included, past any cache; rejects when the answer is not to be trusted. */
export async function readName(
  { connection, ownership }: Catalogue,
  name: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, DnsEntry>> {
  const path = `/v1/catalog/service/${encodeURIComponent(name)}`;
  const limits = { query: "consistent", timeoutMs: READ_TIMEOUT_MS, ...(signal && { signal }) };
  const { value } = await readIndexed(connection, path, limits);
  const items = parseInstances(value, ownership);
  if (items === undefined)
    throw new StatusError("ServiceUnavailable", `Consul's answer to ${path} has the wrong shape`);
  return items;
}

/** Registers an entry, or changes ours in place; what is there already costs no write. Rejects when it is somebody else's. */
export async function registerEntry(catalogue: Catalogue, entry: OwnEntry, signal?: AbortSignal): Promise<void> {
  const observed = await readOwn(catalogue, entry, signal);
  if (observed !== undefined && isSame(observed, entry)) return;
  catalogue.removed.delete(dnsKey(entry));
  const body = registrationOf(entry, catalogue.ownership);
  const what = `registering ${dnsKey(entry)}`;
  await write(catalogue.connection, { path: "/v1/catalog/register", body, what, ...(signal && { signal }) });
}

/** Removes an entry of ours; one that is gone is removed already. Rejects when it is somebody else's. */
export async function deregisterEntry(catalogue: Catalogue, target: EntryKey, signal?: AbortSignal): Promise<void> {
  if ((await readOwn(catalogue, target, signal)) === undefined) return;
  catalogue.removed.add(dnsKey(target));
  const body = deregistrationOf(target, catalogue.ownership);
  const what = `deregistering ${dnsKey(target)}`;
  await write(catalogue.connection, { path: "/v1/catalog/deregister", body, what, ...(signal && { signal }) });
}

async function readOwn(catalogue: Catalogue, target: EntryKey, signal?: AbortSignal): Promise<DnsEntry | undefined> {
  const observed = (await readName(catalogue, target.name, signal)).get(dnsKey(target));
  if (observed !== undefined && observed.stamp === undefined) {
    throw new StatusError("Conflict", `DNS entry ${dnsKey(target)} in Consul is not ours`);
  }
  return observed;
}

function isSame(observed: DnsEntry, desired: OwnEntry): boolean {
  return JSON.stringify(comparable(observed)) === JSON.stringify(comparable(desired));
}

function comparable({ name, id, address, port = 0, tags, stamp }: DnsEntry) {
  const { identity, kind, namespace, name: owner, uid, term } = stamp ?? {};
  return [name, id, address, port, tags, identity, kind, namespace, owner, uid, term];
}
