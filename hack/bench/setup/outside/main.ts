import { systemClock } from "../../../../platform/clock.js";
import { serve } from "../../../../platform/http-server.js";
import { silentLogger } from "../../../../platform/log.js";
import { seededRandom } from "../../../../platform/random.js";
import { MESOS_HOST, startBackends } from "../backends.js";
import { createFlow, type Flowed, type Rate } from "./flow.js";
import { injectingMaster, type Target } from "./injecting-master.js";

// The back ends of the benchmark's rack as a process of their own, on loopback: what they cost is not the product's.

/** What the process is told. */
export type Order = { readonly targets: readonly Target[]; readonly rate: Rate };

/** What it tells: where each host of the rack listens, once; then how each flow went. */
export type Report =
  | { readonly type: "listening"; readonly ports: Readonly<Record<string, number>> }
  | { readonly type: "flowed"; readonly flowed: Flowed };

const tools = { clock: systemClock(), random: seededRandom(1), log: silentLogger };
const backends = startBackends(tools);
const none = async () => ({ status: 404, headers: {}, body: new Uint8Array() });
const master = injectingMaster(backends.handlers.get(MESOS_HOST) ?? none);
const handlers = new Map(backends.handlers).set(MESOS_HOST, master.handler);
const listening = [...handlers].map(async ([host, handler]) => {
  const { port } = await serve(handler, { host: "127.0.0.1", port: 0 });
  return [host, port] as const;
});
const flow = createFlow(master);

process.on("message", async ({ targets, rate }: Order) => tell({ type: "flowed", flowed: await flow(targets, rate) }));
process.on("disconnect", () => process.exit());
tell({ type: "listening", ports: Object.fromEntries(await Promise.all(listening)) });

function tell(report: Report): void {
  process.send?.(report);
}
