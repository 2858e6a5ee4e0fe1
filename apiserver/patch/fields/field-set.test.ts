import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FieldsV1 } from "../../../api-types/meta/object.js";
import { isSegment, printPath } from "./field-path.js";
import { difference, type FieldSet, fieldSetOf, intersection, isEqualSet, pathsOf, SELF, union } from "./field-set.js";

const node: fc.Memo<FieldsV1> = fc.memo((depth) => {
  const children: fc.Arbitrary<Record<string, FieldsV1>> =
    depth <= 1 ? fc.constant({}) : fc.dictionary(fc.constantFrom("f:a", "f:b", 'v:"c"', SELF), node(depth - 1));
  return children.map((each): FieldsV1 => {
    const tidy = Object.fromEntries(
      Object.entries(each).map(([key, value]): [string, FieldsV1] => [key, key === SELF ? {} : value]),
    );
    return Object.keys(tidy).length === 1 && SELF in tidy ? {} : tidy;
  });
});
const set = node(4).map((root) => {
  const { [SELF]: _, ...rest } = root;
  return fieldSetOf(rest);
});

/** A set as its printed paths, in order. */
function plain(fields: FieldSet): readonly string[] {
  return pathsOf(fields)
    .map((path) => path.join("/"))
    .sort();
}

describe("the algebra of field sets", () => {
  it("is that of sets of paths", () => {
    fc.assert(
      fc.property(set, set, (left, right) => {
        const other = new Set(plain(right));
        expect(plain(union(left, right))).toEqual([...new Set([...plain(left), ...plain(right)])].sort());
        expect(plain(difference(left, right))).toEqual(plain(left).filter((path) => !other.has(path)));
        expect(plain(intersection(left, right))).toEqual(plain(left).filter((path) => other.has(path)));
        expect(isEqualSet(left, right)).toBe(JSON.stringify(plain(left)) === JSON.stringify(plain(right)));
      }),
      { numRuns: 300 },
    );
  });

  it("leaves its operands as they were, and shares them when nothing changes", () => {
    fc.assert(
      fc.property(set, set, (left, right) => {
        const before = JSON.stringify([left, right]);
        union(left, right);
        intersection(left, right);
        difference(left, right);
        expect(JSON.stringify([left, right])).toBe(before);
        expect(union(left, intersection(left, right))).toBe(left);
        expect(difference(left, difference(right, left))).toBe(left);
      }),
    );
  });

  it("never leaves a path that nothing ends in", () => {
    const leaves = (fields: FieldSet): boolean => fields === undefined || pathsOf(fields).length > 0;
    fc.assert(
      fc.property(set, set, (left, right) => {
        expect([union(left, right), difference(left, right), intersection(left, right)].every(leaves)).toBe(true);
      }),
    );
  });
});

describe("printPath", () => {
  it.each([
    [["f:spec", "f:ports", 'k:{"name":"http"}', "f:port"], '.spec.ports[name="http"].port'],
    [["f:ports", 'k:{"containerPort":80,"protocol":"TCP"}'], '.ports[containerPort=80,protocol="TCP"]'],
    [["f:metadata", "f:finalizers", 'v:"a/b"'], '.metadata.finalizers[="a/b"]'],
    [["f:metadata", "f:labels", "f:app.kubernetes.io/name"], ".metadata.labels.app.kubernetes.io/name"],
    [["f:list", "i:3"], ".list[3]"],
  ])("prints %j as %s", (path, text) => {
    expect(printPath(path)).toBe(text);
  });

  it.each([
    ["f:x", true],
    [".", true],
    ['k:{"a":1}', true],
    ["k:[1]", false],
    ["k:{", false],
    ['v:"x"', true],
    ["v:x", false],
    ["i:1", true],
    ["i:x", false],
    ["x", false],
    ["__proto__", false],
  ])("knows whether %s may stand in managedFields: %s", (segment, isAllowed) => {
    expect(isSegment(segment)).toBe(isAllowed);
  });
});
