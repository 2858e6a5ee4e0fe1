import { setMaxListeners } from "node:events";
import { KINDS } from "../../api-types/kinds.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { SYSTEM_IDENTITY } from "../../apiserver/http/contract.js";
import { type ApiServer, createApiServer } from "../../apiserver/main.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import { systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { createMetrics } from "../../platform/metrics.js";
import { systemRandom } from "../../platform/random.js";
import { readBody } from "../../platform/transport.js";
import { applyGroup, groupObject } from "./setup/group.js";
import { clientOf } from "./setup/rack.js";
import type { Findings, Row } from "./table/benchmark.js";
import { format, inFlight, median, rate, timed } from "./table/measure.js";

const WATCHERS = 500;
const CHANGES = 60;
const ROUNDS = 5;
const WARM_UP = 10;
const LISTED = 10_000;
const GROUPS = "/apis/rackwright.dev/v1alpha1/namespaces/default/servicegroups";

/** Delivery of one change to many watchers, status writes and long lists, over a memory store in this process. */
export async function fanOut(): Promise<Findings> {
  const tools = { clock: systemClock(), random: systemRandom(), log: silentLogger };
  const store = memoryStore({ clock: tools.clock });
  const api = await createApiServer({
    ...tools,
    store,
    kinds: KINDS,
    metrics: createMetrics().registry,
    version: "0.0.0",
  });
  const rows = [await watchRow(api), await statusRow(api)];
  await fill(api);
  await api.close();
  // another server, because this one has encoded each object for its answer to the creation
  const second = await createApiServer({
    ...tools,
    store,
    kinds: KINDS,
    metrics: createMetrics().registry,
    version: "0.0.0",
  });
  rows.push(...(await listRows(second)));
  await second.close();
  return { rows };
}

async function watchRow(api: ApiServer): Promise<Row> {
  await applyGroup(clientOf(api), "watched", { instances: 1, mode: "Routed" });
  const ones: number[] = [];
  const manies: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const one = await deliveryMs(api, 1);
    const many = await deliveryMs(api, WATCHERS);
    // the first round warms up
    if (round > 0) ones.push(one);
    if (round > 0) manies.push(many);
  }
  const [one, many] = [median(ones), median(manies)];
  return {
    what: `one change to ${WATCHERS} watchers`,
    measured: `${format(many)} ms`,
    yardstick: `${format(one)} ms to one`,
    ratio: many / one,
    meaning: `From the update to the last delivery; ${format(((many - one) * 1000) / (WATCHERS - 1))} µs for each further watcher, because a change is encoded once. Both include the update itself.`,
  };
}

/** The middle time from an update until everyone who watches has read it. */
async function deliveryMs(api: ApiServer, watchers: number): Promise<number> {
  const abort = new AbortController();
  setMaxListeners(watchers + 1, abort.signal);
  let unread = 0;
  let allRead = () => {};
  for (let index = 0; index < watchers; index++) {
    const url = `${GROUPS}?watch=true&resourceVersion=0&allowWatchBookmarks=false`;
    const { body } = await api.handle({ method: "GET", url, headers: {}, signal: abort.signal }, SYSTEM_IDENTITY);
    if (body instanceof Uint8Array) throw new Error(Buffer.from(body).toString("utf8"));
    void drain(body, () => {
      unread -= 1;
      if (unread === 0) allRead();
    });
  }
  // each first hears of what is there already
  await new Promise((resolve) => setTimeout(resolve, 200));
  const times: number[] = [];
  for (let round = 0; round < CHANGES + WARM_UP; round++) {
    const ms = await timed(async () => {
      unread = watchers;
      const read = new Promise<void>((resolve) => {
        allRead = resolve;
      });
      await change(api);
      await read;
    });
    if (round >= WARM_UP) times.push(ms);
  }
  abort.abort();
  return median(times);
}

async function drain(body: AsyncIterable<Uint8Array>, onEvents: () => void): Promise<void> {
  try {
    for await (const chunk of body) if (chunk.length > 0) onEvents();
  } catch {
    // the watch was ended by its signal
  }
}

/** Changes an annotation of the watched object. */
async function change(api: ApiServer): Promise<void> {
  changes += 1;
  const body = Buffer.from(JSON.stringify({ metadata: { annotations: { change: String(changes) } } }));
  const headers = { "content-type": "application/merge-patch+json" };
  const response = await api.handle({ method: "PATCH", url: `${GROUPS}/watched`, headers, body }, SYSTEM_IDENTITY);
  if (response.status !== 200) throw new Error(`PATCH: ${response.status} ${response.body}`);
}

let changes = 0;

async function statusRow(api: ApiServer): Promise<Row> {
  const client = clientOf(api);
  const key = { namespace: "default", name: "watched" };
  let count = 0;
  const report = () => {
    count += 1;
    const transition = { lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: count };
    const ready = { type: "Ready", status: "False", reason: "Measured", message: `${count}`, ...transition };
    const status = { replicas: count, conditions: [ready] };
    return client.applyStatus(ServiceGroup, key, { status, fieldManager: "service-group" });
  };
  const text = JSON.stringify(await report());
  const reports = await rate(report, { forMs: 3000, warmUp: 500 });
  const trips = await rate(() => JSON.stringify(JSON.parse(text)), { forMs: 500, warmUp: 1000 });
  return {
    what: "status writes by server-side apply",
    measured: `${format(reports)} writes/s`,
    yardstick: `${format(trips)} JSON round trips/s`,
    ratio: reports / trips,
    meaning:
      "One after another through the typed client, in this process, memory store; a round trip is one parse and one encoding of the same object.",
  };
}

async function fill(api: ApiServer): Promise<void> {
  const client = clientOf(api);
  await inFlight(LISTED, 64, async (index) => {
    // defaults are the server's to fill in
    await client.create(ServiceGroup, groupObject(`listed${index}`, { instances: 1, mode: "Routed" }) as never);
  });
}

async function listRows(api: ApiServer): Promise<Row[]> {
  const list = async () => readBody(await api.handle({ method: "GET", url: GROUPS, headers: {} }, SYSTEM_IDENTITY));
  let bytes = new Uint8Array();
  const first = await timed(async () => {
    bytes = new Uint8Array(await list());
  });
  const { items }: { items: readonly unknown[] } = JSON.parse(Buffer.from(bytes).toString("utf8"));
  const times: number[] = [];
  const yardsticks: number[] = [];
  for (let round = 0; round < 7; round++) {
    times.push(await timed(list));
    yardsticks.push(await timed(() => Buffer.from(JSON.stringify(items))));
  }
  const row = (what: string, ms: number, meaning: string): Row => ({
    what,
    measured: `${format(ms)} ms`,
    yardstick: `${format(median(yardsticks))} ms JSON.stringify`,
    ratio: ms / median(yardsticks),
    meaning,
  });
  const size = `${format(items.length)} objects, ${format(bytes.length / 2 ** 20)} MiB`;
  return [
    row("list of 10,000 objects, first", first, `${size}; every object is encoded.`),
    row("list of 10,000 objects, again", median(times), `${size}; encodings are kept and shared by all who read.`),
  ];
}
