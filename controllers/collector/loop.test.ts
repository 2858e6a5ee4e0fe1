import { afterEach, describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import type { MeterTarget, NodeReading, Point, PointsWritten } from "../../drivers/metrics/driver.js";
import { createMetrics } from "../../platform/metrics.js";
import { type LoopWorld, loopWorld } from "../testing/loops.js";
import { sample } from "../testing/objects.js";
import { collectorController } from "./controller.js";

const TASK = "default.g-web-1-abc.uid8";
const LABELS = { "rackwright.dev/metered": "true" };
const influxdb = { address: "http://10.0.0.9:8086", database: "torc" };

/** A collector over a meter and a database that do as the test says. */
async function open() {
  const written: Point[][] = [];
  const asked: MeterTarget[][] = [];
  const opened: unknown[] = [];
  const state = {
    reading: (target: MeterTarget): NodeReading => readingOf(target, 2),
    outcome: { type: "written" } as PointsWritten,
    closed: 0,
  };
  const metrics = createMetrics();
  const world = await loopWorld({
    loops: [collectorController],
    metrics,
    metering: {
      meter(source) {
        opened.push(source);
        return {
          async read(targets) {
            asked.push([...targets]);
            return new Map(targets.map((target) => [target.node, state.reading(target)]));
          },
          close: () => void state.closed++,
        };
      },
      sink(target) {
        opened.push(target);
        return {
          async write(points) {
            if (state.outcome.type !== "failed") written.push([...points]);
            return state.outcome;
          },
          close: () => void state.closed++,
        };
      },
    },
  });
  return { ...world, world, metrics, written, asked, opened, state };
}

function readingOf({ containers }: MeterTarget, memory: number): NodeReading {
  return {
    type: "read",
    at: 1000,
    machine: { memory_usage: memory },
    interfaces: new Map([["p2p2", { network_in_bytes: 5 }]]),
    containers: new Map(containers.map((id) => [id, { memory_usage: memory / 2 }])),
  };
}

const rackOf = (collector: object | undefined) =>
  sample(Rack, {
    metadata: { name: "default" },
    spec: {
      metricSources: [
        { name: "pcp", pcp: {} },
        { name: "history", influxdb },
      ],
      collector,
    },
  });

const nodeOf = (name: string, type = "worker") =>
  sample(Node, { metadata: { name }, spec: { rackName: "default", address: "10.0.0.1", type } });

const instanceOf = (name: string, labels: Record<string, string>, node = "bl1") =>
  sample(Instance, {
    metadata: { name, labels },
    spec: { serviceGroup: "g", service: "web", number: 1, revisionName: "g-web-1" },
    status: { placement: { node, agentID: "a1", taskID: TASK, ports: [] } },
  });

describe("the collector loop", () => {
  let opened: LoopWorld | undefined;
  const begin = async (collector: object | undefined, nodes: readonly string[] = ["bl1"]) => {
    const all = await open();
    opened = all.world;
    await all.put(Rack, rackOf(collector));
    for (const name of nodes) await all.put(Node, nodeOf(name));
    await all.put(Instance, instanceOf("g-web-1-abc", LABELS));
    all.start();
    return all;
  };
  const conditionOf = async (world: LoopWorld) => {
    const rack = await world.settle(world.client.get(Rack, { name: "default" }));
    return rack.status?.conditions?.find(({ type }) => type === "MetricsReady");
  };
  afterEach(() => opened?.close());

  it("reads every interval and writes what it read, without a write to the store for it", async () => {
    const all = await begin({ to: "history", intervalSeconds: 10 });
    await all.clock.advance(2_000);
    expect(await conditionOf(all)).toMatchObject({ status: "True", reason: "MetricsCollected" });
    const before = all.writes.length;
    await all.clock.advance(30_000);
    expect(all.asked).toHaveLength(4);
    expect(all.written.map((points) => points.map(({ series }) => series))).toEqual(
      Array.from({ length: 4 }, () => ["machine", "network", "stats"]),
    );
    expect(all.writes.slice(before)).toEqual([]);
    expect(all.opened).toEqual([
      { type: "agents", secrets: undefined },
      { ...influxdb, secrets: { tls: undefined, credentialsSecretRef: undefined } },
    ]);
  });

  it("asks only nodes of the chosen types, for the containers of their metered instances", async () => {
    const all = await begin({ from: "pcp", nodeTypes: ["slave"] }, ["bl1", "bl2"]);
    await all.put(Node, nodeOf("wedge", "master"));
    await all.put(Instance, instanceOf("g-web-2-def", {}, "bl2"));
    await all.clock.advance(20_000);
    expect(all.asked.at(-1)).toEqual([
      { node: "bl1", address: "10.0.0.1", agentId: undefined, containers: [TASK] },
      { node: "bl2", address: "10.0.0.1", agentId: undefined, containers: [] },
    ]);
    expect(all.opened).toEqual([{ type: "pcp", port: 44323 }]);
  });

  it("keeps points while the database is away, in their order, and says so", async () => {
    const all = await begin({ to: "history", intervalSeconds: 5 });
    all.state.outcome = { type: "failed", reason: "connect ECONNREFUSED 10.0.0.9" };
    let at = 0;
    all.state.reading = (target) => ({ ...readingOf(target, 2), at: ++at }) as NodeReading;
    await all.clock.advance(40_000);
    expect(await conditionOf(all)).toMatchObject({ status: "False", reason: "DatabaseAway" });
    expect(await all.metrics.text()).toMatch(/points_waiting\{rack="default"\} 2[0-9]/);
    const before = all.writes.length;
    all.state.outcome = { type: "written" };
    await all.clock.advance(90_000);
    expect(await conditionOf(all)).toMatchObject({ status: "True", reason: "MetricsCollected" });
    expect(all.writes.slice(before)).toHaveLength(1);
    const times = all.written.flat().flatMap((point) => (point.series === "machine" ? [point.at] : []));
    expect(times).toEqual(times.map((_time, index) => index + 1));
    expect(times.length).toBeGreaterThan(20);
  });

  it("says what the database refuses", async () => {
    const all = await begin({ to: "history" });
    all.state.outcome = { type: "refused", count: 1, reason: "status 400: field type conflict" };
    await all.clock.advance(30_000);
    expect(await conditionOf(all)).toMatchObject({
      reason: "PointsRefused",
      message: expect.stringMatching(/conflict/),
    });
    const text = await all.metrics.text();
    expect(text).toMatch(/points_total\{rack="default",outcome="refused"\} [1-9]/);
    expect(text).toMatch(/points_total\{rack="default",outcome="written"\} [1-9]/);
  });

  it("says that most nodes are silent, not that one is, and only after three rounds", async () => {
    const all = await begin({ intervalSeconds: 5 }, ["bl1", "bl2"]);
    const failing = new Set(["bl2"]);
    all.state.reading = (target) =>
      failing.has(target.node) ? { type: "failed", reason: "timed out" } : readingOf(target, 2);
    await all.clock.advance(30_000);
    expect(await conditionOf(all)).toMatchObject({ reason: "MetricsCollected" });
    failing.add("bl1");
    await all.clock.advance(10_000);
    expect(await conditionOf(all)).toMatchObject({ reason: "MetricsCollected" });
    await all.clock.advance(6_000);
    expect(await conditionOf(all)).toMatchObject({
      reason: "SourceSilent",
      message: "most nodes give no measurements: bl1: timed out; bl2: timed out",
    });
    expect(await all.metrics.text()).toMatch(/silent_nodes\{rack="default"\} 2/);
  });

  it("shows the last round at /metrics, and nothing of what is gone", async () => {
    const all = await begin({});
    await all.clock.advance(1_000);
    expect(await all.metrics.text()).toContain(
      'rackwright_instance_memory_bytes{namespace="default",group="g",service="web",instance="g-web-1-abc"} 1\n',
    );
    await all.settle(all.client.delete(Instance, { namespace: "default", name: "g-web-1-abc" }));
    await all.clock.advance(6_000);
    const text = await all.metrics.text();
    expect(text).not.toContain("g-web-1-abc");
    expect(text).toContain('rackwright_node_memory_bytes{node="bl1"} 2\n');
    expect(text).toContain('rackwright_node_network_receive_bytes_per_second{node="bl1",interface="p2p2"} 5\n');
  });

  it("ends with its Rack's collector: nothing is open, shown or conditional any more", async () => {
    const all = await begin({ to: "history" });
    await all.clock.advance(1_000);
    await all.settle(all.client.patch(Rack, { name: "default" }, { spec: { collector: null } }, {}));
    await all.clock.advance(61_000);
    expect(all.state.closed).toBe(2);
    expect(await conditionOf(all)).toBeUndefined();
    expect(await all.metrics.text()).not.toMatch(/rackwright_(node|instance)_\w+\{/);
    const { length } = all.asked;
    await all.clock.advance(60_000);
    expect(all.asked).toHaveLength(length);
  });

  it("opens anew what is addressed anew, and leaves the rest open when only the interval changes", async () => {
    const all = await begin({ to: "history" });
    await all.clock.advance(1_000);
    const change = (spec: object) => all.settle(all.client.patch(Rack, { name: "default" }, { spec }, {}));
    await change({ collector: { intervalSeconds: 1 } });
    await all.clock.advance(20_000);
    expect(all.opened).toHaveLength(2);
    expect(all.asked.length).toBeGreaterThan(15);
    await change({ metricSources: [{ name: "history", influxdb: { ...influxdb, database: "other" } }] });
    await all.clock.advance(2_000);
    expect(all.opened.at(-1)).toMatchObject({ database: "other" });
    expect(all.state.closed).toBe(2);
  });

  it("leaves nothing open or shown when its process leads no more", async () => {
    const all = await begin({ to: "history" });
    await all.clock.advance(1_000);
    await all.close();
    opened = undefined;
    expect(all.state.closed).toBe(2);
    expect(await all.metrics.text()).not.toMatch(/rackwright_(node|instance)_\w+\{/);
  });
});
