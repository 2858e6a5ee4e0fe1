import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRates } from "./rates.js";

describe("createRates", () => {
  it("gives no rate for the first reading, then the true one whatever the interval", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ seconds: fc.integer({ min: 1, max: 300 }), rate: fc.integer({ min: 0, max: 1e6 }) })),
        (steps) => {
          const rates = createRates(() => 0);
          let reading = { value: 1000, timestamp: 1_795_178_129 };
          expect(rates.next("k", reading)).toBeUndefined();
          for (const { seconds, rate } of steps) {
            reading = { value: reading.value + rate * seconds, timestamp: reading.timestamp + seconds };
            expect(rates.next("k", reading)).toBeCloseTo(rate, 6);
          }
        },
      ),
    );
  });

  it.each([
    ["the counter went back", { value: 5, timestamp: 20 }],
    ["the clock went back", { value: 500, timestamp: 5 }],
    ["the clock stood still", { value: 500, timestamp: 10 }],
  ])("gives no rate when %s, and one after the next reading", (_name, odd) => {
    const rates = createRates(() => 0);
    rates.next("k", { value: 100, timestamp: 10 });
    expect(rates.next("k", odd)).toBeUndefined();
    expect(rates.next("k", { value: odd.value + 40, timestamp: odd.timestamp + 4 })).toBe(10);
  });

  it("repeats its answer when the source has not measured again", () => {
    const rates = createRates(() => 0);
    rates.next("k", { value: 0, timestamp: 10 });
    expect([1, 2, 3].map(() => rates.next("k", { value: 50, timestamp: 15 }))).toEqual([10, 10, 10]);
  });

  it("forgets readings after ten minutes", () => {
    let now = 0;
    const rates = createRates(() => now);
    rates.next("k", { value: 0, timestamp: 10 });
    now = 600_001;
    expect(rates.next("k", { value: 50, timestamp: 15 })).toBeUndefined();
  });
});
