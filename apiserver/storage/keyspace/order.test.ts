import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareKeys, isBelow, lowerBound } from "./order.js";

const key = fc.string({ unit: "binary" });
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe("the order of keys", () => {
  it("is that of their UTF-8 bytes", () => {
    void fc.assert(fc.property(key, key, (a, b) => Math.sign(compareKeys(a, b)) === byBytes(a, b)));
    expect(compareKeys("\u{1F600}", "\uFFFD")).toBeGreaterThan(0);
  });

  it("finds the first key that is not before another", () => {
    void fc.assert(
      fc.property(fc.array(key), key, (keys, wanted) => {
        const sorted = [...keys].sort(byBytes);
        const index = sorted.findIndex((each) => byBytes(each, wanted) >= 0);
        return lowerBound(sorted, wanted) === (index < 0 ? sorted.length : index);
      }),
    );
  });

  it.each([
    ["a/b", "a/", true],
    ["a", "a/", false],
    ["_a", "", false],
    ["_a/b", "_a/", true],
    ["a", "", true],
  ])("says of %s below %j: %s", (name, prefix, expected) => {
    expect(isBelow(name, prefix)).toBe(expected);
  });
});
