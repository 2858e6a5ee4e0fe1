import { describe, expect, it } from "vitest";
import { sleep } from "../platform/clock.js";
import { silentLogger } from "../platform/log.js";
import { seededRandom } from "../platform/random.js";
import { virtualClock } from "../platform/virtual-clock.js";
import type { Observation } from "./observation.js";
import { poll$, type Seen } from "./poll.js";

const PERIOD_MS = 1000;

function setUp(look: (signal: AbortSignal) => Promise<Seen<string>>) {
  const clock = virtualClock();
  const seen: Observation<string>[] = [];
  const looks: number[] = [];
  const subscription = poll$<string>({
    source: "test",
    clock,
    random: seededRandom(1),
    log: silentLogger,
    periodMs: PERIOD_MS,
    look: (signal) => {
      looks.push(clock.monotonic());
      return look(signal);
    },
    pause: (signal) => sleep(clock, PERIOD_MS, signal),
  }).subscribe((observation) => seen.push(observation));
  return { clock, seen, looks, subscription };
}

const COMPLETE: Seen<string> = {
  type: "Complete",
  items: new Map(),
  origin: { source: "test", epoch: "1", index: 1, takenAt: 0 },
};

describe("poll$", () => {
  it("begins Unknown, then tells each view", async () => {
    const { clock, seen } = setUp(async () => COMPLETE);
    await clock.advance(2.5 * PERIOD_MS);
    expect(seen.map((each) => each.type)).toEqual(["Unknown", "Complete", "Complete", "Complete"]);
  });

  it("keeps the last view for three periods of failures, then is Unknown since that view, with the reason", async () => {
    let isBroken = false;
    const { clock, seen } = setUp(async () => (isBroken ? Promise.reject(new Error("down")) : COMPLETE));
    await clock.advance(10);
    isBroken = true;
    await clock.advance(3 * PERIOD_MS - 11);
    expect(seen.at(-1)?.type).toBe("Complete");
    await clock.advance(1);
    expect(seen.at(-1)).toEqual({ type: "Unknown", reason: "down", since: 0, source: "test" });
    isBroken = false;
    await clock.advance(2 * PERIOD_MS);
    expect(seen.at(-1)?.type).toBe("Complete");
  });

  it("is Unknown after three periods though a look never ends", async () => {
    let looks = 0;
    const { clock, seen } = setUp(() => (++looks === 1 ? Promise.resolve(COMPLETE) : new Promise(() => {})));
    await clock.advance(3 * PERIOD_MS);
    expect(seen.at(-1)?.type).toBe("Unknown");
  });

  it("retries faster than a period at first, and never more often than every 100 ms", async () => {
    const { clock, looks } = setUp(() => Promise.reject(new Error("down")));
    await clock.advance(60 * PERIOD_MS);
    const gaps = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(PERIOD_MS + 100);
    expect(gaps[0]).toBeLessThan(PERIOD_MS);
  });

  it("stops looking and telling when unsubscribed", async () => {
    let signal: AbortSignal | undefined;
    const { clock, seen, looks, subscription } = setUp(async (given) => {
      signal = given;
      return COMPLETE;
    });
    await clock.advance(10);
    subscription.unsubscribe();
    const before = [seen.length, looks.length];
    await clock.advance(10 * PERIOD_MS);
    expect([seen.length, looks.length]).toEqual(before);
    expect(signal?.aborted).toBe(true);
  });
});
