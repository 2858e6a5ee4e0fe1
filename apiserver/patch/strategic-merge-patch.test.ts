import { describe, expect, it } from "vitest";
import { SAMPLE_SCHEMA } from "./fields/sample.js";
import { applyStrategicMergePatch } from "./strategic-merge-patch.js";

const apply = (target: object, patch: unknown) => applyStrategicMergePatch({ ...target }, patch, SAMPLE_SCHEMA);
const services = (...names: string[]) => ({ spec: { services: names.map((name) => ({ name, size: 1 })) } });
const finalizers = (...names: string[]) => ({ metadata: { finalizers: names } });

describe("applyStrategicMergePatch", () => {
  it.each([
    ["merges members", { data: { a: "1", b: "2" } }, { data: { a: null, c: "3" } }, { data: { b: "2", c: "3" } }],
    ["unites finalizers", finalizers("a"), finalizers("b", "a"), finalizers("a", "b")],
    [
      "deletes from a set",
      finalizers("a", "b", "c"),
      { metadata: { "$deleteFromPrimitiveList/finalizers": ["b"] } },
      finalizers("a", "c"),
    ],
    [
      "deletes, adds and orders at once",
      finalizers("a", "b", "c"),
      {
        metadata: {
          "$deleteFromPrimitiveList/finalizers": ["a"],
          "$setElementOrder/finalizers": ["d", "b"],
          finalizers: ["d"],
        },
      },
      finalizers("d", "b", "c"),
    ],
    [
      "merges owner references by uid",
      { metadata: { ownerReferences: [{ uid: "1", name: "x", kind: "K" }] } },
      { metadata: { ownerReferences: [{ uid: "1", name: "y" }, { uid: "2" }] } },
      { metadata: { ownerReferences: [{ uid: "1", name: "y", kind: "K" }, { uid: "2" }] } },
    ],
    [
      "deletes an owner reference",
      { metadata: { ownerReferences: [{ uid: "1" }, { uid: "2" }] } },
      { metadata: { ownerReferences: [{ $patch: "delete", uid: "1" }] } },
      { metadata: { ownerReferences: [{ uid: "2" }] } },
    ],
    [
      "merges conditions by type",
      { status: { conditions: [{ type: "A", status: "True", reason: "r" }] } },
      { status: { conditions: [{ type: "A", status: "False" }, { type: "B" }] } },
      { status: { conditions: [{ type: "A", status: "False", reason: "r" }, { type: "B" }] } },
    ],
    [
      "merges the secrets of a service account by name",
      { secrets: [{ name: "a", x: 1 }] },
      { secrets: [{ name: "b" }] },
      { secrets: [{ name: "a", x: 1 }, { name: "b" }] },
    ],
    ["replaces an atomic list", { spec: { list: ["a"] } }, { spec: { list: ["b"] } }, { spec: { list: ["b"] } }],
    [
      "replaces a list on demand",
      services("a", "b"),
      { spec: { services: [{ $patch: "replace" }, { name: "c", size: 1 }] } },
      services("c"),
    ],
    [
      "orders a list",
      services("a", "b", "c"),
      { spec: { "$setElementOrder/services": [{ name: "b" }, { name: "a" }] } },
      services("b", "c", "a"),
    ],
    ["replaces an object", { data: { a: "1" } }, { data: { $patch: "replace", b: "2" } }, { data: { b: "2" } }],
    ["empties an object", { data: { a: "1" } }, { data: { $patch: "delete" } }, { data: {} }],
    ["merges on demand", { data: { a: "1" } }, { data: { $patch: "merge", b: "2" } }, { data: { a: "1", b: "2" } }],
    [
      "retains keys",
      { spec: { nested: { a: 1, b: 2 } } },
      { spec: { nested: { $retainKeys: ["a"], a: 3 } } },
      { spec: { nested: { a: 3 } } },
    ],
    ["drops nulls of new objects", {}, { data: { a: null, b: "1" } }, { data: { b: "1" } }],
  ])("%s", (...[, target, patch, expected]) => {
    const before = structuredClone(target);
    expect(apply(target, patch)).toEqual(expected);
    expect(target).toEqual(before);
  });

  it.each([
    [[], "must be an object"],
    [{ data: { $patch: "spam" } }, "unknown patch type"],
    [{ metadata: { ownerReferences: [{ name: "x" }] } }, "merge key: uid"],
    [{ metadata: { "$setElementOrder/finalizers": "x" } }, "must be a list"],
    [{ spec: { $retainKeys: ["a"], b: 1 } }, "doesn't contain all keys"],
  ])("refuses %j", (patch, text) => {
    expect(() => apply({}, patch)).toThrow(
      expect.objectContaining({ reason: "BadRequest", message: expect.stringContaining(text) }),
    );
  });

  it("treats __proto__ as an ordinary member", () => {
    const result = apply({}, JSON.parse('{"data":{"__proto__":{"x":1}}}'));
    expect(JSON.stringify(result)).toBe('{"data":{"__proto__":{"x":1}}}');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});
