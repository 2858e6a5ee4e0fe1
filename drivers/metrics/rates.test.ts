import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRates, rateBetween } from "./rates.js";

/** Rates whose source keeps time with us: readings are given at their timestamps. */
function open() {
  let nowMs = 0;
  const rates = createRates(() => nowMs);
  return {
    rates,
    next(reading: { readonly value: number; readonly timestamp: number }) {
      nowMs = reading.timestamp * 1000;
      return rates.next("k", reading);
    },
    /** At another time of ours than the source's. */
    nextAt(seconds: number, reading: { readonly value: number; readonly timestamp: number }) {
      nowMs = seconds * 1000;
      return rates.next("k", reading);
    },
  };
}

describe("createRates", () => {
  it("gives no rate for the first reading, then the true one whatever the interval", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ seconds: fc.integer({ min: 1, max: 300 }), rate: fc.integer({ min: 0, max: 1e6 }) })),
        (steps) => {
          const { next } = open();
          let reading = { value: 1000, timestamp: 1_795_178_129 };
          expect(next(reading)).toBeUndefined();
          for (const { seconds, rate } of steps) {
            reading = { value: reading.value + rate * seconds, timestamp: reading.timestamp + seconds };
            expect(next(reading)).toBeCloseTo(rate, 6);
          }
        },
      ),
    );
  });

  it("never gives a negative or endless rate, nor one above the fastest growth, whatever resets and clocks do", () => {
    const reading = fc.record({
      value: fc.integer({ min: 0, max: 1000 }),
      timestamp: fc.double({ min: 1, max: 100, noNaN: true }),
      heardAt: fc.double({ min: 1, max: 100, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 20 }), (readings) => {
        const { nextAt } = open();
        for (const { heardAt, ...one } of readings) {
          const rate = nextAt(heardAt, one);
          // counters here never exceed 1000, and two readings are half a second apart at least
          if (rate !== undefined) expect(rate >= 0 && rate <= 2000).toBe(true);
        }
      }),
    );
  });

  it.each([
    ["the counter went back", { value: 5, timestamp: 20 }],
    ["the clock went back", { value: 500, timestamp: 5 }],
  ])("gives no rate when %s, and one after the next reading", (_name, odd) => {
    const { nextAt } = open();
    nextAt(10, { value: 100, timestamp: 10 });
    expect(nextAt(20, odd)).toBeUndefined();
    expect(nextAt(24, { value: odd.value + 40, timestamp: odd.timestamp + 4 })).toBe(10);
  });

  it.each([
    ["forward", 90],
    ["forward a little", 30],
    ["back a little", 11],
  ])("gives no rate while the source's clock was set %s", (_name, timestamp) => {
    const { nextAt } = open();
    nextAt(10, { value: 100, timestamp: 10 });
    expect(nextAt(20, { value: 200, timestamp })).toBeUndefined();
    expect(nextAt(30, { value: 300, timestamp: timestamp + 10 })).toBe(10);
  });

  it("forgives an answer that took its time", () => {
    const { nextAt } = open();
    nextAt(10, { value: 0, timestamp: 10 });
    expect(nextAt(17, { value: 50, timestamp: 15 })).toBe(10);
  });

  it("repeats its answer when it is asked again at once", () => {
    const { next } = open();
    next({ value: 0, timestamp: 10 });
    const rates = [15, 15, 15.001, 15.4].map((timestamp, index) => next({ value: 50 + index, timestamp }));
    expect(rates).toEqual([10, 10, 10, 10]);
    expect(next({ value: 150, timestamp: 20 })).toBe(20);
  });

  it("forgets readings after ten minutes", () => {
    const { nextAt } = open();
    nextAt(0, { value: 0, timestamp: 10 });
    expect(nextAt(601, { value: 50, timestamp: 611 })).toBeUndefined();
  });
});

describe("rateBetween", () => {
  it("is the growth per second of the source", () => {
    const before = { value: 10, timestamp: 100, heardAt: 5000 };
    expect(rateBetween(before, { value: 30, timestamp: 104, heardAt: 9100 })).toBe(5);
  });
});
