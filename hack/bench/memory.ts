import { DnsRecord } from "../../api-types/dns-record.js";
import { Instance } from "../../api-types/instance.js";
import { KINDS } from "../../api-types/kinds.js";
import { isTrue } from "../../api-types/life.js";
import { Route } from "../../api-types/route.js";
import { type ApiServer, createApiServer } from "../../apiserver/main.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import type { Entry, Store } from "../../apiserver/storage/store.js";
import { type Clock, systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { createMetrics } from "../../platform/metrics.js";
import { systemRandom } from "../../platform/random.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { createInformers, type Informers } from "../../runtime/informers.js";
import { applyGroup } from "./setup/group.js";
import { clientOf, startBenchRack } from "./setup/rack.js";
import type { Findings, Row } from "./table/benchmark.js";
import { format, heapBytes, inFlight } from "./table/measure.js";

const INSTANCES = 10_000;
/** Prefixes of the objects that each instance has. */
const PREFIXES = ["rackwright.dev/instances/", "rackwright.dev/routes/", "rackwright.dev/dnsrecords/"];
const OBJECTS = INSTANCES * PREFIXES.length;

/** Heap of the API server's caches and of the loops' caches for ten thousand instances with their routes and records. */
export async function memory(): Promise<Findings> {
  const originals = await originalEntries();
  const clock = systemClock();
  const store = memoryStore({ clock });
  const before = heapBytes();
  const jsonBytes = await fill(store, originals);
  const stored = heapBytes();
  const api = await createApiServer({
    clock,
    random: systemRandom(),
    log: silentLogger,
    store,
    kinds: KINDS,
    metrics: createMetrics().registry,
    version: "0.0.0",
  });
  const served = heapBytes();
  const informers = await syncedInformers(api, clock);
  const cached = heapBytes();
  informers.stop();
  await api.close();
  return { rows: rowsOf({ before, stored, served, cached }, jsonBytes / OBJECTS) };
}

/** The caches of the loops that hold most, with their indexes. */
async function syncedInformers(api: ApiServer, clock: Clock): Promise<Informers> {
  const informers = createInformers({ clock, random: systemRandom(), log: silentLogger, client: clientOf(api) });
  informers.cache(Instance, {
    group: (instance) => [`${instance.metadata.namespace}/${instance.spec.serviceGroup}`],
    service: (instance) => [`${instance.spec.serviceGroup}/${instance.spec.service}`],
    task: (instance) => [instance.status?.placement?.taskID ?? ""],
  });
  informers.cache(Route, { claim: (route) => [`${route.spec.rackName} ${route.spec.prefix}`] });
  informers.cache(DnsRecord, { claim: (record) => [`${record.spec.rackName} ${record.spec.name}`] });
  await informers.whenSynced();
  return informers;
}

type Usage = ReturnType<typeof heapBytes>;

interface Usages {
  readonly before: Usage;
  readonly stored: Usage;
  readonly served: Usage;
  readonly cached: Usage;
}

function rowsOf({ before, stored, served, cached }: Usages, json: number): readonly Row[] {
  const many = `${format(INSTANCES)} Published instances, as many routes and DNS records`;
  const rows = [
    {
      what: "caches of API server and loops",
      bytes: growth(stored, cached),
      meaning: `${many}: what one process holds over an etcd store.`,
    },
    {
      what: "of it the API server",
      bytes: growth(stored, served),
      meaning: "Decoded objects, and their encodings once somebody asked for them.",
    },
    {
      what: "of it the loops",
      bytes: growth(served, cached),
      meaning: "Objects of their own with indexes, and the encodings that their first list left in the API server.",
    },
    {
      what: "the memory store itself",
      bytes: growth(before, stored),
      meaning:
        "Keys, bytes and history of the store that simulations use; etcd keeps this outside, the embedded store in this process.",
    },
  ];
  return rows.map(({ what, bytes, meaning }) => ({
    what: `memory, ${what}`,
    measured: `${format(bytes)} bytes an object`,
    yardstick: `${format(json)} bytes of JSON`,
    ratio: bytes / json,
    meaning,
  }));
}

/** Bytes an object. */
function growth(from: Usage, to: Usage): number {
  return (to.heap + to.buffers - from.heap - from.buffers) / OBJECTS;
}

/** What a real, Published instance leaves in the store, one entry for each prefix. */
async function originalEntries(): Promise<readonly Entry[]> {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const starting = startBenchRack({ clock, store });
  await clock.advance(15_000);
  const rack = await starting;
  void applyGroup(rack.client, "group0", { instances: 1, mode: "Routed", hasHealthCheck: true });
  await clock.advance(60_000);
  await rack.stop();
  const pages = await Promise.all(PREFIXES.map((prefix) => store.list(prefix)));
  const entries = pages.flatMap((page) => page.entries);
  const instance: Instance = JSON.parse(Buffer.from(entries[0]?.value ?? "{}").toString("utf8"));
  if (entries.length !== PREFIXES.length || !isTrue(instance, "Published"))
    throw new Error("the instance to copy is not Published");
  return entries;
}

/** Stores copies under other names, uids and addresses; gives the bytes of JSON. */
async function fill(store: Store, originals: readonly Entry[]): Promise<number> {
  let bytes = 0;
  await inFlight(INSTANCES, 1, async (index) => {
    for (const { key, value } of originals) {
      const name = key.slice(key.lastIndexOf("/") + 1);
      const text = Buffer.from(value).toString("utf8");
      const uid = text.match(/"uid":"([^"]+)"/)?.[1] ?? "";
      const copy = text
        .replaceAll(name, `copy-of-${index}-${name.slice(-5)}`)
        .replaceAll(uid, `${String(index).padStart(8, "0")}${uid.slice(8)}`)
        .replaceAll("192.168.0.1", `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
      const copied = new Uint8Array(Buffer.from(copy));
      bytes += copied.length;
      await store.write({
        type: "create",
        key: key.replace(name, `copy-of-${index}-${name.slice(-5)}`),
        value: copied,
      });
    }
  });
  return bytes;
}
