import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Point } from "../../../drivers/metrics/driver.js";
import { createPointQueue } from "./point-queue.js";

const MAX = 10;
const pointOf = (at: number): Point => ({ series: "machine", tags: {}, fields: { memory_usage: 1 }, at });

describe("createPointQueue", () => {
  it("loses no point uncounted, keeps their order and its bound, whatever comes, fails and succeeds", () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant("add" as const), count: fc.nat({ max: 15 }) }),
      fc.record({ type: fc.constant("write" as const), count: fc.nat({ max: 6 }), arrives: fc.nat({ max: 8 }) }),
      fc.record({ type: fc.constant("fail" as const), count: fc.nat({ max: 6 }), arrives: fc.nat({ max: 8 }) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const queue = createPointQueue(MAX);
        const written: number[] = [];
        let [made, dropped] = [0, 0];
        const add = (count: number) => {
          dropped += queue.add(Array.from({ length: count }, () => pointOf(made++)));
        };
        for (const one of steps) {
          if (one.type === "add") {
            add(one.count);
          } else {
            const taken = queue.take(one.count);
            // points arrive while a write is under way
            add(one.arrives);
            if (one.type === "write") written.push(...taken.map(({ at }) => at));
            else dropped += queue.putBack(taken);
          }
          expect(queue.size).toBeLessThanOrEqual(MAX);
          expect(written.length + dropped + queue.size).toBe(made);
        }
        const rest = queue.take(MAX).map(({ at }) => at);
        const order = [...written, ...rest];
        expect(order).toEqual([...order].sort((a, b) => a - b));
        // what was given up is the oldest of what waited
        expect(rest).toEqual(Array.from({ length: rest.length }, (_unused, index) => made - rest.length + index));
      }),
    );
  });
});
