import { isIpv4 } from "./format/address.js";
import { AGE, textColumn } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import { invalid } from "./meta/field-error.js";
import type { ObjectOf } from "./meta/kind.js";
import { statusOf } from "./meta/status-fields.js";
import { type Data, object, optional, text } from "./schema/fields.js";
import type { FieldError } from "./schema/structural.js";

const claimant = object("Who holds the address.", {
  namespace: text("Namespace of the Instance."),
  name: text("Name of the Instance."),
  uid: text("UID of the Instance."),
  taskID: optional(text("The Mesos task that is, or is about to be, launched with the address.")),
  agentID: optional(text("The Mesos agent of that task.")),
});

const spec = object("Which address, and for whom.", {
  rackName: text("The Rack that has the pool.", { default: "default" }),
  pool: text("Name of the pool."),
  address: text("The address."),
  claimant,
});
export type IPAddressSpec = Data<typeof spec>;

/** The claim on one address of a pool; its name holds the address, so that it cannot be claimed twice. */
export const IPAddress = defineKind({
  kind: "IPAddress",
  plural: "ipaddresses",
  shortNames: ["ip"],
  scope: "Cluster",
  description:
    "The claim on one address of a pool. Named `<rack>-<pool>-<address>`, so that an address cannot be claimed twice.",
  spec,
  status: statusOf("The life of the claim.", {
    releasedAt: optional(text("When the route of the address was read back as absent; RFC 3339.")),
    releasedFrom: optional(text("UID of the Instance that held it until then: of another claimant nothing is said.")),
  }),
  columns: [
    textColumn("Address", ".spec.address", "The address."),
    textColumn("Pool", ".spec.pool", "The pool."),
    textColumn("Claimant", ".spec.claimant.name", "Who holds it."),
    textColumn("Released", ".status.releasedAt", "Since when nobody has it."),
    textColumn("Rack", ".spec.rackName", "The Rack."),
    AGE,
  ],
  notYet: ["`spec.address`: IPv6."],
  validate: (claim, previous) => [...addressErrors(claim.spec), ...nameErrors(claim), ...moveErrors(claim, previous)],
});
export type IPAddress = ObjectOf<typeof IPAddress>;

/** The name of the claim on an address: two claims on one address have one name, and only one can be stored. */
export function claimName({ rackName, pool, address }: Omit<IPAddressSpec, "claimant">): string {
  return `${rackName}-${pool}-${address}`;
}

/** Whether its claimant was seen to be gone, with all that was outside: what was said of a claimant before does not count. */
export function isReleased({ spec: { claimant }, status }: Pick<IPAddress, "spec" | "status">): boolean {
  return status?.releasedAt !== undefined && (status.releasedFrom ?? claimant.uid) === claimant.uid;
}

interface Claim {
  readonly metadata: { readonly name: string };
  readonly spec: IPAddressSpec;
}

function addressErrors({ address }: IPAddressSpec): readonly FieldError[] {
  return isIpv4(address) ? [] : [invalid("spec.address", address, "must be an IPv4 address")];
}

function nameErrors({ metadata, spec: claimed }: Claim): readonly FieldError[] {
  const name = claimName(claimed);
  return metadata.name === name ? [] : [invalid("spec.address", claimed.address, `metadata.name must be ${name}`)];
}

/** Only the claimant may change: a task that is found running brings its address along. */
function moveErrors({ spec: claimed }: Claim, previous: Claim | undefined): readonly FieldError[] {
  if (previous === undefined || claimName(previous.spec) === claimName(claimed)) return [];
  return [invalid("spec", claimName(claimed), "field is immutable, but for claimant")];
}
