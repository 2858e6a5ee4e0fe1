import { AGE, textColumn } from "../meta/columns.js";
import { defineKind } from "../meta/define-kind.js";
import type { ObjectOf } from "../meta/kind.js";
import { integer, object, optional, text } from "../schema/fields.js";

/** A right held for a time, such as leadership. */
export const Lease = defineKind({
  kind: "Lease",
  plural: "leases",
  group: "coordination.k8s.io",
  version: "v1",
  family: "core",
  scope: "Namespaced",
  description: "A right that is held for a time, such as leadership.",
  spec: object(
    "Who holds it, and since when.",
    {
      holderIdentity: optional(text("Who holds it.")),
      leaseDurationSeconds: optional(integer("Seconds it holds without being renewed.")),
      acquireTime: optional(text("When it was taken; RFC 3339 with microseconds.")),
      renewTime: optional(text("When it was last renewed; RFC 3339 with microseconds.")),
      leaseTransitions: optional(integer("How often the holder changed.")),
      strategy: optional(text("How a holder is chosen.")),
      preferredHolder: optional(text("Who should take it next.")),
    },
    { default: {} },
  ),
  columns: [textColumn("Holder", ".spec.holderIdentity", "Who holds it."), AGE],
});
export type Lease = ObjectOf<typeof Lease>;
