import { parseTime } from "./format/time.js";
import { AGE, countColumn, textColumn } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import { invalid } from "./meta/field-error.js";
import type { ObjectOf } from "./meta/kind.js";
import { statusOf } from "./meta/status-fields.js";
import { type Data, integer, later, list, object, oneOf, optional, setOf, text } from "./schema/fields.js";
import type { FieldError } from "./schema/structural.js";

const LIFETIME_MAX_MS = 60 * 60 * 1000;

const reference = object("One object.", {
  kind: text("Kind, e.g. `Instance`."),
  namespace: optional(text("Namespace; unset: any.")),
  name: text("Name."),
});

const spec = object("What may be removed beyond the budget, why, and until when.", {
  rackName: text("The Rack whose budget is lifted.", { default: "default" }),
  classes: setOf("Which removals are allowed.", oneOf("A class.", ["tasks", "names", "routes"]), { minItems: 1 }),
  objects: later(list("Only these objects; unset: all of the rack.", reference)),
  maxRemovals: integer("How many removals in all.", { minimum: 1 }),
  reason: text("Why, for the audit log.", { minLength: 1 }),
  expires: text("When it ends; RFC 3339, at most one hour after creation."),
});

/** A person's permission, limited in scope and time, to remove more than the disruption budget allows. */
export const DisruptionOverride = defineKind({
  kind: "DisruptionOverride",
  plural: "disruptionoverrides",
  shortNames: ["dovr"],
  scope: "Cluster",
  description:
    "A person's permission, limited in scope and time, to remove more than the disruption budget of a rack allows.",
  spec,
  status: statusOf("How it was used.", {
    removals: optional(integer("Removals that were made under it.")),
  }),
  columns: [
    textColumn("Rack", ".spec.rackName", "The Rack."),
    countColumn("Max", ".spec.maxRemovals", "Removals allowed."),
    countColumn("Used", ".status.removals", "Removals made."),
    textColumn("Expires", ".spec.expires", "When it ends."),
    textColumn("Reason", ".spec.reason", "Why."),
    AGE,
  ],
  validate: (override) => expiryErrors(override.spec, override.metadata.creationTimestamp),
});
export type DisruptionOverride = ObjectOf<typeof DisruptionOverride>;

function expiryErrors({ expires }: Data<typeof spec>, createdAt: string | undefined): readonly FieldError[] {
  const end = parseTime(expires);
  if (end === undefined)
    return [invalid("spec.expires", expires, "must be an RFC 3339 time such as 2026-01-01T12:00:00Z")];
  const start = createdAt === undefined ? undefined : parseTime(createdAt);
  if (start === undefined || end - start <= LIFETIME_MAX_MS) return [];
  return [invalid("spec.expires", expires, "must be at most 1 hour after creation")];
}
