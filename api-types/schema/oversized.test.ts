import { describe, expect, it } from "vitest";
import { oversized } from "./oversized.js";
import type { StructuralSchema } from "./structural.js";

const names: StructuralSchema = { type: "array", maxItems: 2, items: { type: "string" } };
const schema: StructuralSchema = {
  type: "object",
  properties: {
    names,
    rows: { type: "array", maxItems: 3, items: { type: "object", properties: { names } } },
    labels: { type: "object", maxProperties: 1, additionalProperties: names },
  },
};

describe("oversized", () => {
  it.each<[what: string, object: unknown, faults: readonly string[]]>([
    ["what fits", { names: ["a", "b"], rows: [{ names: [] }], labels: { a: [] } }, []],
    ["other faults", { names: [1, {}], unknown: [1, 2, 3] }, []],
    ["no object", "text", []],
    ["a list", { names: ["a", "b", "c"] }, ["names: Too many: 3: must have at most 2 items"]],
    ["lists below", { rows: [{}, { names: [1, 2, 3] }] }, ["rows[1].names: Too many: 3: must have at most 2 items"]],
    [
      "nothing inside of it",
      { rows: Array(4).fill({ names: [1, 2, 3] }) },
      ["rows: Too many: 4: must have at most 3 items"],
    ],
    ["a map", { labels: { a: [], b: [1, 2, 3] } }, ["labels: Too many: 2: must have at most 1 items"]],
  ])("tells %s", (_what, object, faults) => {
    expect(oversized(schema, object).map(({ path, message }) => `${path}: ${message}`)).toEqual(faults);
  });
});
