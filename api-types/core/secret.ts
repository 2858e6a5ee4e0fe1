import { AGE, countColumn, textColumn } from "../meta/columns.js";
import { defineKind } from "../meta/define-kind.js";
import type { ObjectOf } from "../meta/kind.js";
import { flag, mapOf, optional, text } from "../schema/fields.js";
import { entriesOf } from "./entries.js";

/** Values that are not for everybody's eyes. */
export const Secret = defineKind({
  kind: "Secret",
  plural: "secrets",
  group: "",
  version: "v1",
  family: "core",
  scope: "Namespaced",
  description: "Values that are not for everybody's eyes.",
  fields: {
    type: text("What the values are used for.", { default: "Opaque" }),
    data: optional(mapOf("The values, in base64.", text("A value.", { format: "byte" }))),
    stringData: optional(mapOf("Values as plain text; folded into `data` when written.", text("A value."))),
    immutable: optional(flag("Refuse changes of the values.")),
  },
  columns: [
    textColumn("Type", ".type", "What the values are used for."),
    { ...countColumn("Data", ".data", "Number of values."), value: (secret) => entriesOf(secret.data) },
    AGE,
  ],
  selectableFields: { type: (secret) => String(secret.type ?? "") },
});
export type Secret = ObjectOf<typeof Secret>;
