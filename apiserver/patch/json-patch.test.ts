import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyJsonPatch } from "./json-patch.js";

const json = (text: string) => JSON.parse(text);

describe("applyJsonPatch", () => {
  it.each([
    ['{"foo":"bar"}', '[{"op":"add","path":"/baz","value":"qux"}]', '{"foo":"bar","baz":"qux"}'],
    ['{"foo":["a","b"]}', '[{"op":"add","path":"/foo/1","value":"x"}]', '{"foo":["a","x","b"]}'],
    ['{"foo":["a"]}', '[{"op":"add","path":"/foo/-","value":"b"}]', '{"foo":["a","b"]}'],
    ['{"foo":["a"]}', '[{"op":"add","path":"/foo/1","value":"b"}]', '{"foo":["a","b"]}'],
    ['{"foo":1,"baz":2}', '[{"op":"remove","path":"/baz"}]', '{"foo":1}'],
    ['{"foo":["a","b","c"]}', '[{"op":"remove","path":"/foo/1"}]', '{"foo":["a","c"]}'],
    ['{"foo":1}', '[{"op":"replace","path":"/foo","value":{"x":null}}]', '{"foo":{"x":null}}'],
    ['{"foo":[1,2]}', '[{"op":"replace","path":"/foo/1","value":3}]', '{"foo":[1,3]}'],
    ['{"a":{"b":1},"c":{}}', '[{"op":"move","from":"/a/b","path":"/c/d"}]', '{"a":{},"c":{"d":1}}'],
    ['{"a":[1,2,3]}', '[{"op":"move","from":"/a/0","path":"/a/2"}]', '{"a":[2,3,1]}'],
    ['{"a":{"b":1}}', '[{"op":"copy","from":"/a","path":"/c"}]', '{"a":{"b":1},"c":{"b":1}}'],
    ['{"a":{"b":[1]}}', '[{"op":"test","path":"/a","value":{"b":[1]}}]', '{"a":{"b":[1]}}'],
    ['{"a/b":1,"m~n":2}', '[{"op":"remove","path":"/a~1b"},{"op":"remove","path":"/m~0n"}]', "{}"],
    ['{"a":1}', '[{"op":"replace","path":"","value":{"b":2}}]', '{"b":2}'],
    ['{"":1}', '[{"op":"replace","path":"/","value":2}]', '{"":2}'],
    ['{"a":{}}', '[{"op":"add","path":"/a/__proto__","value":{"x":1}}]', '{"a":{"__proto__":{"x":1}}}'],
  ])("changes %s by %s", (target, patch, expected) => {
    expect(JSON.stringify(applyJsonPatch(json(target), json(patch)))).toBe(expected);
  });

  it.each([
    ["Invalid", "testing path", '[{"op":"test","path":"/a","value":2}]'],
    ["Invalid", "missing path", '[{"op":"test","path":"/nope","value":2}]'],
    ["Invalid", "missing path", '[{"op":"remove","path":"/nope"}]'],
    ["Invalid", "missing path", '[{"op":"replace","path":"/nope","value":1}]'],
    ["Invalid", "missing path", '[{"op":"add","path":"/nope/x","value":1}]'],
    ["Invalid", "missing path", '[{"op":"add","path":"/__proto__/x","value":1}]'],
    ["Invalid", "missing path", '[{"op":"copy","from":"/constructor","path":"/x"}]'],
    ["Invalid", "invalid index", '[{"op":"add","path":"/list/3","value":1}]'],
    ["Invalid", "invalid index", '[{"op":"remove","path":"/list/2"}]'],
    ["Invalid", "invalid index", '[{"op":"remove","path":"/list/-"}]'],
    ["Invalid", "invalid index", '[{"op":"replace","path":"/list/01","value":1}]'],
    ["Invalid", "into itself", '[{"op":"move","from":"/b","path":"/b/c"}]'],
    ["Invalid", "cannot be removed", '[{"op":"remove","path":""}]'],
    ["Invalid", "not an object", '[{"op":"replace","path":"","value":[]}]'],
    ["BadRequest", "unknown op", '[{"op":"spam","path":"/a"}]'],
    ["BadRequest", "needs a value", '[{"op":"add","path":"/a"}]'],
    ["BadRequest", "must be a string", '[{"op":"remove"}]'],
    ["BadRequest", "begin with a slash", '[{"op":"remove","path":"a"}]'],
    ["BadRequest", "from must be", '[{"op":"move","path":"/a"}]'],
    ["BadRequest", "not an object", "[1]"],
    ["BadRequest", "must be a list", '{"op":"add"}'],
  ])("answers %s (%s) to %s", (reason, text, patch) => {
    const target = json('{"a":1,"b":{"c":1},"list":[1,2]}');
    expect(() => applyJsonPatch(target, json(patch))).toThrow(
      expect.objectContaining({ reason, message: expect.stringContaining(text) }),
    );
  });

  it("changes nothing when a later operation fails", () => {
    const target = Object.freeze({ a: Object.freeze({ b: 1 }) });
    const patch = json('[{"op":"replace","path":"/a/b","value":2},{"op":"test","path":"/a/b","value":1}]');
    expect(() => applyJsonPatch(target, patch)).toThrow();
    expect(target).toEqual({ a: { b: 1 } });
  });

  it("stops a patch that doubles itself", () => {
    const double = json('[{"op":"copy","from":"/a","path":"/a/x"},{"op":"copy","from":"/a","path":"/a/y"}]');
    const patch = Array.from({ length: 40 }, () => double).flat();
    expect(() => applyJsonPatch({ a: { text: "x".repeat(100) } }, patch)).toThrow(
      expect.objectContaining({ reason: "RequestEntityTooLarge" }),
    );
  });

  it("shares what it does not touch", () => {
    const target = { a: { deep: {} }, b: 1 };
    expect(applyJsonPatch(target, [{ op: "replace", path: "/b", value: 2 }]).a).toBe(target.a);
  });

  it("answers every patch with a result or a StatusError", () => {
    const op = fc.record({
      op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test", "x"),
      path: fc.constantFrom("", "/a", "/a/b", "/l/0", "/l/-", "/l/9", "/__proto__", "a"),
      from: fc.constantFrom("", "/a", "/l/0", "/zz"),
      value: fc.jsonValue({ maxDepth: 2 }),
    });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 6 }), (patch) => {
        try {
          expect(typeof applyJsonPatch({ a: { b: 1 }, l: [1, 2] }, patch)).toBe("object");
        } catch (error) {
          expect(error).toMatchObject({ name: "StatusError" });
        }
      }),
    );
  });
});
