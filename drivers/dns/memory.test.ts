import { describe, expect, it } from "vitest";
import { TransportError } from "../../platform/transport.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import type { Observation } from "../observation.js";
import type { DnsEntry } from "./driver.js";
import { createMemoryDns } from "./memory.js";
import { dnsDriverSuite } from "./suite.js";

const FOREIGN = Array.from({ length: 1000 }, (_unused, number) => ({
  name: number % 2 === 0 ? "shared" : `other-${number}`,
  id: `foreign-${number}`,
  address: "10.1.1.1",
  tags: [],
  stamp: undefined,
}));

dnsDriverSuite("memory", async () => {
  const clock = virtualClock();
  const driver = createMemoryDns({ clock, identity: "torc", periodMs: 5000 });
  return {
    driver,
    identity: "torc",
    occupy: async (entry) => driver.load([entry]),
    addForeign: async (count) => driver.load(FOREIGN.slice(0, count)),
    countForeign: async () => [...driver.entries().values()].filter((entry) => FOREIGN.includes(entry as never)).length,
    async until(isDone) {
      if (!(await clock.advanceUntil(isDone, 60_000))) throw new Error("never happened");
    },
    close: async () => driver.close(),
  };
});

describe("createMemoryDns", () => {
  it("has no items while reads are broken, and all of them afterwards", async () => {
    const clock = virtualClock();
    const driver = createMemoryDns({ clock, identity: "torc", periodMs: 5000 });
    driver.load(FOREIGN);
    const seen: Observation<DnsEntry>[] = [];
    driver.observe$.subscribe((observation) => seen.push(observation));
    driver.breakReads("catalogue is down");
    expect(await driver.read("shared/foreign-0")).toEqual({ type: "unknown", reason: "catalogue is down" });
    driver.breakReads(undefined);
    expect(seen.map((observation) => observation.type)).toEqual(["Complete", "Unknown", "Complete"]);
  });

  it("changes nothing while writes are broken", async () => {
    const driver = createMemoryDns({ clock: virtualClock(), identity: "torc", periodMs: 5000 });
    driver.breakWrites(new TransportError("timed out", { isSent: true }));
    await expect(driver.apply({ type: "deregister", name: "a", id: "b" })).rejects.toThrow("timed out");
  });
});
