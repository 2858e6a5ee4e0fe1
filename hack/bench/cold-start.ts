import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KINDS } from "../../api-types/kinds.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { createApiServer } from "../../apiserver/main.js";
import { openEmbeddedStore } from "../../apiserver/storage/embedded.js";
import { systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { createMetrics } from "../../platform/metrics.js";
import { systemRandom } from "../../platform/random.js";
import { groupObject } from "./setup/group.js";
import { clientOf } from "./setup/rack.js";
import type { Findings, Row } from "./table/benchmark.js";
import { format, inFlight, median, timed } from "./table/measure.js";

const ROUNDS = 7;
const OBJECTS = 1000;
const START_TIMEOUT_MS = 30_000;

/** From the start of the process until `rackctl up` says ready, in turn with the start of an empty Node. */
export async function coldStart(): Promise<Findings> {
  const empty = await mkdtemp(join(tmpdir(), "bench-data-"));
  const filled = await mkdtemp(join(tmpdir(), "bench-data-"));
  await fill(filled);
  // the first start on a directory also makes keys and certificates
  const first = await untilReady(empty);
  await untilReady(filled);
  const node: number[] = [];
  const withNone: number[] = [];
  const withMany: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    node.push(await timed(() => exitOf(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }))));
    withNone.push(await untilReady(empty));
    withMany.push(await untilReady(filled));
  }
  for (const directory of [empty, filled]) await rm(directory, { recursive: true, force: true });
  const row = (what: string, ms: number, meaning: string): Row => ({
    what: `cold start, ${what}`,
    measured: `${format(ms)} ms`,
    yardstick: `${format(median(node))} ms node -e 0`,
    ratio: ms / median(node),
    meaning,
  });
  const extra = median(withMany) - median(withNone);
  return {
    rows: [
      row("first ever", first, "One start on an empty directory: includes making keys and certificates."),
      row(
        "0 objects",
        median(withNone),
        `From process start to "ready" of rackctl up, embedded store; the middle of ${ROUNDS} starts.`,
      ),
      row(
        "1,000 objects",
        median(withMany),
        `The same with ${format(OBJECTS)} ServiceGroups stored: ${format((extra * 1000) / OBJECTS)} µs more for each.`,
      ),
    ],
  };
}

/** Stores objects as an earlier run would have left them; suspended, so that no loop has work with them. */
async function fill(data: string): Promise<void> {
  const clock = systemClock();
  const store = await openEmbeddedStore({ directory: join(data, "store"), clock });
  const tools = { clock, random: systemRandom(), log: silentLogger };
  const api = await createApiServer({
    ...tools,
    store,
    kinds: KINDS,
    metrics: createMetrics().registry,
    version: "0.0.0",
  });
  const client = clientOf(api);
  await inFlight(OBJECTS, 64, async (index) => {
    const object = groupObject(`stored${index}`, { instances: 1, mode: "Routed", hasHealthCheck: true });
    // defaults are the server's to fill in
    await client.create(ServiceGroup, { ...object, spec: { ...object.spec, suspend: true } } as never);
  });
  await api.close();
  await store.close();
}

/** Milliseconds until the program says that it is ready; it is ended afterwards. */
async function untilReady(data: string): Promise<number> {
  const flags = ["--data", data, "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"];
  const entry = join(".cache", "bench", "cli", "main.js");
  const since = performance.now();
  const child = spawn(process.execPath, [entry, "up", ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ready = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`rackctl up did not become ready: ${said}`)), START_TIMEOUT_MS);
    child.once("exit", () => reject(new Error(`rackctl up ended: ${said}`)));
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (!/^ready$/m.test(said)) return;
      clearTimeout(timer);
      resolve(performance.now() - since);
    });
  });
  try {
    return await ready;
  } finally {
    await end(child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = exitOf(child);
  child.kill("SIGTERM");
  await gone;
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once("exit", () => resolve()));
}
