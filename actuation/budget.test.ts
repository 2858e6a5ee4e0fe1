import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit, type BudgetState, budgetLimits, refill } from "./budget.js";

const nowMs = Date.UTC(2026, 0, 1);
const stored = (available: number): BudgetState => ({
  class: "routes",
  available,
  capacity: 5,
  updatedAt: "2026-01-01T00:00:00Z",
});

describe("budgetLimits", () => {
  it.each([
    { known: 0, capacity: 5 },
    { known: 50, capacity: 5 },
    { known: 59, capacity: 5 },
    { known: 1000, capacity: 100 },
  ])("R4 is max(5, 10 %) of $known: $capacity", ({ known, capacity }) => {
    expect(budgetLimits(known)).toEqual({ capacity, refillPerMinute: 5 });
  });

  it("follows the rack's settings", () => {
    const settings = { minimum: 2, percent: 50, refillPerMinute: 1 };
    expect(budgetLimits(10, settings)).toEqual({ capacity: 5, refillPerMinute: 1 });
  });
});

describe("refill", () => {
  const limits = budgetLimits(0);
  it.each([
    { state: undefined, elapsedMs: 0, available: 5 },
    { state: stored(0), elapsedMs: 0, available: 0 },
    { state: stored(0), elapsedMs: 12_000, available: 1 },
    { state: stored(3), elapsedMs: 3_600_000, available: 5 },
    { state: stored(3), elapsedMs: -3_600_000, available: 3 },
    { state: stored(90), elapsedMs: 0, available: 5 },
  ])("$state after $elapsedMs ms holds $available", ({ state, elapsedMs, available }) => {
    expect(refill(state, elapsedMs, limits)).toBe(available);
  });
});

describe("admit", () => {
  const limits = budgetLimits(0);

  it("lets a plan pass whole and says what is left", () => {
    const admission = admit({ class: "routes", count: 3, nowMs }, 5, limits);
    expect(admission).toEqual({ type: "admitted", state: { ...stored(2) } });
  });

  it("holds a larger plan whole", () => {
    expect(admit({ class: "routes", count: 6, nowMs }, 5, limits)).toEqual({
      type: "held",
      message: "6 removals of class routes are planned, the budget holds 5 of 5",
    });
  });

  it("never lets more pass in any time than capacity and refill", () => {
    const request = fc.record({ pauseMs: fc.nat(120_000), count: fc.integer({ min: 1, max: 8 }) });
    void fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), fc.nat(200), (requests, known) => {
        const some = budgetLimits(known);
        let state: BudgetState | undefined;
        let admitted = 0;
        let elapsed = 0;
        for (const { pauseMs, count } of requests) {
          elapsed += pauseMs;
          const admission = admit({ class: "tasks", count, nowMs }, refill(state, pauseMs, some), some);
          // what is held keeps its time: model it as stored anew
          if (admission.type === "held") state = { ...stored(refill(state, pauseMs, some)), capacity: some.capacity };
          else {
            state = admission.state;
            admitted += count;
          }
        }
        expect(admitted).toBeLessThanOrEqual(some.capacity + (elapsed / 60_000) * some.refillPerMinute + 0.1);
      }),
    );
  });
});
