import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { add, type Bundle, contains, fromWire, parseResources, printResources, subtract, toWire } from "./resources.js";

const TOTAL = parseResources({ cpus: "4", mem: "4096", ports: "[31000-31500,31600-31700]", "cpus(ops)": "1" });

/** A part of the total: some cpus and memory, and a few single ports. */
const part: fc.Arbitrary<Bundle> = fc
  .record({
    cpus: fc.integer({ min: 1, max: 4000 }),
    mem: fc.integer({ min: 1, max: 4096 }),
    ports: fc.uniqueArray(fc.integer({ min: 31000, max: 31500 }), { minLength: 1, maxLength: 5 }),
  })
  .map(({ cpus, mem, ports }) =>
    parseResources({
      cpus: String(cpus / 1000),
      mem: String(mem),
      ports: `[${ports.map((port) => `${port}-${port}`)}]`,
    }),
  );

describe("resources", () => {
  it("give back exactly what was taken", () => {
    fc.assert(
      fc.property(part, (taken) => {
        const rest = subtract(TOTAL, taken);
        expect(contains(TOTAL, taken)).toBe(true);
        expect(new Map(add(rest, taken))).toEqual(
          new Map([...add(rest, taken).keys()].map((key) => [key, TOTAL.get(key)])),
        );
      }),
    );
  });

  it("survive the wire", () => {
    expect(fromWire(toWire(TOTAL, { allocatedTo: "web" }), "web")).toEqual(TOTAL);
  });

  it("of another role are in no offer", () => {
    const wanted = fromWire(toWire(parseResources({ cpus: "0.1" }), { allocatedTo: "other" }), "web");
    expect(contains(TOTAL, wanted)).toBe(false);
  });

  it("print as Mesos prints them", () => {
    expect(printResources(toWire(parseResources({ cpus: "0.5", ports: "[80-80,90-91]" })), "web")).toBe(
      "cpus(allocated: web):0.5; ports(allocated: web):[80-80, 90-91]",
    );
  });
});
