import { describe, expect, it } from "vitest";
import { Rack } from "../../api-types/rack.js";
import { createMetrics } from "../../platform/metrics.js";
import { areGroupsReady } from "./schedule/convergence.js";
import { dnsWorld, suspend } from "./schedule/dns-example.js";
import { pretendInflux } from "./world/influx.js";

const INTERVAL_MS = 5000;

/** The DNS example with a collector that writes what Mesos agents tell into a database, under load. */
async function meteredWorld() {
  const influx = pretendInflux("torc");
  const metrics = createMetrics();
  const servers = new Map([["10.250.3.23:8086", influx.handler]]);
  const world = await dnsWorld({ seed: 1, servers, metrics });
  const spec = {
    metricSources: [{ name: "history", influxdb: { address: "http://10.250.3.23:8086", database: "torc" } }],
    collector: { to: "history" },
  };
  await world.ask(() => world.client.patch(Rack, { name: "torc" }, { spec }));
  await world.until("everything Ready", () => areGroupsReady(world), 60_000);
  await suspend(world, "normalload200", false);
  await world.clock.advance(30_000);
  const rowsOf = (series: string, hostname?: string) =>
    influx.rows.filter((row) => row.series === series && (hostname === undefined || row.tags.hostname === hostname));
  return { world, influx, metrics, rowsOf };
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

describe("a metered service of the DNS example", () => {
  it("has its true rates written every five seconds, beside those of the nodes; what is not metered has none", async () => {
    const { world, influx, metrics, rowsOf } = await meteredWorld();
    const services = new Set(rowsOf("stats").map(({ tags }) => tags.service));
    expect([...services].sort()).toEqual(["dns-sl", "normalload200"]);
    const rates = rowsOf("stats").filter(({ tags }) => tags.container_name === "dns-sl-1");
    // as the DNS example measures it, bytes per second
    const last = rates.slice(-3).map(({ fields }) => Math.round((fields.network_in_bytes ?? 0) / 1000));
    expect(last).toEqual([14, 14, 14]);
    expect(rates.at(-1)?.tags).toMatchObject({ namespace: "dns-example", group: "dns", service: "dns-sl" });
    const machines = new Set(rowsOf("machine").map(({ tags }) => tags.hostname));
    expect(machines.size).toBe(5);
    const times = rowsOf("machine", "bladerunner1").map(({ at }) => at);
    expect(times.slice(1).every((at, index) => at - (times[index] ?? 0) === INTERVAL_MS)).toBe(true);
    expect(influx.rows.every(({ fields }) => Object.values(fields).every((value) => value >= 0))).toBe(true);
    expect(await metrics.text()).toMatch(
      /rackwright_instance_receive_bytes_per_second\{[^}]*service="dns-sl"[^}]*\} 1[34]\d\d\d/,
    );
    await world.stop();
  });

  it("leaves a gap while its agent restarts: no zero, no negative rate, no spike", async () => {
    const { world, rowsOf } = await meteredWorld();
    const host = rowsOf("stats").find(({ tags }) => tags.service === "dns-sl")?.tags.hostname ?? "";
    const before = rowsOf("machine", host).length;
    world.mesos.killAgent(host);
    await world.clock.advance(20_000);
    expect(rowsOf("machine", host)).toHaveLength(before);
    world.mesos.returnAgent(host);
    await world.clock.advance(60_000);
    expect(rowsOf("machine", host).length).toBeGreaterThan(before + 5);
    const rates = rowsOf("stats", host)
      .filter(({ tags }) => tags.service === "dns-sl")
      .map(({ fields }) => fields.network_in_bytes)
      .filter((rate) => rate !== undefined);
    const settled = rates.slice(6);
    expect(settled.length).toBeGreaterThan(5);
    for (const rate of settled) expect(Math.round(rate / 1000)).toBe(14);
    await world.stop();
  });

  it("loses no point while the database is away for two minutes, and stores nothing but the verdict", async () => {
    const { world, influx, rowsOf } = await meteredWorld();
    const shown = async () => {
      const rack = await world.ask(() => world.client.get(Rack, { name: "torc" }));
      return rack.status?.conditions?.find(({ type }) => type === "MetricsReady")?.reason;
    };
    expect(await shown()).toBe("MetricsCollected");
    influx.state.isAway = true;
    const writesBefore = world.writes.length;
    await world.clock.advance(120_000);
    expect(await shown()).toBe("DatabaseAway");
    influx.state.isAway = false;
    await world.clock.advance(90_000);
    expect(await shown()).toBe("MetricsCollected");
    const ofRack = world.writes.slice(writesBefore).filter(({ key }) => key.includes("/racks/"));
    expect(ofRack).toHaveLength(2);
    for (const host of ["wedge", "bladerunner1", "bladerunner2", "bladerunner3", "bladerunner4"]) {
      const times = rowsOf("machine", host).map(({ at }) => at);
      const steps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
      expect(sumOf(steps)).toBeGreaterThan(200_000);
      expect(new Set(steps)).toEqual(new Set([INTERVAL_MS]));
    }
    await world.stop();
  });

  it("shows nothing at /metrics of an instance that went", async () => {
    const { world, metrics } = await meteredWorld();
    expect(await metrics.text()).toMatch(/rackwright_instance_memory_bytes\{[^}]*normalload200/);
    await suspend(world, "normalload200", true);
    await world.clock.advance(30_000);
    expect(await metrics.text()).not.toMatch(/normalload200/);
    await world.stop();
  });
});
