import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countPorts,
  countWithout,
  holdsPort,
  pickPorts,
  portStart,
  portsOf,
  withoutPort,
  withoutPorts,
} from "./ports.js";

const rangesArb = fc.array(
  fc.record({ begin: fc.integer({ min: 0, max: 40 }), end: fc.integer({ min: 0, max: 40 }) }),
  { maxLength: 6 },
);
const numbers = (ranges: readonly { begin: number; end: number }[]) =>
  new Set(
    ranges.flatMap(({ begin, end }) => Array.from({ length: Math.max(0, end - begin + 1) }, (_, at) => begin + at)),
  );

describe("Ports", () => {
  it("are the numbers of the ranges, sorted and apart", () => {
    fc.assert(
      fc.property(rangesArb, (ranges) => {
        const ports = portsOf(ranges);
        expect(numbers(ports)).toEqual(numbers(portsOf([...ranges].reverse())));
        expect([...numbers(ports)].sort()).toEqual([...numbers(ranges)].sort());
        expect(countPorts(ports)).toBe(numbers(ranges).size);
        for (const [at, { begin }] of ports.entries()) expect(begin).toBeGreaterThan((ports[at - 1]?.end ?? -2) + 1);
      }),
    );
  });

  it("are taken away as sets are", () => {
    fc.assert(
      fc.property(rangesArb, rangesArb, (ranges, cuts) => {
        const cut = numbers(cuts);
        const expected = [...numbers(ranges)].filter((port) => !cut.has(port)).sort();
        const left = withoutPorts(portsOf(ranges), portsOf(cuts));
        expect([...numbers(left)].sort()).toEqual(expected);
        expect(countWithout(portsOf(ranges), portsOf(cuts))).toBe(expected.length);
      }),
    );
  });

  it("lose one port at a time", () => {
    fc.assert(
      fc.property(rangesArb, fc.integer({ min: 0, max: 40 }), (ranges, port) => {
        const ports = portsOf(ranges);
        expect(holdsPort(ports, port)).toBe(numbers(ranges).has(port));
        expect(holdsPort(withoutPort(ports, port), port)).toBe(false);
      }),
    );
  });
});

describe("pickPorts", () => {
  const ports = portsOf([
    { begin: 10, end: 11 },
    { begin: 20, end: 22 },
  ]);

  it.each([
    [1, 0, [10]],
    [2, 1, [11, 20]],
    [3, 4, [22, 10, 11]],
    [5, 7, [20, 21, 22, 10, 11]],
    [0, 3, []],
  ])("%d from %d are %j", (count, start, expected) => expect(pickPorts(ports, count, start)).toEqual(expected));

  it("spreads over the range by key and by seed", () => {
    const starts = (values: readonly number[]) => new Set(values.map((value) => value % 1000)).size;
    const byKey = Array.from({ length: 200 }, (_, index) => portStart(1, `ns/shop-web-${index}`));
    const bySeed = Array.from({ length: 200 }, (_, index) => portStart(index - 100, "ns/shop-web-1"));
    expect(starts(byKey)).toBeGreaterThan(150);
    expect(starts(bySeed)).toBeGreaterThan(150);
    expect([...byKey, ...bySeed].every((start) => Number.isSafeInteger(start) && start >= 0)).toBe(true);
  });
});
