import type { StructuralSchema } from "../schema/structural.js";

const textMap = (description: string): StructuralSchema => ({
  type: "object",
  description,
  additionalProperties: { type: "string" },
});

const ownerReference: StructuralSchema = {
  type: "object",
  required: ["apiVersion", "kind", "name", "uid"],
  properties: {
    apiVersion: { type: "string", description: "API version of the owner." },
    kind: { type: "string", description: "Kind of the owner." },
    name: { type: "string", description: "Name of the owner." },
    uid: { type: "string", description: "UID of the owner." },
    controller: { type: "boolean", description: "Whether this owner manages the object." },
    blockOwnerDeletion: { type: "boolean", description: "Whether a foreground deletion of the owner waits for this." },
  },
  "x-kubernetes-map-type": "atomic",
};

const managedFieldsEntry: StructuralSchema = {
  type: "object",
  properties: {
    manager: { type: "string", description: "Who set the fields." },
    operation: { type: "string", description: "Apply or Update." },
    apiVersion: { type: "string", description: "API version the fields are written in." },
    time: { type: "string", description: "When the set last changed." },
    fieldsType: { type: "string", description: "Always FieldsV1." },
    fieldsV1: {
      type: "object",
      description: "The set of fields, as a trie.",
      "x-kubernetes-preserve-unknown-fields": true,
    },
    subresource: { type: "string", description: "The subresource written through; empty for the object itself." },
  },
};

/** Schema of `metadata`, the same for every kind; a CustomResourceDefinition publishes it as `type: object` only. */
export const OBJECT_META: StructuralSchema = {
  type: "object",
  description: "Standard object metadata.",
  properties: {
    name: { type: "string", description: "Name, unique within the namespace and kind." },
    generateName: { type: "string", description: "Prefix of a name that the server completes." },
    namespace: { type: "string", description: "Namespace of the object; empty for cluster-scoped kinds." },
    uid: { type: "string", description: "Unique for all time; set by the server." },
    resourceVersion: { type: "string", description: "Version of the stored object; set by the server." },
    generation: { type: "integer", format: "int64", description: "Counts the changes of what is desired." },
    creationTimestamp: { type: "string", format: "date-time", nullable: true, description: "When it was created." },
    deletionTimestamp: {
      type: "string",
      format: "date-time",
      nullable: true,
      description: "Since when it is leaving.",
    },
    deletionGracePeriodSeconds: { type: "integer", format: "int64", description: "Seconds it was given to leave." },
    selfLink: { type: "string", description: "Not used." },
    labels: textMap("Key and value pairs to select by."),
    annotations: textMap("Key and value pairs for tools and people."),
    finalizers: {
      type: "array",
      description: "Who still has to let go before the object disappears.",
      items: { type: "string" },
      "x-kubernetes-list-type": "set",
    },
    ownerReferences: {
      type: "array",
      description: "Objects that this one depends on.",
      items: ownerReference,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
    },
    managedFields: {
      type: "array",
      description: "Who set which fields.",
      items: managedFieldsEntry,
      "x-kubernetes-list-type": "atomic",
    },
  },
};
