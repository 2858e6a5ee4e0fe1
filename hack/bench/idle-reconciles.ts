import { Instance } from "../../api-types/instance.js";
import { isTrue } from "../../api-types/life.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import type { Store } from "../../apiserver/storage/store.js";
import { createMetrics } from "../../platform/metrics.js";
import { type VirtualClock, virtualClock } from "../../platform/virtual-clock.js";
import { applyGroup } from "./setup/group.js";
import { type BenchRack, startBenchRack } from "./setup/rack.js";
import type { Findings, Row } from "./table/benchmark.js";
import { format, median, rate } from "./table/measure.js";

const INSTANCES = 1000;
const GROUPS = 10;
const CONVERGE_LIMIT_MS = 600_000;
/** One whole resync (runtime/controller.ts). */
const RESYNC_MS = 60_000;
const ROUNDS = 1;

/** A converged rack of a thousand instances in virtual time: what looking at every key again costs. */
export async function idleReconciles(): Promise<Findings> {
  const clock = virtualClock();
  const counted = countedStore(memoryStore({ clock }));
  const stopwatch = createStopwatch();
  const starting = startBenchRack({ clock, store: counted.store, metrics: stopwatch.metrics });
  await clock.advance(0);
  const rack = await starting;
  const convergeMs = await converge(rack, clock);
  // what is still written after the last instance became Published is over
  await clock.advance(RESYNC_MS);
  stopwatch.reset();
  counted.keys.length = 0;
  const cpu = process.cpuUsage();
  await clock.advance(RESYNC_MS * ROUNDS);
  const { user, system } = process.cpuUsage(cpu);
  const jsonMs = await jsonRoundTripMs(rack, clock);
  await rack.stop();
  const writes = counted.keys.filter((key) => !key.includes("/leases/") && !key.startsWith("_"));
  return findings({ times: stopwatch.times, cpuMs: (user + system) / 1000, jsonMs, writes, convergeMs });
}

/** Milliseconds of CPU until every instance is Published. */
async function converge(rack: BenchRack, clock: VirtualClock): Promise<number> {
  const cpu = process.cpuUsage();
  for (let group = 0; group < GROUPS; group++) {
    void applyGroup(rack.client, `group${group}`, { instances: INSTANCES / GROUPS, mode: "Routed" });
  }
  for (let waited = 0; waited < CONVERGE_LIMIT_MS; waited += 1000) {
    await clock.advance(1000);
    const listing = rack.client.list(Instance);
    await clock.advance(0);
    const { items } = await listing;
    if (items.filter((instance) => isTrue(instance, "Published")).length < INSTANCES) continue;
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / 1000;
  }
  throw new Error("the rack does not converge");
}

function countedStore(store: Store) {
  const keys: string[] = [];
  const counted: Store = {
    ...store,
    async write(write, options) {
      const result = await store.write(write, options);
      if (result.type === "committed") keys.push(write.key);
      return result;
    },
  };
  return { store: counted, keys };
}

/**
 * Metrics that measure: in virtual time nothing waits, so what passes while reconciles run is what they cost. Where
 * several run at once, each is charged with the time since the one before it ended.
 */
function createStopwatch() {
  const times = new Map<string, number[]>();
  const metrics = createMetrics();
  let running = 0;
  let markedAt = 0;
  const started = () => {
    if (running === 0) markedAt = performance.now();
    running += 1;
  };
  const ended = ({ controller = "" }: { readonly controller?: string }) => {
    const spent = performance.now() - markedAt;
    const known = times.get(controller);
    if (known === undefined) times.set(controller, [spent]);
    else known.push(spent);
    running -= 1;
    markedAt = performance.now();
  };
  // the loops tell of a start by the first, of an end by the second (platform/loop-metrics.ts)
  const queued = { name: "workqueue_queue_duration_seconds", help: "-", labelNames: ["name"] };
  Object.assign(metrics.histogram(queued), { observe: started });
  const ends = { name: "controller_runtime_reconcile_total", help: "-", labelNames: ["controller", "result"] };
  Object.assign(metrics.counter(ends), { inc: ended });
  return { metrics, times, reset: () => times.clear() };
}

/** Parsing and writing one Instance: work of the same nature that every machine knows. */
async function jsonRoundTripMs(rack: BenchRack, clock: VirtualClock): Promise<number> {
  const listing = rack.client.list(Instance, { limit: 1 });
  await clock.advance(0);
  const text = JSON.stringify((await listing).items[0]);
  const perSecond = await rate(() => JSON.stringify(JSON.parse(text)), { forMs: 500, warmUp: 1000 });
  return 1000 / perSecond;
}

interface Measured {
  readonly times: ReadonlyMap<string, readonly number[]>;
  readonly cpuMs: number;
  readonly jsonMs: number;
  readonly writes: readonly string[];
  readonly convergeMs: number;
}

function findings({ times, cpuMs, jsonMs, writes, convergeMs }: Measured): Findings {
  // the middle, times how often: a pause of the machine must not be charged to the loop that it fell into
  const cost = (spent: readonly number[]) => median(spent) * spent.length;
  const loops = [...times].sort(([, a], [, b]) => cost(b) - cost(a));
  const all = loops.reduce((total, [, spent]) => total + cost(spent), 0);
  const rows = loops.map(
    ([loop, spent]): Row => ({
      what: `no-op reconciles, ${loop}`,
      measured: `${format(1000 / median(spent))}/s`,
      yardstick: `${format(1000 / jsonMs)}/s JSON round trips`,
      ratio: jsonMs / median(spent),
      meaning: `${format(spent.length / ROUNDS)} a minute, ${format((cost(spent) / all) * 100)} % of what all loops cost.`,
    }),
  );
  const idleMs = RESYNC_MS * ROUNDS;
  const failures =
    writes.length === 0 ? [] : [`an idle rack wrote to the store ${writes.length} times; only leases may be`];
  return {
    failures,
    rows: [
      {
        what: "CPU of an idle rack",
        measured: `${format((cpuMs / idleMs) * 100)} % of a core`,
        yardstick: `${format((all / idleMs) * 100)} % in loops`,
        ratio: cpuMs / all,
        meaning: `${format(INSTANCES)} Published instances, a resync a minute; the rest is drivers, API server, garbage collection and the simulated back ends in the same process.`,
      },
      {
        what: "store writes of an idle rack",
        measured: `${format(writes.length / ROUNDS)} a minute`,
        yardstick: "0, leases apart",
        meaning:
          writes.length === 0
            ? "Nothing is written while nothing changes."
            : `Written: ${[...new Set(writes)].slice(0, 5).join(", ")}.`,
      },
      {
        what: "CPU from apply to Published",
        measured: `${format(convergeMs / INSTANCES)} ms an instance`,
        yardstick: `${format(jsonMs)} ms a JSON round trip`,
        ratio: convergeMs / INSTANCES / jsonMs,
        meaning: `${format(INSTANCES)} routed instances in ${GROUPS} groups at once, everything included, the simulated back ends too.`,
      },
      ...rows,
    ],
  };
}
