import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupFaults } from "./testing.js";

/** Every port of the node that a service may take, in order of its numbers. */
function takenPorts(
  ports: readonly { readonly numberOffset?: number; readonly hostPort?: number }[],
  { start, step, slots }: { readonly start: number; readonly step: number; readonly slots: number },
): readonly number[] {
  const numbers = Array.from({ length: slots }, (_, index) => start + step * index);
  return ports.flatMap(({ numberOffset, hostPort = 0 }) =>
    numberOffset === undefined ? [hostPort] : numbers.map((number) => number + numberOffset),
  );
}

describe("ports that follow the number of their instance", () => {
  const port = fc.oneof(
    fc.record({ numberOffset: fc.integer({ min: -30, max: 30 }) }),
    fc.record({ hostPort: fc.integer({ min: 1, max: 60 }) }),
  );
  const numbers = fc.record({
    start: fc.integer({ min: 0, max: 40 }),
    step: fc.integer({ min: 1, max: 4 }),
    slots: fc.integer({ min: 1, max: 12 }),
  });

  it("are accepted exactly when all are ports and none is taken twice", () => {
    fc.assert(
      fc.property(fc.array(port, { minLength: 1, maxLength: 4 }), numbers, (ports, ordinals) => {
        const taken = takenPorts(ports, ordinals);
        const isFine = new Set(taken).size === taken.length && taken.every((number) => number >= 1 && number <= 65_535);
        const named = ports.map((each, index) => ({ name: `p${index}`, ...each }));
        const faults = groupFaults([{ ordinals, network: { ports: named } }]);
        expect(faults.length === 0, faults.join("\n")).toBe(isFine);
      }),
      { numRuns: 500 },
    );
  });

  it("are judged in a moment, however many there may be", () => {
    const ports = Array.from({ length: 64 }, (_, index) => ({ name: `p${index}`, numberOffset: index }));
    expect(groupFaults([{ ordinals: { step: 64, slots: 1000 }, network: { ports } }])).toEqual([]);
  });
});
