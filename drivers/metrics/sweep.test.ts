import { describe, expect, it } from "vitest";
import { sleep } from "../../platform/clock.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import type { MeterTarget, NodeReading } from "./driver.js";
import { sweepingMeter } from "./sweep.js";

const READ: NodeReading = { type: "read", at: 0, machine: {}, interfaces: new Map(), containers: new Map() };
const targetsOf = (count: number): MeterTarget[] =>
  Array.from({ length: count }, (_unused, index) => ({
    node: `n${index}`,
    address: undefined,
    agentId: undefined,
    containers: [],
  }));

describe("sweepingMeter", () => {
  it("asks every node once, at most 32 at a time", async () => {
    const clock = virtualClock();
    let now = 0;
    let most = 0;
    const asked: string[] = [];
    const meter = sweepingMeter({
      clock,
      async measure({ node }) {
        asked.push(node);
        most = Math.max(most, ++now);
        await sleep(clock, 10);
        now -= 1;
        return READ;
      },
    });
    const reading = meter.read(targetsOf(200));
    await clock.advance(1000);
    expect([...(await reading).values()].filter(({ type }) => type === "read")).toHaveLength(200);
    expect([new Set(asked).size, asked.length, most]).toEqual([200, 200, 32]);
  });

  it("ends within half a minute and a timeout, however many hang", async () => {
    const clock = virtualClock();
    const meter = sweepingMeter({
      clock,
      async measure() {
        await sleep(clock, 5000);
        throw new Error("timed out");
      },
    });
    const reading = meter.read(targetsOf(1000));
    await clock.advance(35_000);
    const readings = await reading;
    const reasons = [...readings.values()].map((one) => (one.type === "failed" ? one.reason : ""));
    expect(reasons).toHaveLength(1000);
    expect(reasons.filter((reason) => reason === "timed out")).toHaveLength(6 * 32);
    expect(readings.get("n999")).toMatchObject({ reason: expect.stringMatching(/not asked in time/) });
  });
});
