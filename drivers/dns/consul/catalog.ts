import { isRecord } from "../../../platform/is-record.js";
import { formatStamp, parseStamp } from "../../observation.js";
import type { DnsEntry } from "../driver.js";

/** Whose entries are ours, and the synthetic node they hang on. */
export interface Ownership {
  readonly identity: string;
  readonly node: string;
}

/** A stamped entry. */
export type OwnEntry = DnsEntry & { readonly stamp: NonNullable<DnsEntry["stamp"]> };

const STAMP_META = "rackwright-stamp";
/** An address for documentation: the node is not a machine, every service has its own address. */
const NODE_ADDRESS = "192.0.2.1";

/** One external node per identity: without an agent, so that no anti-entropy removes what we register. */
export function ownershipOf(identity: string): Ownership {
  return { identity, node: `rackwright-${identity}` };
}

/** The service id of an entry: unique for each (name, id). */
export function serviceIdOf(entry: { readonly name: string; readonly id: string }): string {
  return `${encodeURIComponent(entry.name)}:${encodeURIComponent(entry.id)}`;
}

/** The body of PUT /v1/catalog/register. The node is created when absent, and never changed by a service. */
export function registrationOf(entry: OwnEntry, { node }: Ownership): Readonly<Record<string, unknown>> {
  return {
    Node: node,
    Address: NODE_ADDRESS,
    NodeMeta: { "external-node": "true", "external-probe": "false" },
    SkipNodeUpdate: true,
    Service: {
      ID: serviceIdOf(entry),
      Service: entry.name,
      Address: entry.address,
      Port: entry.port ?? 0,
      Tags: entry.tags,
      Meta: { [STAMP_META]: formatStamp(entry.stamp) },
    },
  };
}

/** The body of PUT /v1/catalog/deregister. It always names a service: without one Consul would remove the whole node. */
export function deregistrationOf(entry: { readonly name: string; readonly id: string }, { node }: Ownership) {
  return { Node: node, ServiceID: serviceIdOf(entry) };
}

/**
 * Entries by key from an answer of /v1/catalog/node-services, or undefined when any part of it is not what Consul sends.
 * An absent node and one without services are both empty.
 */
export function parseNodeServices(value: unknown, ownership: Ownership): ReadonlyMap<string, DnsEntry> | undefined {
  if (!isRecord(value) || !("Node" in value) || !("Services" in value)) return undefined;
  const { Node: node, Services: services } = value;
  if (node !== null && (!isRecord(node) || node.Node !== ownership.node)) return undefined;
  if (services !== null && !Array.isArray(services)) return undefined;
  if (node === null && services !== null && services.length > 0) return undefined;
  const parsed = (services ?? []).map((item: unknown) =>
    isRecord(item)
      ? parseEntry({ ...item, Node: ownership.node, ServiceID: item.ID, ServiceName: item.Service }, ownership, "")
      : undefined,
  );
  return keyed(parsed);
}

/** Entries by key from an answer of /v1/catalog/service, those of other nodes included; undefined when it is malformed. */
export function parseInstances(value: unknown, ownership: Ownership): ReadonlyMap<string, DnsEntry> | undefined {
  if (!Array.isArray(value)) return undefined;
  return keyed(value.map((item: unknown) => (isRecord(item) ? parseEntry(item, ownership, "Service") : undefined)));
}

/** The id of an entry that we did not register: no id of ours contains a colon before it is encoded. */
function foreignId(node: string, serviceId: string): string {
  return `node:${node}:${serviceId}`;
}

function parseEntry(
  item: Readonly<Record<string, unknown>>,
  ownership: Ownership,
  prefix: string,
): DnsEntry | undefined {
  const { Node: node, ServiceID: serviceId, ServiceName: name } = item;
  const address = item[`${prefix}Address`];
  const port = item[`${prefix}Port`];
  const tags = item[`${prefix}Tags`] ?? [];
  const meta = item[`${prefix}Meta`] ?? {};
  if (typeof node !== "string" || typeof serviceId !== "string" || typeof name !== "string") return undefined;
  if (typeof address !== "string" || typeof port !== "number" || !isRecord(meta) || !isTexts(tags)) return undefined;
  const ownId = node === ownership.node ? idOf(serviceId, name) : undefined;
  const entry = { name, id: ownId ?? foreignId(node, serviceId), address, tags };
  const stamp = ownId === undefined ? undefined : stampOf(meta, ownership);
  return port === 0 ? { ...entry, stamp } : { ...entry, port, stamp };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function idOf(serviceId: string, name: string): string | undefined {
  const prefix = `${encodeURIComponent(name)}:`;
  if (!serviceId.startsWith(prefix)) return undefined;
  try {
    const id = decodeURIComponent(serviceId.slice(prefix.length));
    return serviceIdOf({ name, id }) === serviceId ? id : undefined;
  } catch {
    return undefined;
  }
}

function stampOf(meta: Readonly<Record<string, unknown>>, { identity }: Ownership) {
  const text = meta[STAMP_META];
  const stamp = parseStamp(typeof text === "string" ? text : undefined);
  return stamp?.identity === identity ? stamp : undefined;
}

function keyed(entries: readonly (DnsEntry | undefined)[]): ReadonlyMap<string, DnsEntry> | undefined {
  const items = new Map<string, DnsEntry>();
  for (const entry of entries) {
    if (entry === undefined) return undefined;
    items.set(`${entry.name}/${entry.id}`, entry);
  }
  return items;
}
