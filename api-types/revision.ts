import { AGE, countColumn, textColumn } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import { specUnchanged } from "./meta/immutable.js";
import type { ObjectOf } from "./meta/kind.js";
import { type Data, integer, object, text } from "./schema/fields.js";
import { service } from "./service/fields.js";

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
