import { OBJECT_META } from "../../api-types/meta/object-meta.js";
import type { StructuralSchema } from "../../api-types/schema/structural.js";
import { metaName, SCALE_GVK, SCALE_NAME } from "./names.js";
import { type Flavor, type PublishedSchema, publishedFields, publishedSchema, referenceField } from "./schema.js";

const text = (description: string): StructuralSchema => ({ type: "string", description });
const integer = (description: string): StructuralSchema => ({ type: "integer", format: "int64", description });
const object = (description: string, properties: StructuralSchema["properties"]): StructuralSchema => ({
  type: "object",
  description,
  ...(properties && { properties }),
});

const LIST_META = object("ListMeta describes a list.", {
  resourceVersion: text("The version of the list, from which to watch."),
  continue: text("Token of the next page; empty on the last one."),
  remainingItemCount: integer("How many items follow on further pages."),
});

const STATUS = object("Status is the answer of a call that does not return an object.", {
  apiVersion: text("Always v1."),
  kind: text("Always Status."),
  status: text("Success or Failure."),
  message: text("What happened, for people."),
  reason: text("What happened, for programs."),
  code: { type: "integer", format: "int32", description: "The HTTP status code." },
  details: object("What the failure is about.", {
    name: text("Name of the object."),
    group: text("Group of the object."),
    kind: text("Plural name of the kind."),
    uid: text("UID of the object."),
    retryAfterSeconds: { type: "integer", format: "int32", description: "When to try again." },
    causes: {
      type: "array",
      description: "Every faulty field.",
      items: object("One fault.", {
        field: text("Path of the field."),
        message: text("What is wrong."),
        reason: text("What is wrong, for programs."),
      }),
    },
  }),
});

const DELETE_OPTIONS = object("DeleteOptions says how to delete.", {
  apiVersion: text("Version of this object."),
  kind: text("Always DeleteOptions."),
  dryRun: { type: "array", items: { type: "string" }, description: "All: do everything but store the result." },
  gracePeriodSeconds: integer("Not used."),
  propagationPolicy: text("Background, Foreground or Orphan: what becomes of dependents."),
  preconditions: object("What must hold for the deletion to happen.", {
    uid: text("UID of the object."),
    resourceVersion: text("Version of the object."),
  }),
});

const SCALE = object("Scale is the size of something.", {
  apiVersion: text("Always autoscaling/v1."),
  kind: text("Always Scale."),
  spec: object("The size that is wanted.", {
    replicas: { type: "integer", format: "int32", description: "How many." },
  }),
  status: object("The size that is observed.", {
    replicas: { type: "integer", format: "int32", description: "How many." },
    selector: text("Label selector of what is counted."),
  }),
});

/** The schemas that every document needs, by name. */
export function metaSchemas(flavor: Flavor): Readonly<Record<string, PublishedSchema>> {
  const objectMeta = { ...OBJECT_META, description: "ObjectMeta is metadata that every object has." };
  const scale = publishedSchema(SCALE, flavor);
  const metadata = referenceField(flavor, metaName("ObjectMeta"), "Metadata of the scaled object.");
  return {
    [metaName("ObjectMeta")]: publishedSchema(objectMeta, flavor),
    [metaName("ListMeta")]: publishedSchema(LIST_META, flavor),
    [metaName("Status")]: publishedSchema(STATUS, flavor),
    [metaName("DeleteOptions")]: publishedSchema(DELETE_OPTIONS, flavor),
    [metaName("Patch")]: { type: "object", description: "Patch changes an object in the way its content type says." },
    [SCALE_NAME]: {
      ...scale,
      properties: { ...publishedFields(SCALE.properties ?? {}, flavor), metadata },
      "x-kubernetes-group-version-kind": [SCALE_GVK],
    },
  };
}
