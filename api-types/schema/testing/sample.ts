import type { StructuralSchema } from "../structural.js";

/** One item of its list `services`. */
export const SAMPLE_SERVICE: StructuralSchema = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 8, pattern: "^[a-z]*$" },
    mode: { type: "string", enum: ["Replicated", "EachNode"], default: "Replicated" },
    cpu: { "x-kubernetes-int-or-string": true, default: "200m" },
    labels: { type: "object", additionalProperties: { type: "string" }, maxProperties: 2 },
    network: { type: "object", default: {}, properties: { mode: { type: "string", default: "Host" } } },
    extra: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    at: { type: "string", format: "date-time", nullable: true },
  },
};

/** A schema with every rule that is checked: for the tests of this folder. */
export const SAMPLE_SCHEMA: StructuralSchema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        replicas: { type: "integer", minimum: 0, maximum: 5, default: 1 },
        ratio: { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: true },
        services: {
          type: "array",
          minItems: 1,
          maxItems: 3,
          items: SAMPLE_SERVICE,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
        },
        tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
        on: { type: "boolean" },
      },
    },
  },
};
