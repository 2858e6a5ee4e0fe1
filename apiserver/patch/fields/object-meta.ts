import type { StructuralSchema } from "../../../api-types/schema/structural.js";

const text = (description: string): StructuralSchema => ({ type: "string", description });
const flag = (description: string): StructuralSchema => ({ type: "boolean", description });
const time = (description: string): StructuralSchema => ({ type: "string", format: "date-time", description });

/** An entry of metadata.ownerReferences. */
export const OWNER_REFERENCE_SCHEMA: StructuralSchema = {
  type: "object",
  description:
    "OwnerReference identifies an object that owns this one: when every owner is gone, this object is deleted.",
  required: ["apiVersion", "kind", "name", "uid"],
  properties: {
    apiVersion: text("API version of the owner."),
    kind: text("Kind of the owner."),
    name: text("Name of the owner."),
    uid: text("UID of the owner."),
    controller: flag("Whether this owner manages the object; at most one does."),
    blockOwnerDeletion: flag("Whether a foreground deletion of the owner waits for this object."),
  },
  "x-kubernetes-map-type": "atomic",
};

/** An entry of metadata.managedFields. */
export const MANAGED_FIELDS_ENTRY_SCHEMA: StructuralSchema = {
  type: "object",
  description: "ManagedFieldsEntry says which fields a manager set, and how.",
  properties: {
    apiVersion: text("Version of the object in which the fields are named."),
    fieldsType: text('Format of the fields; only "FieldsV1".'),
    fieldsV1: {
      type: "object",
      description: "FieldsV1 holds the set of fields as a trie of paths.",
      "x-kubernetes-preserve-unknown-fields": true,
    },
    manager: text("Who manages the fields."),
    operation: text('"Apply" for server-side apply, "Update" for every other write.'),
    subresource: text("The subresource that was written; empty for the main resource."),
    time: time("When the entry was last changed."),
  },
};

/** metadata of every object, with Kubernetes' list types. */
export const OBJECT_META_SCHEMA: StructuralSchema = {
  type: "object",
  description: "ObjectMeta is metadata that every persisted object has.",
  properties: {
    annotations: {
      type: "object",
      description: "Free-form texts that tools attach; not used for selection.",
      additionalProperties: { type: "string" },
    },
    creationTimestamp: time("When the object was created. Set by the server."),
    deletionGracePeriodSeconds: {
      type: "integer",
      format: "int64",
      description: "Seconds until the object may go. Set by the server with deletionTimestamp.",
    },
    deletionTimestamp: time(
      "When deletion was asked for; the object goes when its finalizers are removed. Set by the server.",
    ),
    finalizers: {
      type: "array",
      description: "Names of those who must finish their work before the object is removed.",
      items: { type: "string" },
      "x-kubernetes-list-type": "set",
    },
    generateName: text("Prefix of a name that the server completes, used when no name is given."),
    generation: {
      type: "integer",
      format: "int64",
      description: "Counts the changes of the desired state. Set by the server.",
    },
    labels: {
      type: "object",
      description: "Keys and values by which objects are selected.",
      additionalProperties: { type: "string" },
    },
    managedFields: {
      type: "array",
      description: "Who set which fields. Kept by the server for server-side apply.",
      items: MANAGED_FIELDS_ENTRY_SCHEMA,
      "x-kubernetes-list-type": "atomic",
    },
    name: text("Unique within the namespace and kind. Cannot be changed."),
    namespace: text("The space in which the name is unique. Cannot be changed."),
    ownerReferences: {
      type: "array",
      description: "The objects that own this one.",
      items: OWNER_REFERENCE_SCHEMA,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
    },
    resourceVersion: text("The version of the stored object, for compare-and-set and watches. Set by the server."),
    selfLink: text("Not filled any more."),
    uid: text("Unique in time and space. Set by the server."),
  },
};
