import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StructuralSchema } from "./structural.js";
import { SAMPLE_SCHEMA } from "./testing/sample.js";
import { validateSchema } from "./validate.js";

describe("validateSchema", () => {
  const check = (spec: unknown, expected: readonly (readonly [type: string, text: string])[]) =>
    expect(
      validateSchema(SAMPLE_SCHEMA, { spec }).map(({ type, path, message }) => [type, `${path}: ${message}`]),
    ).toEqual(expected);

  it("finds the fault of what was right when it looked before", () => {
    const spec = { replicas: 5 as unknown };
    check(spec, []);
    spec.replicas = "five";
    expect(validateSchema(SAMPLE_SCHEMA, { spec })).toHaveLength(1);
  });

  it("judges a frozen part by each schema that is asked for, and tells its faults each time", () => {
    const spec = Object.freeze({ replicas: 5 });
    const other: StructuralSchema = {
      type: "object",
      properties: { spec: { type: "object", properties: { replicas: { type: "string" } } } },
    };
    for (let time = 0; time < 2; time++) {
      check(spec, []);
      expect(validateSchema(other, { spec }).map(({ path }) => path)).toEqual(["spec.replicas"]);
    }
  });

  it("says nothing about what is right", () => {
    check({ replicas: 5, ratio: 0.5, services: [{ name: "a", at: null, cpu: 2 }], tags: ["a", "b"], on: true }, []);
  });

  it.each<[name: string, spec: unknown, type: string, text: string]>([
    [
      "type",
      { replicas: "x" },
      "TypeInvalid",
      'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
    ],
    [
      "fraction",
      { replicas: 1.5 },
      "TypeInvalid",
      'spec.replicas: Invalid value: "number": spec.replicas in body must be of type integer: "number"',
    ],
    [
      "null",
      { on: null },
      "TypeInvalid",
      'spec.on: Invalid value: "null": spec.on in body must be of type boolean: "null"',
    ],
    [
      "object",
      { services: {} },
      "TypeInvalid",
      'spec.services: Invalid value: "object": spec.services in body must be of type array: "object"',
    ],
    [
      "quantity",
      { services: [{ name: "a", cpu: 0.5 }] },
      "TypeInvalid",
      'spec.services[0].cpu: Invalid value: "number": spec.services[0].cpu in body must be of type integer,string: "number"',
    ],
    [
      "minimum",
      { replicas: -1 },
      "Invalid",
      "spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0",
    ],
    [
      "maximum",
      { replicas: 6 },
      "Invalid",
      "spec.replicas: Invalid value: 6: spec.replicas in body should be less than or equal to 5",
    ],
    [
      "exclusive minimum",
      { ratio: 0 },
      "Invalid",
      "spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0",
    ],
    [
      "exclusive maximum",
      { ratio: 1 },
      "Invalid",
      "spec.ratio: Invalid value: 1: spec.ratio in body should be less than 1",
    ],
    [
      "enum",
      { services: [{ name: "a", mode: "x" }] },
      "NotSupported",
      'spec.services[0].mode: Unsupported value: "x": supported values: "Replicated", "EachNode"',
    ],
    ["required", { services: [{}] }, "Required", "spec.services[0].name: Required value"],
    [
      "too few",
      { services: [] },
      "Invalid",
      "spec.services: Invalid value: 0: spec.services in body should have at least 1 items",
    ],
    [
      "too many",
      { services: ["a", "b", "c", "d"].map((name) => ({ name })) },
      "TooMany",
      "spec.services: Too many: 4: must have at most 3 items",
    ],
    [
      "too short",
      { services: [{ name: "" }] },
      "Invalid",
      'spec.services[0].name: Invalid value: "": spec.services[0].name in body should be at least 1 chars long',
    ],
    [
      "too long",
      { services: [{ name: "abcdefghi" }] },
      "TooLong",
      "spec.services[0].name: Too long: may not be more than 8 bytes",
    ],
    [
      "pattern",
      { services: [{ name: "A" }] },
      "Invalid",
      "spec.services[0].name: Invalid value: \"A\": spec.services[0].name in body should match '^[a-z]*$'",
    ],
    [
      "format",
      { services: [{ name: "a", at: "x" }] },
      "Invalid",
      'spec.services[0].at: Invalid value: "x": spec.services[0].at in body must be of type date-time: "x"',
    ],
    [
      "repeated key",
      { services: [{ name: "a" }, { name: "a" }] },
      "Duplicate",
      'spec.services[1]: Duplicate value: {"name":"a"}',
    ],
    ["repeated item", { tags: ["a", "b", "a"] }, "Duplicate", 'spec.tags[2]: Duplicate value: "a"'],
    [
      "free key",
      { services: [{ name: "a", labels: { k: 1 } }] },
      "TypeInvalid",
      'spec.services[0].labels.k: Invalid value: "integer": spec.services[0].labels.k in body must be of type string: "integer"',
    ],
  ])("words a fault as Kubernetes does: %s", (...[, spec, type, text]) => check(spec, [[type, text]]));

  it("survives values of any depth", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
    const faults = validateSchema(SAMPLE_SCHEMA, {
      spec: { replicas: deep, tags: [deep, deep], services: [{ name: deep }, { name: deep }] },
    });
    expect(faults.map(({ type }) => type)).toEqual(Array.from({ length: 5 }, () => "TypeInvalid"));
  });

  it("tells all faults at once", () => {
    const faults = validateSchema(SAMPLE_SCHEMA, { spec: { replicas: -1, on: 1, services: [{ mode: "x" }] } });
    expect(faults.map(({ path }) => path)).toEqual([
      "spec.replicas",
      "spec.on",
      "spec.services[0].name",
      "spec.services[0].mode",
    ]);
  });

  it("agrees with ajv on what is valid", () => {
    const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: true });
    fc.assert(
      fc.property(
        schemas,
        fc.infiniteStream(fc.jsonValue({ maxDepth: 3 })),
        fc.infiniteStream(fc.nat()),
        (drawn, free, picks) => {
          const check = ajv.compile(asJsonSchema(drawn));
          for (let round = 0; round < 4; round += 1) {
            const value = valueFor(drawn, { free, picks });
            expect(validateSchema(drawn, value).length === 0, JSON.stringify({ drawn, value })).toBe(check(value));
          }
        },
      ),
      { numRuns: 500 },
    );
  }, 60_000);
});

const leaf: fc.Arbitrary<StructuralSchema> = fc.oneof(
  fc.record(
    {
      type: fc.constant("string" as const),
      minLength: fc.nat(3),
      maxLength: fc.nat(6),
      pattern: fc.constantFrom("^a", "b$", "^[a-c]*$"),
    },
    { requiredKeys: ["type"] },
  ),
  fc.record({ type: fc.constant("string" as const), enum: fc.constantFrom(["a", "b"], ["ab"]) }),
  fc.record(
    {
      type: fc.constantFrom("integer" as const, "number" as const),
      minimum: fc.integer({ min: -3, max: 3 }),
      maximum: fc.integer({ min: -3, max: 9 }),
    },
    { requiredKeys: ["type"] },
  ),
  fc.record({ type: fc.constant("integer" as const), minimum: fc.nat(3), exclusiveMinimum: fc.boolean() }),
  fc.record({ type: fc.constant("boolean" as const), nullable: fc.boolean() }),
  fc.constant<StructuralSchema>({ "x-kubernetes-int-or-string": true }),
);

const { schemas } = fc.letrec<{ schemas: StructuralSchema }>((tie) => ({
  schemas: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({ type: fc.constant("object" as const), additionalProperties: tie("schemas") }),
    fc.record(
      {
        type: fc.constant("object" as const),
        properties: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("schemas")),
        required: fc.subarray(["a", "b"]),
      },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      {
        type: fc.constant("array" as const),
        items: tie("schemas"),
        minItems: fc.nat(2),
        maxItems: fc.nat(4),
        nullable: fc.boolean(),
      },
      { requiredKeys: ["type", "items"] },
    ),
    fc.record({
      type: fc.constant("array" as const),
      items: fc.constant<StructuralSchema>({ type: "string" }),
      "x-kubernetes-list-type": fc.constant("set" as const),
    }),
  ),
}));

/** A value that often fits: otherwise almost every case would end at the first type. */
function valueFor(drawn: StructuralSchema, draw: { free: fc.Stream<unknown>; picks: fc.Stream<number> }): unknown {
  const pick = (bound: number) => (draw.picks.next().value as number) % bound;
  if (pick(8) === 0) return draw.free.next().value;
  if (drawn["x-kubernetes-int-or-string"] === true) return pick(2) === 0 ? pick(9) : "5m";
  switch (drawn.type) {
    case "object": {
      const fields = Object.entries(drawn.properties ?? {}).filter(() => pick(4) > 0);
      const value = drawn.additionalProperties;
      const open = value === undefined ? [] : ["x", "y"].slice(pick(3)).map((key) => [key, value] as const);
      return Object.fromEntries([...fields, ...open].map(([name, field]) => [name, valueFor(field, draw)]));
    }
    case "array":
      return Array.from({ length: pick(5) }, () => valueFor(drawn.items ?? {}, draw));
    case "string":
      return ["", "a", "b", "ab", "abcabc", "xb", "😀a"][pick(7)];
    case "boolean":
      return pick(2) === 0;
    default:
      return pick(14) - 4;
  }
}

/** The same schema in JSON Schema's words. */
function asJsonSchema(drawn: StructuralSchema): Record<string, unknown> {
  const { type, nullable, items, properties, additionalProperties, exclusiveMinimum, minimum, ...rest } = drawn;
  if (drawn["x-kubernetes-int-or-string"] === true) return { type: ["integer", "string"] };
  return {
    ...rest,
    type: nullable === true ? [type, "null"] : type,
    ...(minimum !== undefined && (exclusiveMinimum === true ? { exclusiveMinimum: minimum } : { minimum })),
    ...(items && { items: asJsonSchema(items) }),
    ...(additionalProperties && { additionalProperties: asJsonSchema(additionalProperties) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, asJsonSchema(field)])),
    }),
    ...(drawn["x-kubernetes-list-type"] === "set" && { uniqueItems: true }),
  };
}
