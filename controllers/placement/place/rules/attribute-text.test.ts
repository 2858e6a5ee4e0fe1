import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AttributeValue } from "../../../../drivers/compute/driver.js";
import { attributeText, numberText } from "./attribute-text.js";

const textOf = (attribute: string, value: AttributeValue) =>
  attributeText(
    { name: "n", type: "worker", function: undefined, closedBecause: undefined, attributes: { [attribute]: value } },
    attribute,
  );

describe("attributeText", () => {
  it.each<[attribute: string, value: AttributeValue, text: string]>([
    ["rack", "1", "1"],
    ["rack", "1.0", "1"],
    ["rack", "rack-1", "rack-1"],
    ["rack", "", ""],
    ["hostname", "1.0", "1.0"],
    ["@zone", "2.50", "2.50"],
    ["jdk", [{ begin: 6, end: 7 }], "[6-7]"],
    [
      "jdk",
      [
        { begin: 8, end: 9 },
        { begin: 1, end: 5 },
      ],
      "[1-5,8-9]",
    ],
    ["gpu", "{b, a}", "{a,b}"],
    ["gpu", "{", "{"],
  ])("of %s %j is %s", (attribute, value, text) => expect(textOf(attribute, value)).toBe(text));

  it("does not find what every object has", () => {
    const facts = { name: "n", type: "worker", function: undefined, closedBecause: undefined, attributes: {} };
    expect(attributeText(facts, "constructor")).toBeUndefined();
  });
});

describe("numberText", () => {
  it.each([
    ["1.0005", "1"],
    ["1.00051", "1.001"],
    ["1.0015", "1.002"],
    ["1.0025", "1.002"],
    ["-1.0015", "-1.002"],
    ["-0.0001", "0"],
    ["0.0005", "0"],
    ["0.9996", "1"],
    [".5", "0.5"],
    ["1e5", "100000"],
    ["1e21", "1000000000000000000000"],
    ["1e-9", "0"],
    ["+3", "3"],
    ["one", undefined],
    ["", undefined],
    ["0x10", undefined],
    ["1e999", undefined],
    ["Infinity", undefined],
  ])("of %s is %s", (text, expected) => expect(numberText(text)).toBe(expected));

  it("is within half a thousandth, and stays as it is", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
        const text = numberText(String(value));
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(0.0005 + 1e-9);
        expect(numberText(text ?? "")).toBe(text);
        expect(text).toMatch(/^-?\d+(\.\d{1,3})?$/);
      }),
    );
  });
});
