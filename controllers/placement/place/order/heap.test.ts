import fc from "fast-check";
import { expect, it } from "vitest";
import { createHeap, type Score } from "./heap.js";

const SIZE = 12;
const score = fc.record({
  major: fc.integer({ min: 0, max: 3 }),
  minor: fc.integer({ min: 0, max: 3 }),
  order: fc.integer({ min: 0, max: SIZE }),
});
const step = fc.oneof(
  fc.record({ type: fc.constant("set" as const), item: fc.nat(SIZE - 1), score }),
  fc.record({ type: fc.constant("remove" as const), item: fc.nat(SIZE - 1) }),
);

it("always gives the item with the smallest score", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = createHeap(SIZE);
      const model = new Map<number, Score>();
      for (const one of steps) {
        if (one.type === "set") {
          heap.set(one.item, one.score);
          model.set(one.item, one.score);
          expect(heap.isAt(one.item, { ...one.score })).toBe(true);
        } else {
          heap.remove(one.item);
          model.delete(one.item);
        }
        const [smallest] = [...model.values()].sort(byScore);
        expect(model.get(heap.first() ?? -1)).toEqual(smallest);
        expect(heap.has(one.item)).toBe(model.has(one.item));
      }
    }),
  );
});

function byScore(a: Score, b: Score): number {
  return a.major - b.major || a.minor - b.minor || a.order - b.order;
}
