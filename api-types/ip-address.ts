import { AGE, textColumn } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import { specUnchanged } from "./meta/immutable.js";
import type { ObjectOf } from "./meta/kind.js";
import { statusOf } from "./meta/status-fields.js";
import { object, optional, text } from "./schema/fields.js";

const claimant = object("Who holds the address.", {
  namespace: text("Namespace of the Instance."),
  name: text("Name of the Instance."),
  uid: text("UID of the Instance."),
});

/** The claim on one address of a pool; its name holds the address, so that it cannot be claimed twice. */
export const IPAddress = defineKind({
  kind: "IPAddress",
  plural: "ipaddresses",
  shortNames: ["ip"],
  scope: "Cluster",
  isCreatable: false,
  description:
    "The claim on one address of a pool. Named `<rack>-<pool>-<address>`, so that an address cannot be claimed twice.",
  spec: object("Which address, and for whom.", {
    rackName: text("The Rack that has the pool.", { default: "default" }),
    pool: text("Name of the pool."),
    address: text("The address."),
    claimant,
  }),
  status: statusOf("The life of the claim.", {
    releasedAt: optional(text("When the route of the address was read back as absent; RFC 3339.")),
  }),
  columns: [
    textColumn("Address", ".spec.address", "The address."),
    textColumn("Pool", ".spec.pool", "The pool."),
    textColumn("Claimant", ".spec.claimant.name", "Who holds it."),
    textColumn("Rack", ".spec.rackName", "The Rack."),
    AGE,
  ],
  validate: specUnchanged,
});
export type IPAddress = ObjectOf<typeof IPAddress>;
