import { AsyncLocalStorage } from "node:async_hooks";
import type { Instance } from "../../api-types/instance.js";
import { isTrue } from "../../api-types/life.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import type { Store } from "../../apiserver/storage/store.js";
import type { HttpHandler } from "../../platform/transport.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { applyGroup } from "./setup/group.js";
import { startBenchRack } from "./setup/rack.js";
import type { Findings } from "./table/benchmark.js";
import { format } from "./table/measure.js";

const INSTANCES = 50;
/** DESIGN section 3. */
const WRITES_MAX = 12;
/** Kinds whose objects belong to one instance and carry its name. */
const OWN = ["instances", "routes", "dnsrecords"];
const LIMIT_MS = 300_000;
const STEP_MS = 250;

interface Committed {
  readonly resource: string;
  readonly name: string;
  /** Who wrote, and through which door. */
  readonly writer: string;
  readonly value: Uint8Array | undefined;
}

/** Counts every committed write from the creation of routed, health-checked instances until they are Published. */
export async function storeWrites(): Promise<Findings> {
  const clock = virtualClock();
  const { store, wrapApi, committed } = recordedStore(memoryStore({ clock }));
  const starting = startBenchRack({ clock, store, wrapApi });
  await clock.advance(0);
  const rack = await starting;
  // nodes are known and back ends connected: what is counted is due to the instances
  await clock.advance(15_000);
  committed.length = 0;
  void applyGroup(rack.client, "counted", { instances: INSTANCES, mode: "Routed", hasHealthCheck: true });
  const published = new Map<string, number>();
  for (let waited = 0; published.size < INSTANCES && waited < LIMIT_MS; waited += STEP_MS) {
    await clock.advance(STEP_MS);
    notePublished(committed, published);
  }
  await rack.stop();
  if (published.size < INSTANCES)
    return { rows: [], failures: [`only ${published.size} of ${INSTANCES} instances became Published`] };
  return findings(committed, published);
}

/** A store that notes what was committed, and the API through which the writer's name is known. */
function recordedStore(store: Store) {
  const committed: Committed[] = [];
  const current = new AsyncLocalStorage<string>();
  const recorded: Store = {
    ...store,
    async write(write, options) {
      const result = await store.write(write, options);
      const [, resource = "", , name = ""] = write.key.split("/");
      const value = write.type === "delete" ? undefined : write.value;
      if (result.type === "committed")
        committed.push({ resource, name, writer: current.getStore() ?? "server", value });
      return result;
    },
  };
  const wrapApi =
    (api: HttpHandler): HttpHandler =>
    (request) =>
      current.run(writerOf(request), () => api(request));
  return { store: recorded, wrapApi, committed };
}

function writerOf({ method, url }: { method: string; url: string }): string {
  const { pathname, searchParams } = new URL(url);
  const manager = searchParams.get("fieldManager");
  const door = pathname.endsWith("/status") ? "status" : method === "POST" ? "create" : method.toLowerCase();
  return manager === null ? door : `${door} by ${manager}`;
}

/** Remembers the index of the write that made each instance Published. */
function notePublished(committed: readonly Committed[], published: Map<string, number>): void {
  for (const [index, { resource, name, value }] of committed.entries()) {
    if (resource !== "instances" || value === undefined || published.has(name)) continue;
    const instance: Instance = JSON.parse(Buffer.from(value).toString("utf8"));
    if (isTrue(instance, "Published")) published.set(name, index);
  }
}

function findings(committed: readonly Committed[], published: ReadonlyMap<string, number>): Findings {
  const own = committed.filter(
    ({ resource, name }, index) => OWN.includes(resource) && index <= (published.get(name) ?? -1),
  );
  const counts = [...published.keys()].map((instance) => own.filter(({ name }) => name === instance).length);
  const most = Math.max(...counts);
  const mean = own.length / published.size;
  const last = Math.max(...published.values());
  const shared = committed
    .slice(0, last + 1)
    .filter(({ resource }) => !OWN.includes(resource) && resource !== "leases");
  const failures =
    most > WRITES_MAX
      ? [`an instance cost ${most} store writes until Published; at most ${WRITES_MAX} are allowed`]
      : [];
  return {
    failures,
    notes: [
      breakdown("writes of one instance until Published, by kind and writer", own, published.size),
      breakdown("shared writes (group, revision, events, rack), per instance", shared, published.size),
    ],
    rows: [
      {
        what: "store writes per instance until Published",
        measured: `${format(mean)} mean, ${most} most`,
        yardstick: `limit ${WRITES_MAX}`,
        ratio: most / WRITES_MAX,
        meaning: `Exact count over ${published.size} routed, health-checked instances of one group; above 1 the run fails.`,
      },
      {
        what: "shared store writes per instance",
        measured: `${format(shared.length / published.size)} writes`,
        yardstick: `${format(mean)} own writes`,
        ratio: shared.length / own.length,
        meaning: "Writes to the group, its revision, events and the rack while its instances start.",
      },
    ],
  };
}

function breakdown(title: string, writes: readonly Committed[], instances: number): string {
  const counts = new Map<string, number>();
  for (const { resource, writer } of writes) {
    const line = `${resource} ${writer}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const lines = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([line, count]) => `  ${format(count / instances).padStart(6)}  ${line}`);
  return [title, ...lines].join("\n");
}
