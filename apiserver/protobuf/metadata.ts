import {
  fields,
  flagPointer,
  integer,
  integerPointer,
  listOf,
  type Message,
  mapOf,
  nested,
  text,
  time,
} from "./shape.js";

const OWNER_REFERENCE: Message = {
  1: ["kind", text],
  3: ["name", text],
  4: ["uid", text],
  5: ["apiVersion", text],
  6: ["controller", flagPointer],
  7: ["blockOwnerDeletion", flagPointer],
};

const MANAGED_FIELDS_ENTRY: Message = {
  1: ["manager", text],
  2: ["operation", text],
  3: ["apiVersion", text],
  4: ["time", time],
  6: ["fieldsType", text],
  7: ["fieldsV1", fields],
  8: ["subresource", text],
};

/** meta.v1 ObjectMeta. */
export const OBJECT_META: Message = {
  1: ["name", text],
  2: ["generateName", text],
  3: ["namespace", text],
  4: ["selfLink", text],
  5: ["uid", text],
  6: ["resourceVersion", text],
  7: ["generation", integer],
  8: ["creationTimestamp", time],
  9: ["deletionTimestamp", time],
  10: ["deletionGracePeriodSeconds", integerPointer],
  11: ["labels", mapOf(text)],
  12: ["annotations", mapOf(text)],
  13: ["ownerReferences", listOf(nested(OWNER_REFERENCE))],
  14: ["finalizers", listOf(text)],
  17: ["managedFields", listOf(nested(MANAGED_FIELDS_ENTRY))],
};
