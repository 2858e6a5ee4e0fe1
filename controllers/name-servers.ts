import { DnsRecord } from "../api-types/dns-record.js";
import { Rack } from "../api-types/rack.js";
import { substituteDeep } from "../api-types/substitute.js";
import type { Client } from "../client/client.js";
import type { DnsEntry } from "../drivers/dns/driver.js";
import type { NameServer } from "../drivers/dns/name-server.js";
import type { Clock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Random } from "../platform/random.js";
import type { Cache, CacheChange } from "../runtime/cache.js";
import { createInformers } from "../runtime/informers.js";
import { nameServerSettings } from "./connections.js";

/** The built-in name servers of a process, one for each Rack that wants one; whether the process leads does not matter. */
export interface NameServers {
  /** The server of a Rack; it answers nobody before the Rack is known here, too. */
  of(rack: string): NameServer;
  /** Stops answering. */
  close(): Promise<void>;
}

export interface NameServersOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Makes a server that knows nothing yet. */
  readonly open: (rack: string) => NameServer;
}

/**
 * Follows the Racks, and tells each server what the DnsRecords of its Rack have published. A server that has begun
 * answers without the API: the store may be away for hours.
 */
export function startNameServers({ open, ...tools }: NameServersOptions): NameServers {
  const informers = createInformers(tools);
  const racks = informers.cache(Rack);
  const servers = new Map<string, NameServer>();
  /** Nobody's business until a Rack wants a server. */
  let records: Cache<DnsRecord> | undefined;

  const restore = (record: DnsRecord) => {
    const { rackName } = record.spec;
    servers.get(rackName)?.restore(record.metadata.uid ?? "", publishedEntries(record, racks.get(rackName)));
  };
  const restoreAll = (rack: string) => {
    for (const record of records?.by("rack", rack) ?? []) restore(record);
  };
  const begin = (rack: string) => {
    restoreAll(rack);
    servers.get(rack)?.begin();
  };
  const watchRecords = () => {
    if (records !== undefined) return;
    const cache = informers.cache(DnsRecord, { rack: (record) => [record.spec.rackName] });
    records = cache;
    void informers.whenSynced().then(() => {
      for (const rack of servers.keys()) begin(rack);
      cache.changes$.subscribe(followRecord);
    });
  };
  const of = (rack: string) => {
    const known = servers.get(rack);
    if (known !== undefined) return known;
    const server = open(rack);
    servers.set(rack, server);
    watchRecords();
    if (racks.hasSynced() && records?.hasSynced()) begin(rack);
    return server;
  };
  const follow = ({ previous, current }: CacheChange<Rack>) => {
    const name = (current ?? previous)?.metadata.name ?? "";
    if (current !== undefined && current.metadata.generation === previous?.metadata.generation) return;
    const settings = current && nameServerSettings(current);
    if (settings === undefined) return servers.get(name)?.configure(undefined);
    of(name).configure(settings);
    // with other variables, other names
    if (records?.hasSynced()) restoreAll(name);
  };
  const followRecord = ({ previous, current }: CacheChange<DnsRecord>) => {
    if (previous !== undefined && isGone(previous, current)) {
      servers.get(previous.spec.rackName)?.restore(previous.metadata.uid ?? "", undefined);
    }
    if (current !== undefined) restore(current);
  };
  void informers.whenSynced().then(() => {
    for (const rack of racks.list()) follow({ previous: undefined, current: rack });
    racks.changes$.subscribe(follow);
  });
  return {
    of,
    async close() {
      informers.stop();
      await Promise.all([...servers.values()].map((server) => server.close()));
    },
  };
}

function isGone(record: DnsRecord, current: DnsRecord | undefined): boolean {
  return current?.metadata.uid !== record.metadata.uid || current?.spec.rackName !== record.spec.rackName;
}

/** What a record published, as its status has it; what that does not say of a target is as its spec says. */
function publishedEntries(record: DnsRecord, rack: Rack | undefined): readonly DnsEntry[] {
  const { namespace = "", name, uid = "" } = record.metadata;
  const identity = rack?.spec.identity ?? record.spec.rackName;
  const stamp = { identity, kind: DnsRecord.kind, namespace, name, uid, term: 0 };
  const { value: spec } = substituteDeep(record.spec, (variable) => rack?.spec.variables?.[variable]);
  return (record.status?.published ?? []).map((published) => {
    const target = spec.targets.find(({ id, address }) => id === published.id && address === published.address);
    const ports = spec.type === "A" ? undefined : target?.ports;
    return { ...published, ...(ports === undefined ? {} : { ports }), tags: target?.tags ?? [], stamp };
  });
}
