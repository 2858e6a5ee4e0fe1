import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isEqualJson } from "./json.js";
import { applyMergePatch } from "./merge-patch.js";

const json = (text: string): Record<string, unknown> => JSON.parse(text);

describe("applyMergePatch", () => {
  // the object cases of RFC 7386, appendix A
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])("merges %s with %s", (target, patch, expected) => {
    expect(applyMergePatch(json(target), json(patch))).toEqual(json(expected));
  });

  it.each([["null"], ["[]"], ['"x"'], ["1"]])("refuses the patch %s", (patch) => {
    expect(() => applyMergePatch({}, JSON.parse(patch))).toThrow(expect.objectContaining({ reason: "BadRequest" }));
  });

  it("treats __proto__ as an ordinary member", () => {
    const result = applyMergePatch(json('{"a":1}'), json('{"__proto__":{"polluted":true},"constructor":{"x":1}}'));
    expect(JSON.stringify(result)).toBe('{"a":1,"__proto__":{"polluted":true},"constructor":{"x":1}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    const again = applyMergePatch(result, json('{"__proto__":{"more":1}}'));
    expect(JSON.stringify(again)).toContain('"__proto__":{"polluted":true,"more":1}');
  });

  it("shares nothing with its inputs", () => {
    const target = { a: { b: [1] } };
    const patch = { c: { d: [{ e: 1 }] } };
    const before = structuredClone({ target, patch });
    const result = applyMergePatch(target, patch) as unknown as typeof target & typeof patch;
    result.a.b.push(2);
    result.c.d.push({ e: 2 });
    expect({ target, patch }).toEqual(before);
  });

  it("has nothing to do the second time", () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(object, object, (target, patch) => {
        const once = applyMergePatch(target, patch);
        expect(isEqualJson(applyMergePatch(once, patch), once)).toBe(true);
      }),
    );
  });
});
