import type { FieldsV1, KubeObject, ManagedFieldsEntry } from "../../../api-types/meta/object.js";
import type { StructuralSchema } from "../../../api-types/schema/structural.js";

/** A schema with every kind of list and map: for the tests of this folder. */
export const SAMPLE_SCHEMA: StructuralSchema = {
  type: "object",
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { type: "object" },
    spec: {
      type: "object",
      properties: {
        replicas: { type: "integer" },
        image: { type: "string" },
        note: { type: "string", nullable: true },
        port: { "x-kubernetes-int-or-string": true },
        nested: { type: "object", properties: { a: { type: "integer" }, b: { type: "integer" } } },
        env: { type: "object", additionalProperties: { type: "string" } },
        whole: { type: "object", additionalProperties: { type: "string" }, "x-kubernetes-map-type": "atomic" },
        list: { type: "array", items: { type: "string" } },
        rules: {
          type: "array",
          items: {
            type: "object",
            properties: { name: { type: "string" }, weight: { type: "integer", default: 1 } },
          },
        },
        tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["number", "protocol"],
          items: {
            type: "object",
            properties: {
              number: { type: "integer" },
              protocol: { type: "string", default: "TCP" },
              name: { type: "string" },
              host: { type: "integer" },
            },
          },
        },
        services: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: {
            type: "object",
            properties: { name: { type: "string" }, size: { type: "integer" }, image: { type: "string" } },
          },
        },
      },
    },
    status: {
      type: "object",
      properties: {
        phase: { type: "string" },
        ready: { type: "integer" },
        conditions: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
          items: {
            type: "object",
            properties: {
              type: { type: "string" },
              status: { type: "string" },
              reason: { type: "string" },
              message: { type: "string" },
              lastTransitionTime: { type: "string" },
            },
          },
        },
      },
    },
  },
};

/** An object of the sample schema. */
export function sample(spec: unknown, metadata: object = {}): KubeObject {
  return { apiVersion: "test/v1", kind: "Sample", metadata: { name: "x", ...metadata }, spec };
}

/** The set that `manager` holds, or undefined. */
export function setOf(object: KubeObject, manager: string, operation?: string): FieldsV1 | undefined {
  return entryOf(object, manager, operation)?.fieldsV1;
}

/** The entry of `manager`. */
export function entryOf(object: KubeObject, manager: string, operation?: string): ManagedFieldsEntry | undefined {
  const entries = object.metadata.managedFields ?? [];
  return entries.find((entry) => entry.manager === manager && (operation ?? entry.operation) === entry.operation);
}
