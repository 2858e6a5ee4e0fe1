import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { virtualClock } from "./virtual-clock.js";

describe("virtualClock", () => {
  it("fires in order of time, then of creation, and never a cancelled timer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ delay: fc.nat(20), isCancelled: fc.boolean() })), async (timers) => {
        const clock = virtualClock();
        const fired: number[] = [];
        const handles = timers.map(({ delay }, index) => clock.schedule(delay, () => fired.push(index)));
        handles.forEach((handle, index) => {
          if (timers[index]?.isCancelled) handle.cancel();
        });
        await clock.advance(20);
        const expected = timers
          .map((timer, index) => ({ ...timer, index }))
          .filter(({ isCancelled }) => !isCancelled)
          .sort((a, b) => a.delay - b.delay || a.index - b.index)
          .map(({ index }) => index);
        expect(fired).toEqual(expected);
      }),
    );
  });

  it("lets promises settle between timers, and shows the time of each", async () => {
    const clock = virtualClock(1000);
    const seen: string[] = [];
    clock.schedule(5, () => void Promise.resolve().then(() => seen.push(`settled@${clock.now()}`)));
    clock.schedule(6, () => seen.push(`second@${clock.now()}`));
    await clock.advance(10);
    expect(seen).toEqual(["settled@1005", "second@1006"]);
    expect(clock.monotonic()).toBe(10);
  });

  it("fires timers that timers make, within the same advance", async () => {
    const clock = virtualClock();
    let count = 0;
    const again = () => {
      count += 1;
      clock.schedule(10, again);
    };
    clock.schedule(10, again);
    await clock.advance(100);
    expect(count).toBe(10);
  });

  it("advances until a condition holds, or the limit", async () => {
    const clock = virtualClock();
    let isReady = false;
    clock.schedule(30, () => {
      isReady = true;
    });
    expect(await clock.advanceUntil(() => isReady, 20)).toBe(false);
    expect(clock.monotonic()).toBe(20);
    expect(await clock.advanceUntil(() => isReady, 20)).toBe(true);
    expect(clock.monotonic()).toBe(30);
  });
});
