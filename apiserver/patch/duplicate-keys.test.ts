import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findDuplicateKeys } from "./duplicate-keys.js";

const find = (text: string) => findDuplicateKeys(new TextEncoder().encode(text));

describe("findDuplicateKeys", () => {
  it.each([
    ['{"a":1,"b":2}', []],
    ['{"a":1,"a":2}', ["a"]],
    ['{"a":1,"a":2,"a":3}', ["a"]],
    ['{"spec":{"image":"x","image":"y"}}', ["spec.image"]],
    [
      '{"spec":{"ports":[{"name":"a"},{"name":"b","name":"c"}],"image":1,"image":2}}',
      ["spec.ports[1].name", "spec.image"],
    ],
    ['{"l":[[{"x":1,"x":2}]]}', ["l[0][0].x"]],
    ['{"\\u0061":1,"a":2}', ["a"]],
    ['{"a\\"b":"}","a\\"b":"\\\\"}', ['a"b']],
    ['{"__proto__":1,"__proto__":2}', ["__proto__"]],
    ['  {\n"ä" : true ,\t"ä":null}', ["ä"]],
    ['{"a":{"a":{"a":-1.5E+7}}}', []],
    ['{"a":1,"a":', ["a"]],
    ['{"a":1 "a":2}', []],
    ["", []],
    ["[1,2,{}]", []],
    ['"a', []],
  ])("finds in %s: %j", (text, expected) => {
    expect(find(text)).toEqual(expected);
  });

  it("refuses to nest deeper than 64 levels", () => {
    expect(find("[".repeat(64) + "]".repeat(64))).toEqual([]);
    expect(() => find("[".repeat(66))).toThrow(expect.objectContaining({ reason: "BadRequest" }));
  });

  it("finds nothing in what JSON.stringify writes, and survives any cut", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(200), (value, cut) => {
        const text = JSON.stringify(value);
        expect(find(text)).toEqual([]);
        expect(find(text.slice(0, cut))).toEqual([]);
      }),
    );
  });

  it("is linear in the size", () => {
    const text = `{${Array.from({ length: 100_000 }, (_, index) => `"key${index}":[{}]`).join(",")},"key7":1}`;
    expect(find(text)).toEqual(["key7"]);
  });
});
