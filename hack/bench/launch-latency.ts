import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filter, firstValueFrom, share } from "rxjs";
import { Instance } from "../../api-types/instance.js";
import { isTrue } from "../../api-types/life.js";
import { LABEL } from "../../api-types/well-known.js";
import { openEmbeddedStore } from "../../apiserver/storage/embedded.js";
import { openEtcdStore } from "../../apiserver/storage/etcd.js";
import type { Store } from "../../apiserver/storage/store.js";
import { systemClock } from "../../platform/clock.js";
import { serve } from "../../platform/http-server.js";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import { type HttpHandler, inProcessTransport } from "../../platform/transport.js";
import { undiciTransport } from "../../platform/undici-transport.js";
import { MESOS_HOST, startBackends } from "./setup/backends.js";
import { startDurableEtcd } from "./setup/etcd.js";
import { applyGroup } from "./setup/group.js";
import { type BenchRack, startBenchRack } from "./setup/rack.js";
import type { Findings, Row } from "./table/benchmark.js";
import { format, percentile, timed } from "./table/measure.js";

const SAMPLES = 200;
const WARM_UP = 20;
const RUNNING_TIMEOUT_MS = 15_000;
const clock = systemClock();

/** From the apply of a group with one instance until the ACCEPT that launches it arrives at Mesos, over sockets. */
export async function launchLatency(): Promise<Findings> {
  const directory = await mkdtemp(join(tmpdir(), "bench-store-"));
  const embedded = await openEmbeddedStore({ directory, clock });
  const rows = await measure("embedded", embedded);
  await rm(directory, { recursive: true, force: true });
  const etcd = await startDurableEtcd();
  if (etcd === undefined) return { rows, failures: ["launch-latency needs etcd: run hack/tools/install.sh"] };
  const store = openEtcdStore({ endpoints: [etcd.endpoint], prefix: "bench", clock, log: silentLogger });
  rows.push(...(await measure("etcd", store)));
  await etcd.stop();
  return { rows };
}

async function measure(name: string, store: Store): Promise<Row[]> {
  const roundTrips = await roundTripsOf(store);
  const launches = await launchesOf(store);
  await store.close();
  return [50, 99].map((percent) => ({
    what: `apply to ACCEPT, ${name}, p${percent}`,
    measured: `${format(percentile(launches, percent))} ms`,
    yardstick: `${format(percentile(roundTrips, percent))} ms put to watch`,
    ratio: percentile(launches, percent) / percentile(roundTrips, percent),
    meaning: `${SAMPLES} groups of one instance each, one after another, on the ${name} store; five writes in a row lie on the way (group, its finalizer, revision, instance, placement), each seen by the next loop.`,
  }));
}

/** A single write until a watch tells of it: the least that any hand-over costs. */
async function roundTripsOf(store: Store): Promise<readonly number[]> {
  const value = Buffer.from(JSON.stringify({ filler: "x".repeat(2000) }));
  const changes$ = store.watch$("probe/", await store.current()).pipe(share());
  const watching = changes$.subscribe();
  const times: number[] = [];
  for (let sample = 0; sample < SAMPLES + WARM_UP; sample++) {
    const key = `probe/${sample}`;
    const seen = firstValueFrom(changes$.pipe(filter((event) => event.type === "put" && event.key === key)));
    const ms = await timed(async () => {
      await store.write({ type: "create", key, value });
      await seen;
    });
    if (sample >= WARM_UP) times.push(ms);
  }
  watching.unsubscribe();
  return times;
}

async function launchesOf(store: Store): Promise<readonly number[]> {
  const accepts = createAccepts();
  const { transport, close } = await socketTransport(accepts.watch);
  const rack = await startBenchRack({ clock, store, transport });
  const times: number[] = [];
  for (let sample = 0; sample < SAMPLES + WARM_UP; sample++) {
    const name = `launch${sample}`;
    const accepted = accepts.of(name);
    const ms = await timed(async () => {
      await applyGroup(rack.client, name, { instances: 1, mode: "Host" });
      await accepted;
    });
    if (sample >= WARM_UP) times.push(ms);
    await untilRunning(rack, name);
  }
  await rack.stop();
  await close();
  return times;
}

/** Tells when the launch of a group's task arrives at the master. */
function createAccepts() {
  const waiting = new Map<string, () => void>();
  return {
    of: (group: string) => new Promise<void>((resolve) => waiting.set(`default.${group}-`, resolve)),
    watch(body: string) {
      if (!body.includes('"ACCEPT"')) return;
      for (const [prefix, resolve] of waiting) {
        if (!body.includes(prefix)) continue;
        waiting.delete(prefix);
        resolve();
      }
    },
  };
}

/** Mesos is reached over a socket, every other back end in this process. */
async function socketTransport(watch: (body: string) => void) {
  const { handlers, close } = startBackends({ clock, random: seededRandom(1), log: silentLogger });
  const mesos = handlers.get(MESOS_HOST);
  if (mesos === undefined) throw new Error("the rack has no Mesos");
  const watched: HttpHandler = (request) => {
    watch(Buffer.from(request.body ?? "").toString("utf8"));
    return mesos(request);
  };
  const server = await serve(watched, { host: "127.0.0.1", port: 0 });
  const sockets = undiciTransport();
  const direct = inProcessTransport(handlers);
  const transport: HttpHandler = (request) => {
    if (!request.url.startsWith(`http://${MESOS_HOST}`)) return direct(request);
    return sockets({ ...request, url: request.url.replace(MESOS_HOST, `127.0.0.1:${server.port}`) });
  };
  return {
    transport,
    async close() {
      await sockets.close();
      await server.close();
      close();
    },
  };
}

async function untilRunning({ client }: BenchRack, group: string): Promise<void> {
  const deadline = performance.now() + RUNNING_TIMEOUT_MS;
  const labelSelector = `${LABEL.group}=${group}`;
  for (;;) {
    const { items } = await client.list(Instance, { namespace: "default", labelSelector });
    if (items.some((instance) => isTrue(instance, "Running"))) return;
    if (performance.now() > deadline) throw new Error(`the instance of ${group} does not run`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
