import { isDeepStrictEqual } from "node:util";
import { AGE, countColumn, textColumn } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import { specUnchanged } from "./meta/immutable.js";
import type { ObjectOf } from "./meta/kind.js";
import { withDefaults } from "./schema/defaults.js";
import { emit } from "./schema/emit.js";
import { type Data, integer, object, text } from "./schema/fields.js";
import { type Service, service } from "./service/fields.js";
import { restartFields } from "./service/restart-fields.js";

const spec = object("One version of a service.", {
  serviceGroup: text("Name of the ServiceGroup, in the same namespace."),
  service: text("Name of the service."),
  number: integer("Counts the versions of the service, from 1.", { minimum: 1 }),
  template: service,
});
export type RevisionSpec = Data<typeof spec>;

/** An immutable version of a service's template, named `<group>-<service>-<n>`. Written by the system. */
export const Revision = defineKind({
  kind: "Revision",
  plural: "revisions",
  shortNames: ["rev"],
  scope: "Namespaced",
  description: "An immutable version of a service's template. Written by the system.",
  spec,
  columns: [
    textColumn("Group", ".spec.serviceGroup", "The ServiceGroup."),
    textColumn("Service", ".spec.service", "The service."),
    countColumn("Number", ".spec.number", "The version."),
    AGE,
  ],
  validate: specUnchanged,
});
export type Revision = ObjectOf<typeof Revision>;

const template = emit(service);

/**
 * Whether an instance of `a` may stay when `b` is wanted: their restart fields are equal after defaulting both with
 * today's schema. Sizes and what is changed in place do not count.
 */
export function isSameTemplate(a: Service, b: Service): boolean {
  return isDeepStrictEqual(compared(a), compared(b));
}

function compared(wanted: Service): unknown {
  return restartFields(service, withDefaults(template, wanted));
}
