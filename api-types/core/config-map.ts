import { AGE, countColumn } from "../meta/columns.js";
import { defineKind } from "../meta/define-kind.js";
import type { ObjectOf } from "../meta/kind.js";
import { flag, mapOf, optional, text } from "../schema/fields.js";
import { entriesOf } from "./entries.js";

/** Values that may be read by anybody in the namespace. */
export const ConfigMap = defineKind({
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  group: "",
  version: "v1",
  family: "core",
  scope: "Namespaced",
  description: "Values by name.",
  fields: {
    data: optional(mapOf("Values as text.", text("A value."))),
    binaryData: optional(mapOf("Values in base64.", text("A value.", { format: "byte" }))),
    immutable: optional(flag("Refuse changes of the values.")),
  },
  columns: [
    { ...countColumn("Data", ".data", "Number of values."), value: (map) => entriesOf(map.data, map.binaryData) },
    AGE,
  ],
});
export type ConfigMap = ObjectOf<typeof ConfigMap>;
