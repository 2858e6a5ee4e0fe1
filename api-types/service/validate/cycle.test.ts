import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findCycle } from "./cycle.js";

describe("findCycle", () => {
  it("finds none where every edge leads forward, and one where an edge leads back along a path", () => {
    const edges = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 30 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const forward = new Map<string, string[]>();
        for (const [from, to] of pairs.filter(([from, to]) => from < to)) {
          forward.set(`${from}`, [...(forward.get(`${from}`) ?? []), `${to}`]);
        }
        expect(findCycle(forward)).toBeUndefined();
        const [first] = forward;
        if (first === undefined) return;
        const [from, [to = ""]] = [first[0], first[1]];
        expect(findCycle(new Map([...forward, [to, [...(forward.get(to) ?? []), from]]]))).toBeDefined();
      }),
    );
  });

  it("survives a chain of 100,000 names", () => {
    const chain = new Map(Array.from({ length: 100_000 }, (_, index) => [`${index}`, [`${index + 1}`]] as const));
    expect(findCycle(chain)).toBeUndefined();
  });
});
