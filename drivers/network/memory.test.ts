import { describe, expect, it } from "vitest";
import { virtualClock } from "../../platform/virtual-clock.js";
import type { Observation } from "../observation.js";
import type { SwitchRoute } from "./driver.js";
import { createMemoryNetwork } from "./memory.js";
import { networkDriverSuite } from "./suite.js";

const CONNECTED: readonly SwitchRoute[] = ["10.250.3.0/24", "10.250.4.0/24"].map((prefix) => ({
  prefix,
  nextHops: [],
  protocol: "CONNECTED",
}));

networkDriverSuite("memory", async () => {
  const clock = virtualClock();
  const driver = createMemoryNetwork({ clock, periodMs: 5000, holdsStamps: false });
  driver.load(CONNECTED);
  return {
    driver,
    async addForeign(count) {
      const foreign = Array.from({ length: count }, (_unused, number) => ({
        prefix: `172.16.${number >> 8}.${number & 255}/32`,
        nextHops: [{ address: "10.250.3.1" }],
        protocol: "STATIC",
      }));
      driver.load([...driver.routes().values(), ...foreign]);
    },
    table: async () =>
      new Map([...driver.routes()].map(([prefix, route]) => [prefix, route.nextHops.map((hop) => hop.address)])),
    async until(isDone) {
      for (let round = 0; round < 100; round += 1) {
        if (await isDone()) return;
        await clock.advance(100);
      }
      throw new Error("never happened");
    },
    close: async () => driver.close(),
  };
});

describe("createMemoryNetwork", () => {
  it("keeps the stamp when the switch it stands for holds one", async () => {
    const driver = createMemoryNetwork({ clock: virtualClock(), periodMs: 5000, holdsStamps: true });
    const stamp = { identity: "torc", kind: "Route", namespace: "demo", name: "r", uid: "u", term: 1 };
    await driver.apply({ type: "set", prefix: "192.168.2.3/32", nextHops: [], stamp });
    expect(driver.routes().get("192.168.2.3/32")?.stamp).toEqual(stamp);
  });

  it("has no items while reads are broken", async () => {
    const driver = createMemoryNetwork({ clock: virtualClock(), periodMs: 5000, holdsStamps: false });
    const seen: Observation<SwitchRoute>[] = [];
    driver.observe$.subscribe((observation) => seen.push(observation));
    driver.breakReads("switch is down");
    expect(await driver.read("192.168.2.3/32")).toEqual({ type: "unknown", reason: "switch is down" });
    expect(seen.map((observation) => observation.type)).toEqual(["Complete", "Unknown"]);
  });
});
