import { Etcd3 } from "etcd3";
import { KINDS } from "../../api-types/kinds.js";
import { SYSTEM_IDENTITY } from "../../apiserver/http/contract.js";
import { type ApiServer, createApiServer } from "../../apiserver/main.js";
import { openEtcdStore } from "../../apiserver/storage/etcd.js";
import { systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { createMetrics } from "../../platform/metrics.js";
import { systemRandom } from "../../platform/random.js";
import { readBody } from "../../platform/transport.js";
import { type BenchEtcd, startDurableEtcd } from "./setup/etcd.js";
import { groupObject } from "./setup/group.js";
import type { Findings } from "./table/benchmark.js";
import { format, inFlight, median, timed } from "./table/measure.js";

const ROUNDS = 5;
/** Each is created and updated once a round. */
const OBJECTS = 1000;
const IN_FLIGHT = 64;
const PATH = "/apis/rackwright.dev/v1alpha1/namespaces/default/servicegroups";
const JSON_HEADERS = { "content-type": "application/json" };

/** Creates and updates objects through the API server over a real etcd, in turn with plain puts of the same bytes. */
export async function apiWrites(): Promise<Findings> {
  const etcd = await startDurableEtcd();
  if (etcd === undefined) return { rows: [], failures: ["api-writes needs etcd: run hack/tools/install.sh"] };
  try {
    return await compare(etcd);
  } finally {
    await etcd.stop();
  }
}

async function compare({ endpoint }: BenchEtcd): Promise<Findings> {
  const clock = systemClock();
  const log = silentLogger;
  const store = openEtcdStore({ endpoints: [endpoint], prefix: "bench", clock, log });
  const metrics = createMetrics().registry;
  const api = await createApiServer({
    store,
    kinds: KINDS,
    clock,
    random: systemRandom(),
    log,
    metrics,
    version: "0.0.0",
  });
  const raw = new Etcd3({ hosts: endpoint });
  const apiRates: number[] = [];
  const rawRates: number[] = [];
  await writeThroughApi(api, "warm");
  const stored = await store.get("rackwright.dev/servicegroups/default/warm-0");
  const bytes = Buffer.from(stored?.value ?? "");
  await writeRaw(raw, bytes);
  for (let round = 0; round < ROUNDS; round++) {
    apiRates.push(await writeThroughApi(api, `r${round}`));
    rawRates.push(await writeRaw(raw, bytes));
  }
  await api.close();
  await store.close();
  raw.close();
  const ratios = apiRates.map((rate, round) => rate / (rawRates[round] ?? Number.NaN));
  return {
    rows: [
      {
        what: "API writes over etcd",
        measured: `${format(median(apiRates))} writes/s`,
        yardstick: `${format(median(rawRates))} raw puts/s`,
        ratio: median(ratios),
        meaning: `Create and update of a ServiceGroup (${format(bytes.length)} bytes stored), ${IN_FLIGHT} in flight, fsync on; 1 would mean that validation, admission and field ownership cost nothing.`,
      },
    ],
  };
}

/** Writes a second. Bodies are made before the clock starts. */
async function writeThroughApi(api: ApiServer, prefix: string): Promise<number> {
  const names = Array.from({ length: OBJECTS }, (_, index) => `${prefix}-${index}`);
  const bodies = names.map((name) => [bodyOf(name, 1), bodyOf(name, 2)] as const);
  const ms = await timed(() =>
    inFlight(OBJECTS, IN_FLIGHT, async (index) => {
      const [first, second] = bodies[index] ?? [];
      const created = await call(api, { method: "POST", url: PATH, body: Buffer.from(first ?? "") });
      const body = withVersionOf(created, second ?? "");
      await call(api, { method: "PUT", url: `${PATH}/${names[index]}`, body });
    }),
  );
  return (OBJECTS * 2 * 1000) / ms;
}

function bodyOf(name: string, instances: number): string {
  return JSON.stringify(groupObject(name, { instances, mode: "Routed", hasHealthCheck: true }));
}

/** The body of an update, of the version that was answered; without parsing, which would be the client's work. */
function withVersionOf(answered: Buffer, text: string): Buffer {
  const version = answered.toString("utf8").match(/"resourceVersion":"\d+"/)?.[0] ?? "";
  return Buffer.from(text.replace('"metadata":{', `"metadata":{${version},`));
}

async function call(api: ApiServer, request: { method: string; url: string; body: Buffer }): Promise<Buffer> {
  const response = await api.handle({ ...request, headers: JSON_HEADERS }, SYSTEM_IDENTITY);
  const body = Buffer.from(await readBody(response));
  if (response.status > 201) throw new Error(`${request.method} ${request.url}: ${response.status} ${body}`);
  return body;
}

async function writeRaw(raw: Etcd3, bytes: Buffer): Promise<number> {
  const ms = await timed(() =>
    inFlight(OBJECTS, IN_FLIGHT, async (index) => {
      await raw.put(`/raw/${index}`).value(bytes);
      await raw.put(`/raw/${index}`).value(bytes);
    }),
  );
  return (OBJECTS * 2 * 1000) / ms;
}
