import { AGE, textColumn } from "../meta/columns.js";
import { defineKind } from "../meta/define-kind.js";
import type { ObjectOf } from "../meta/kind.js";
import { statusOf } from "../meta/status-fields.js";
import { list, object, optional, text } from "../schema/fields.js";

/** A space for names of objects. */
export const Namespace = defineKind({
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  group: "",
  version: "v1",
  family: "core",
  scope: "Cluster",
  description: "A space for names of objects.",
  spec: object(
    "What holds the namespace.",
    { finalizers: optional(list("Who still has to empty it.", text("A name."))) },
    { default: {} },
  ),
  status: statusOf("State of the namespace.", { phase: optional(text("Active or Terminating.")) }),
  columns: [textColumn("Status", ".status.phase", "Active or Terminating."), AGE],
  selectableFields: {
    // Stored namespaces passed the schema above.
    "status.phase": (namespace) => (namespace.status as { readonly phase?: string } | undefined)?.phase ?? "",
  },
});
export type Namespace = ObjectOf<typeof Namespace>;
