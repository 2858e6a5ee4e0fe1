import { describe, expect, it } from "vitest";
import { hintOf } from "./known-fields.js";
import type { StructuralSchema } from "./structural.js";

const leaf: StructuralSchema = { type: "string" };
const service: StructuralSchema = { type: "object", properties: { name: leaf, image: leaf } };
const schema: StructuralSchema = {
  type: "object",
  properties: {
    kind: leaf,
    spec: {
      type: "object",
      properties: {
        services: { type: "array", items: service },
        byName: { type: "object", additionalProperties: service },
        free: { type: "object", additionalProperties: leaf },
      },
    },
  },
};

describe("hintOf", () => {
  it.each([
    { title: "names the fields of the object around", paths: ["spec.x"], hint: "; spec takes: byName, free, services" },
    { title: "goes into lists", paths: ["spec.services[12].x"], hint: "; spec.services[12] takes: image, name" },
    { title: "goes into maps", paths: ["spec.byName.a.x"], hint: "; spec.byName.a takes: image, name" },
    { title: "knows the object itself", paths: ["x"], hint: "; the object takes: kind, spec" },
    {
      title: "names each object once, and not more than three",
      paths: [0, 0, 1, 2, 3].map((index, twin) => `spec.services[${index}].x${twin}`),
      hint: [0, 1, 2].map((index) => `; spec.services[${index}] takes: image, name`).join(""),
    },
    { title: "is silent about what has no fields", paths: ["spec.free.a.b", "nowhere.at.all"], hint: "" },
    { title: "is silent when nothing is unknown", paths: [], hint: "" },
  ])("$title", ({ paths, hint }) => expect(hintOf(schema, paths)).toBe(hint));
});
