import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Point } from "../../drivers/metrics/driver.js";
import { createInfluxSink } from "../../drivers/metrics/influxdb/sink.js";
import { createPcpMeter } from "../../drivers/metrics/pcp/meter.js";
import { sleep, systemClock } from "../../platform/clock.js";
import type { HttpHandler } from "../../platform/transport.js";
import { undiciTransport } from "../../platform/undici-transport.js";
import { influxRows, startInflux, startPcp } from "./metric-servers.js";
import { isMissing, type RunningServer } from "./servers.js";

const clock = systemClock();
const transport = undiciTransport();
afterAll(() => transport.close());

function network(at: number, rate: number): Point {
  const tags = { hostname: "bladerunner1", interface_name: "p2p2" };
  return { series: "network", tags, fields: { network_in_bytes: rate, network_out_bytes: rate / 2 }, at };
}

describe.skipIf(isMissing("influxd"))("a real InfluxDB 1.x", () => {
  let server: RunningServer;
  const sinkOf = (database: string) => createInfluxSink({ transport, address: server.endpoint, database, clock });
  beforeAll(async () => {
    server = await startInflux();
  });
  afterAll(() => server.stop());

  it("gets its database with the first points, and answers the query of ToRC's demo", async () => {
    const sink = sinkOf("torc");
    const base = Date.parse("2026-01-01T12:00:00Z");
    const points = [1, 2, 3, 4, 5, 6, 7].map((n) => network(base + n * 5000, n * 1000));
    expect(await sink.write(points)).toEqual({ type: "written" });
    const q =
      "select network_in_bytes,network_out_bytes from network where interface_name='p2p2' AND hostname='bladerunner1'";
    const rows = await influxRows(server, { database: "torc", q: `${q} order by time desc limit 5` });
    expect(rows.map((row) => row.network_in_bytes)).toEqual([7000, 6000, 5000, 4000, 3000]);
    expect(rows[0]).toEqual({ time: base + 35_000, network_in_bytes: 7000, network_out_bytes: 3500 });
  });

  it("keeps one row of a point that is written twice", async () => {
    const sink = sinkOf("twice");
    for (const _ of [1, 2]) expect(await sink.write([network(5000, 1)])).toEqual({ type: "written" });
    expect(await influxRows(server, { database: "twice", q: "select * from network" })).toHaveLength(1);
  });

  it("reads back names as they were, however hostile", async () => {
    const names = [
      "plain",
      "a b,c=d",
      'quo"ted',
      "it's",
      "back\\slash",
      "back\\,slash",
      "snow☃man 𝄞",
      "a#b",
      "=,= ",
      "-1",
    ];
    const points = names.map((name, index) => ({
      series: "stats",
      tags: { container_name: name, empty: "" },
      fields: { memory_usage: index, cpu_usage_user: 1e-7, big: 1e21, lost: Number.NaN },
      at: 1000 + index,
    }));
    expect(await sinkOf("hostile").write(points)).toEqual({ type: "written" });
    const rows = await influxRows(server, { database: "hostile", q: 'select * from "stats"' });
    expect(rows.map((row) => row.container_name)).toEqual(names);
    expect(rows[3]).toEqual({ time: 1003, container_name: "it's", memory_usage: 3, cpu_usage_user: 1e-7, big: 1e21 });
  });

  it("keeps a point one row whatever cannot be written in its names", async () => {
    const name = "x\nmachine,hostname=evil cpu_usage_user=1 1\n#\u0000\\";
    const points = [{ series: "stats", tags: { container_name: name }, fields: { memory_usage: 1 }, at: 1 }];
    expect(await sinkOf("newlines").write(points)).toEqual({ type: "written" });
    const rows = await influxRows(server, { database: "newlines", q: "select * from /.*/" });
    expect(rows).toHaveLength(1);
  });

  it("says what it refuses, and keeps the rest", async () => {
    const url = `${server.endpoint}/query?${new URLSearchParams({ q: "CREATE DATABASE old" })}`;
    await fetch(url, { method: "POST" });
    const body = "machine,hostname=a memory_usage=5i 1000000000";
    await fetch(`${server.endpoint}/write?db=old`, { method: "POST", body });
    const machine = (hostname: string, series = "machine") => ({
      series,
      tags: { hostname },
      fields: { memory_usage: 1.5 },
      at: 1001,
    });
    const outcome = await sinkOf("old").write([machine("a"), machine("b", "other")]);
    expect(outcome).toEqual({ type: "refused", count: 1, reason: expect.stringMatching(/field type conflict/) });
    expect(await influxRows(server, { database: "old", q: "select * from other" })).toHaveLength(1);
  });

  it("is written to again after it was away", async () => {
    const sink = sinkOf("away");
    expect(await sink.write([network(1000, 1)])).toEqual({ type: "written" });
    await server.kill();
    expect(await sink.write([network(2000, 2)])).toMatchObject({ type: "failed" });
    await server.restart();
    expect(await sink.write([network(2000, 2)])).toEqual({ type: "written" });
    expect(await influxRows(server, { database: "away", q: "select * from network" })).toHaveLength(2);
  });
});

describe.skipIf(isMissing("influxd"))("a real InfluxDB 1.x with users", () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startInflux({ isClosed: true });
  });
  afterAll(() => server.stop());

  it.each([
    ["without credentials", undefined, { type: "failed", reason: expect.stringMatching(/status 401/) }],
    ["with a wrong password", "admin:guess", { type: "failed", reason: expect.stringMatching(/status 401/) }],
    ["with the right one", "admin:secret", { type: "written" }],
  ])("answers a write %s", async (_how, login, expected) => {
    const known: HttpHandler = (request) => {
      const authorization = `Basic ${Buffer.from(login ?? "").toString("base64")}`;
      return transport(login === undefined ? request : { ...request, headers: { ...request.headers, authorization } });
    };
    const sink = createInfluxSink({ transport: known, address: server.endpoint, database: "torc", clock });
    expect(await sink.write([network(1000, 1)])).toEqual(expected);
  });
});

describe.skipIf(isMissing("pcp"))("a real Performance Co-Pilot", () => {
  let server: Awaited<ReturnType<typeof startPcp>>;
  beforeAll(async () => {
    server = await startPcp();
  });
  afterAll(() => server.stop());

  it("measures this machine: gauges at once, true rates from the second reading on", async () => {
    const meter = createPcpMeter({ transport, port: server.port, clock });
    const target = { node: "here", address: "127.0.0.1", agentId: undefined, containers: [] };
    const read = async () => {
      const reading = (await meter.read([target])).get("here");
      if (reading?.type !== "read") throw new Error(`not read: ${reading?.reason}`);
      return reading;
    };
    const first = await read();
    expect(first.machine.memory_usage).toBeGreaterThan(10_000_000);
    expect(first.machine.cpu_usage_user).toBeUndefined();
    expect(first.interfaces.get("lo")?.network_in_bytes).toBeUndefined();
    await sleep(clock, 1500);
    const second = await read();
    const lo = second.interfaces.get("lo");
    // its own questions go over lo, and what lo sends it receives
    expect(lo?.network_in_bytes).toBeGreaterThan(100);
    expect(lo?.network_out_bytes).toBe(lo?.network_in_bytes);
    expect(lo?.network_in_drops).toBe(0);
    // cores: never more than any machine of ours has, never none while this test runs
    expect(second.machine.cpu_usage_user).toBeGreaterThan(0);
    expect(second.machine.cpu_usage_user).toBeLessThan(256);
    meter.close();
  });

  it("opens a new context where pmproxy forgot the old one", async () => {
    const meter = createPcpMeter({ transport, port: server.port, clock });
    const target = { node: "here", address: "127.0.0.1", agentId: undefined, containers: [] };
    expect((await meter.read([target])).get("here")?.type).toBe("read");
    await server.restart();
    expect((await meter.read([target])).get("here")?.type).toBe("read");
    meter.close();
  });
});
