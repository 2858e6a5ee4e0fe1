import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Instance } from "../../../api-types/instance.js";
import type { RackCollector } from "../../../api-types/rack.js";
import type { NodeReading, Usage } from "../../../drivers/metrics/driver.js";
import { sample } from "../../testing/objects.js";
import { containerIds, pointsOf } from "./points.js";

const ALL: RackCollector = { from: "pcp", intervalSeconds: 5 };

const instanceOf = (name: string, status: object) =>
  sample(Instance, {
    metadata: { name },
    spec: { serviceGroup: "dns", service: "dns-sl", number: 2, revisionName: "dns-dns-sl-1" },
    status: { placement: { node: "bl1", agentID: "a1", taskID: "task", ports: [] }, ...status },
  });

const readingOf = (overrides: Partial<Extract<NodeReading, { type: "read" }>>): NodeReading => ({
  type: "read",
  at: 5,
  machine: {},
  interfaces: new Map(),
  containers: new Map(),
  ...overrides,
});

const roundOf = (reading: NodeReading, metered: readonly Instance[] = [], collector: RackCollector = ALL) => ({
  collector,
  hostname: "bl1",
  reading,
  metered,
});

describe("pointsOf", () => {
  it("writes the series that ToRC wrote, and whose an instance is", () => {
    const reading = readingOf({
      machine: { cpu_usage_user: 1, cpu_usage_system: 2, memory_usage: 3, network_in_bytes: 9 },
      interfaces: new Map([["p2p2", { network_in_bytes: 4, network_in_drops: 5, network_out_drops: 6 }]]),
      containers: new Map([["task", { cpu_usage_user: 7, memory_usage: 8 }]]),
    });
    expect(pointsOf(roundOf(reading, [instanceOf("dns-dns-sl-2-abc", {})]))).toEqual([
      {
        series: "machine",
        tags: { hostname: "bl1" },
        fields: { cpu_usage_user: 1, cpu_usage_system: 2, memory_usage: 3 },
        at: 5,
      },
      {
        series: "network",
        tags: { hostname: "bl1", interface_name: "p2p2" },
        fields: { network_in_bytes: 4, network_in_drops: 5, network_out_drops: 6 },
        at: 5,
      },
      {
        series: "stats",
        tags: {
          hostname: "bl1",
          container_name: "dns-sl-2",
          namespace: "default",
          group: "dns",
          service: "dns-sl",
          instance: "dns-dns-sl-2-abc",
        },
        fields: { cpu_usage_user: 7, memory_usage: 8 },
        at: 5,
      },
    ]);
  });

  it("gives gaps, not zeros: nothing of who did not answer or measured nothing", () => {
    const instances = [instanceOf("a", {})];
    expect(pointsOf(roundOf({ type: "failed", reason: "timed out" }, instances))).toEqual([]);
    const empty = readingOf({ interfaces: new Map([["lo", {}]]), containers: new Map([["task", {}]]) });
    expect(pointsOf(roundOf(empty, instances))).toEqual([]);
    expect(pointsOf(roundOf(readingOf({ machine: { memory_usage: Number.NaN } }), instances))).toEqual([]);
  });

  it("finds a container by its task, by docker's id, by Mesos' id", () => {
    const ids = { containerID: "docker://4f5e", mesosContainerID: "b1c2" };
    expect(containerIds(instanceOf("a", ids))).toEqual(["task", "4f5e", "b1c2"]);
    for (const id of ["task", "4f5e", "b1c2"]) {
      const reading = readingOf({ containers: new Map([[id, { memory_usage: 1 }]]) });
      expect(pointsOf(roundOf(reading, [instanceOf("a", ids)]))).toHaveLength(1);
    }
    expect(containerIds(sample(Instance, { metadata: { name: "unplaced" }, spec: {} }))).toEqual([]);
  });

  it("writes the chosen interfaces, else the first 64", () => {
    const usage: Usage = { network_in_bytes: 1 };
    const interfaces = new Map(Array.from({ length: 100 }, (_unused, n) => [`veth${100 + n}`, usage] as const));
    const all = pointsOf(roundOf(readingOf({ interfaces }))).map(({ tags }) => tags.interface_name);
    expect([all.length, all[0], all.at(-1)]).toEqual([64, "veth100", "veth163"]);
    const collector = { ...ALL, interfaces: ["veth199", "p2p2"] };
    const chosen = pointsOf(roundOf(readingOf({ interfaces }), [], collector));
    expect(chosen.map(({ tags }) => tags.interface_name)).toEqual(["veth199"]);
  });

  it("never writes a field that is not finite, nor a point without one", () => {
    const usage = fc.dictionary(fc.constantFrom("cpu_usage_user", "memory_usage", "network_in_bytes"), fc.double());
    fc.assert(
      fc.property(usage, usage, usage, (...[machine, network, container]) => {
        const interfaces = new Map([["p2p2", network]]);
        const reading = readingOf({ machine, interfaces, containers: new Map([["task", container]]) });
        for (const { fields } of pointsOf(roundOf(reading, [instanceOf("a", {})]))) {
          expect(Object.values(fields).length).toBeGreaterThan(0);
          expect(Object.values(fields).every(Number.isFinite)).toBe(true);
        }
      }),
    );
  });
});
