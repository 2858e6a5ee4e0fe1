import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../platform/log.js";
import { type HttpHandler, TransportError } from "../../../platform/transport.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import type { MeterTarget } from "../driver.js";
import { createAgentsMeter } from "./agents-meter.js";

const SNAPSHOT = { "system/mem_total_bytes": 1000, "system/mem_free_bytes": 300, "slave/cpus_total": 4 };

/** Agents whose answers the test gives, by path; the agent's clock is ours. */
function open() {
  const clock = virtualClock();
  const state = {
    rx: 0,
    isAway: false,
    snapshot: SNAPSHOT as unknown,
    executorId: "t1",
    source: "t1",
    timestampOf: () => clock.now() / 1000,
  };
  const asked: string[] = [];
  const transport: HttpHandler = async ({ url }) => {
    asked.push(url);
    if (state.isAway) throw new TransportError("refused", { isSent: false });
    const statistics = {
      timestamp: state.timestampOf(),
      net_rx_bytes: state.rx,
      cpus_user_time_secs: state.rx / 1000,
      mem_rss_bytes: 77,
    };
    const containers = [{ executor_id: state.executorId, source: state.source, framework_id: "f", statistics }];
    const body = url.endsWith("/monitor/statistics") ? containers : state.snapshot;
    return { status: body === undefined ? 404 : 200, headers: {}, body: Buffer.from(JSON.stringify(body ?? "")) };
  };
  const agentUrl = (agentId: string) => (agentId === "a1" ? "http://a1:5051/" : undefined);
  const meter = createAgentsMeter({ transport, agentUrl, clock, log: silentLogger });
  const target: MeterTarget = { node: "bl1", address: undefined, agentId: "a1", containers: ["t1", "t9"] };
  const read = async (overrides: Partial<MeterTarget> = {}) =>
    (await meter.read([{ ...target, ...overrides }])).get("bl1");
  return { clock, state, asked, meter, read };
}

describe("createAgentsMeter", () => {
  it("gives gauges at once, and rates from the second reading on", async () => {
    const { read, clock, state, asked } = open();
    const first = {
      type: "read",
      at: clock.now(),
      machine: { memory_usage: 700 },
      interfaces: new Map(),
      containers: new Map([["t1", { memory_usage: 77 }]]),
    };
    expect(await read()).toEqual(first);
    expect(asked).toEqual(["http://a1:5051/monitor/statistics", "http://a1:5051/metrics/snapshot"]);
    await clock.advance(5000);
    state.rx = 5000;
    expect(await read()).toMatchObject({
      containers: new Map([["t1", { memory_usage: 77, network_in_bytes: 1000, cpu_usage_user: 1 }]]),
    });
  });

  it("leaves a gap where an agent was away, began to count anew, or set its clock: never a negative rate, nor a spike", async () => {
    const { read, clock, state } = open();
    const rateAfter = async (rx: number) => {
      await clock.advance(5000);
      state.rx = rx;
      const reading = await read();
      return reading?.type === "read" ? reading.containers.get("t1")?.network_in_bytes : reading?.type;
    };
    expect(await rateAfter(100_000)).toBeUndefined();
    expect(await rateAfter(105_000)).toBe(1000);
    state.isAway = true;
    expect(await rateAfter(110_000)).toBe("failed");
    state.isAway = false;
    // it restarted: its counters began anew
    expect(await rateAfter(50)).toBeUndefined();
    expect(await rateAfter(5050)).toBe(1000);
    state.timestampOf = () => clock.now() / 1000 - 3600;
    expect(await rateAfter(10_050)).toBeUndefined();
    expect(await rateAfter(15_050)).toBe(1000);
  });

  it("knows a container by its executor's id or by its source", async () => {
    const { read, state } = open();
    state.executorId = "shared";
    expect(await read()).toMatchObject({ containers: new Map([["t1", { memory_usage: 77 }]]) });
    state.source = "other";
    expect(await read()).toMatchObject({ containers: new Map() });
  });

  it.each([
    ["is not served", undefined],
    ["is no object", [1]],
    ["has no memory", { "system/cpus_total": 2 }],
    ["has more free than there is", { "system/mem_total_bytes": 1, "system/mem_free_bytes": 2 }],
  ])("measures the containers of an agent whose snapshot %s", async (_what, snapshot) => {
    const { read, state } = open();
    state.snapshot = snapshot;
    expect(await read()).toMatchObject({
      type: "read",
      machine: {},
      containers: new Map([["t1", { memory_usage: 77 }]]),
    });
  });

  it.each([
    ["no agent is known of the node", { agentId: undefined }, "no Mesos agent is known of it"],
    ["the agent's address is not known", { agentId: "a9" }, "reading statistics of agent a9: its address is not known"],
  ])("fails when %s", async (_what, overrides, reason) => {
    expect(await open().read(overrides)).toEqual({ type: "failed", reason });
  });
});
