import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HttpHandler } from "../../../platform/transport.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import type { MeterTarget } from "../driver.js";
import { createPcpMeter } from "./meter.js";
import { parseContext, parseFetched, parseNames } from "./wire.js";

const DOCKER = "4f5e".repeat(16);
const NAMES: Readonly<Record<string, readonly string[]>> = {
  network: ["lo", "p2p2"],
  cgroup: ["/", `/docker/${DOCKER}`, "/mesos/b1c2", `/system.slice/docker-${DOCKER}.scope`, "/user.slice"],
};

/** One node's web API, in the shapes that a real pmproxy 6.0.3 answered; the integration tests ask a real one. */
function open() {
  const clock = virtualClock(1_795_205_383_000);
  const state = {
    context: 213_105_732,
    values: {} as Record<string, readonly (number | undefined)[]>,
    isAway: false,
    hasNewTime: false,
    names: NAMES,
  };
  const asked: string[] = [];
  const transport: HttpHandler = async ({ url }) => {
    asked.push(url);
    const answer = (status: number, body: unknown) => ({
      status,
      headers: {},
      body: Buffer.from(JSON.stringify(body)),
    });
    if (state.isAway) return answer(400, { message: "cannot connect to PMCD: Connection refused", success: false });
    const { pathname, searchParams } = new URL(url);
    if (pathname === "/pmapi/context") return answer(200, { context: state.context, source: "8154", hostspec: "1" });
    const [, , context, verb] = pathname.split("/");
    if (context !== `${state.context}`) {
      return answer(400, { context: 1, message: `unknown context identifier: ${context}`, success: false });
    }
    if (verb === "_indom") {
      const names = state.names[searchParams.get("name")?.split(".")[0] ?? ""] ?? [];
      const instances = names.map((name, instance) => ({ instance, name, labels: { hostname: "vm" } }));
      return answer(200, { indom: 12_582_933, instances });
    }
    const seconds = clock.now() / 1000;
    const timestamp = { s: Math.floor(seconds), us: Math.round((seconds % 1) * 1e6) };
    const values = (searchParams.get("names") ?? "").split(",").flatMap((name) => {
      const instances = state.values[name]?.flatMap((value, instance) =>
        value === undefined ? [] : [{ instance: name.startsWith("mem.") ? null : instance, value }],
      );
      return instances === undefined ? [] : [{ pmid: 1, name, instances }];
    });
    return answer(200, { timestamp: state.hasNewTime ? seconds : timestamp, values });
  };
  const meter = createPcpMeter({ transport, port: 44323, clock });
  const target: MeterTarget = { node: "bl1", address: "10.0.0.1", agentId: undefined, containers: [DOCKER, "b1c2"] };
  const read = async () => (await meter.read([target])).get("bl1");
  return { clock, state, asked, meter, read, target };
}

describe("createPcpMeter", () => {
  it.each([false, true])(
    "gives true rates, drops of each direction their own (new time stamps: %s)",
    async (hasNewTime) => {
      const { read, clock, state } = open();
      state.hasNewTime = hasNewTime;
      const set = (factor: number) => {
        state.values = {
          "network.interface.in.bytes": [0, 1000 * factor],
          "network.interface.out.bytes": [0, 2000 * factor],
          "network.interface.in.drops": [0, 3 * factor],
          "network.interface.out.drops": [0, 4 * factor],
        };
      };
      set(5);
      expect(await read()).toMatchObject({ type: "read", interfaces: new Map() });
      await clock.advance(5000);
      set(10);
      expect(await read()).toMatchObject({
        at: clock.now(),
        interfaces: new Map([
          ["lo", { network_in_bytes: 0, network_out_bytes: 0, network_in_drops: 0, network_out_drops: 0 }],
          ["p2p2", { network_in_bytes: 1000, network_out_bytes: 2000, network_in_drops: 3, network_out_drops: 4 }],
        ]),
      });
    },
  );

  it("measures machine and containers by control groups of version 1: ticks are hundredths of a second", async () => {
    const { read, clock, state } = open();
    const set = (ticks: number) => {
      state.values = {
        "cgroup.cpuacct.stat.user": [3 * ticks, ticks, 2 * ticks, undefined, 9 * ticks],
        "cgroup.cpuacct.stat.system": [ticks, ticks, ticks, undefined, ticks],
        "cgroup.memory.usage": [5000, 100, 200, undefined, 300],
        "mem.util.used": [1],
      };
    };
    set(1000);
    await read();
    await clock.advance(5000);
    set(1500);
    expect(await read()).toMatchObject({
      machine: { cpu_usage_user: 3, cpu_usage_system: 1, memory_usage: 5000 },
      containers: new Map([
        [DOCKER, { cpu_usage_user: 1, cpu_usage_system: 1, memory_usage: 100 }],
        ["b1c2", { cpu_usage_user: 2, cpu_usage_system: 1, memory_usage: 200 }],
      ]),
    });
  });

  it("measures them by version 2, whose root counts no memory: microseconds", async () => {
    const { read, clock, state } = open();
    const set = (micros: number) => {
      state.values = {
        "cgroup.cpuacct.stat.user": [],
        "cgroup.cpu.stat.user": [2 * micros, undefined, undefined, micros],
        "cgroup.memory.current": [undefined, undefined, undefined, 400],
        "mem.util.used": [7],
      };
    };
    set(0);
    await read();
    await clock.advance(2000);
    set(1_000_000);
    expect(await read()).toMatchObject({
      machine: { cpu_usage_user: 1, memory_usage: 7168 },
      containers: new Map([[DOCKER, { cpu_usage_user: 0.5, memory_usage: 400 }]]),
    });
  });

  it("asks for names once in 30 s, and at once when it sees an unknown instance", async () => {
    const { read, clock, state, asked } = open();
    state.values = { "network.interface.in.bytes": [0, 0] };
    const namesAsked = () => asked.filter((url) => url.includes("_indom")).length;
    for (let round = 0; round < 6; round++) {
      await read();
      await clock.advance(5000);
    }
    expect(namesAsked()).toBe(1);
    await read();
    expect(namesAsked()).toBe(2);
    state.values = { "network.interface.in.bytes": [0, 0, 0] };
    state.names = { network: ["lo", "p2p2", "p2p3"] };
    await clock.advance(5000);
    await read();
    expect(namesAsked()).toBe(3);
  });

  it("opens a new context when its own is gone, and says when nothing answers", async () => {
    const { read, clock, state, asked } = open();
    await read();
    state.context = 7;
    await clock.advance(5000);
    expect((await read())?.type).toBe("read");
    expect(asked.filter((url) => url.includes("/pmapi/context"))).toHaveLength(2);
    state.isAway = true;
    expect(await read()).toEqual({
      type: "failed",
      reason: "opening a context at http://10.0.0.1:44323/pmapi/: no answer of Performance Co-Pilot",
    });
    state.isAway = false;
    expect((await read())?.type).toBe("read");
  });

  it("fails where the address of the node is not known", async () => {
    const { meter, target } = open();
    const readings = await meter.read([{ ...target, address: undefined }]);
    expect(readings.get("bl1")).toEqual({ type: "failed", reason: "its address is not known" });
  });
});

describe("the wire of PCP", () => {
  it("never throws, whatever a body holds", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const parse of [parseContext, parseFetched, parseNames]) {
          parse(value);
          parse({ timestamp: 1, values: value, instances: value, context: value });
          parse({ timestamp: 1, values: [{ name: "a", instances: value }], instances: [value] });
        }
      }),
    );
  });

  it("leaves out what is no number", () => {
    const values = [{ name: "a", instances: [{ instance: 0, value: "9" }, { instance: 1, value: 5 }, null] }];
    expect(parseFetched({ timestamp: 3, values })?.values).toEqual(new Map([["a", new Map([[1, 5]])]]));
    expect(parseFetched({ timestamp: { s: 1 }, values })).toBeUndefined();
  });
});
