import type { Kind } from "../../api-types/meta/kind.js";

/** A namespaced kind for tests of what works with every kind: `spec.size`, and a status with all merge rules. */
export const Widget: Kind<{ readonly size: number; readonly group?: string }, Record<string, unknown>> = {
  group: "example.dev",
  version: "v1",
  apiVersion: "example.dev/v1",
  kind: "Widget",
  plural: "widgets",
  singular: "widget",
  shortNames: [],
  categories: [],
  scope: "Namespaced",
  description: "A thing with a size.",
  family: "custom",
  isCreatable: true,
  schema: {
    type: "object",
    properties: {
      status: {
        type: "object",
        properties: {
          conditions: {
            type: "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
            items: { type: "object" },
          },
          tags: { type: "array", "x-kubernetes-list-type": "set" },
          placement: { type: "object", "x-kubernetes-map-type": "atomic" },
        },
      },
    },
  },
  hasStatus: true,
  columns: [],
  selectableFields: {},
  validate: () => [],
};
