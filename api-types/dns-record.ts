import { isIpv4, isIpv6 } from "./format/address.js";
import { isDnsName } from "./format/names.js";
import { AGE, conditionColumn, reasonColumn, textColumn, wide } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import { invalid, isLiteral } from "./meta/field-error.js";
import type { ObjectOf } from "./meta/kind.js";
import type { KubeObject } from "./meta/object.js";
import { statusOf } from "./meta/status-fields.js";
import { type Data, integer, later, list, listByKey, object, oneOf, optional, text } from "./schema/fields.js";
import type { FieldError } from "./schema/structural.js";

const targetPort = object("A port that the target serves.", {
  name: text("Name of the port, for the SRV answer."),
  port: integer("Port number.", { minimum: 1, maximum: 65535 }),
  protocol: oneOf("Transport protocol.", ["TCP", "UDP"], { default: "TCP" }),
});

const target = object("One answer.", {
  id: text("Tells the targets of a name apart.", { minLength: 1 }),
  address: text("Address that the name resolves to."),
  ports: optional(listByKey("Ports that the target serves.", targetPort)),
  weight: later(integer("Share of the answers.", { minimum: 0, maximum: 65535 })),
  tags: optional(list("Tags in the service catalogue.", text("A tag."))),
});
export type DnsTarget = Data<typeof target>;

const published = object("One answer as read back from the DNS back end.", {
  name: text("Name, relative to the rack's domain."),
  id: text("The target."),
  address: text("Address answered."),
  port: optional(integer("Port of the SRV answer.")),
  ttlSeconds: optional(integer("Seconds that resolvers may keep it.")),
});

const spec = object("What shall be resolvable.", {
  rackName: text("The Rack whose domain is meant.", { default: "default" }),
  name: text("Name relative to the rack's domain, e.g. `etcd` for `etcd.service.torc`.", { minLength: 1 }),
  names: optional(list("Further names with the same answers.", text("A relative name.", { minLength: 1 }))),
  type: oneOf("`Service` answers A and SRV; `A` addresses only.", ["Service", "A", "AAAA", "CNAME", "SRV", "TXT"], {
    default: "Service",
    later: ["AAAA", "CNAME", "SRV", "TXT"],
  }),
  targets: listByKey("The answers.", target, { key: "id" }),
  ttlSeconds: optional(
    integer("Seconds that resolvers may keep the answer; unset: as the Rack says. Built-in DNS only.", {
      minimum: 0,
      maximum: 86_400,
    }),
  ),
  policy: later(oneOf("What may be done to existing answers.", ["Sync", "UpsertOnly", "CreateOnly"])),
  leaseName: later(text("Lease in the same namespace; the names are withdrawn while it is expired.")),
});
export type DnsRecordSpec = Data<typeof spec>;

/** Names in the DNS domain of a rack, and what they resolve to. */
export const DnsRecord = defineKind({
  kind: "DnsRecord",
  plural: "dnsrecords",
  shortNames: ["dns"],
  scope: "Namespaced",
  description: "Names in the DNS domain of a rack, and what they resolve to.",
  spec,
  status: statusOf("What the DNS back end holds.", {
    published: optional(
      list("The answers as last read back; what the built-in server answers when it starts.", published),
    ),
    heldUntil: optional(
      text("Until then clients may hold an answer with a longer time to live than those of today; RFC 3339."),
    ),
  }),
  columns: [
    textColumn("DNS-Name", ".spec.name", "Name, relative to the rack's domain."),
    textColumn("Type", ".spec.type", "Kind of answer."),
    {
      ...textColumn("Addresses", ".spec.targets[*].address", "Addresses answered."),
      value: addressesOf,
    },
    conditionColumn("Ready", "Whether the names resolve as desired."),
    wide(reasonColumn("Ready")),
    wide(textColumn("Rack", ".spec.rackName", "The Rack.")),
    AGE,
  ],
  notYet: ["`spec.targets[].address`: IPv6."],
  validate: ({ spec: checked }) => [...nameErrors(checked), ...checked.targets.flatMap(addressErrors)],
});
export type DnsRecord = ObjectOf<typeof DnsRecord>;

/** What is answered as read back; until then what is wanted. */
function addressesOf({ spec: wanted, status }: KubeObject): string | undefined {
  // Stored records passed the schema above.
  const answers = (status as DnsRecord["status"])?.published ?? [];
  const targets = (wanted as DnsRecordSpec | undefined)?.targets ?? [];
  const addresses = (answers.length > 0 ? answers : targets).map(({ address }) => address);
  return [...new Set(addresses)].join(",") || undefined;
}

function nameErrors(checked: DnsRecordSpec): readonly FieldError[] {
  const named = [
    { path: "spec.name", name: checked.name },
    ...(checked.names ?? []).map((name, index) => ({ path: `spec.names[${index}]`, name })),
  ];
  return named
    .filter(({ name }) => isLiteral(name) && !isDnsName(name))
    .map(({ path, name }) =>
      invalid(path, name, "must be DNS labels of lower-case letters, digits and `-`, joined by dots"),
    );
}

function addressErrors({ address }: DnsTarget, index: number): readonly FieldError[] {
  if (!isLiteral(address) || isIpv4(address)) return [];
  const why = isIpv6(address) ? "IPv6 addresses are not supported yet" : "must be an IPv4 address";
  return [invalid(`spec.targets[${index}].address`, address, why)];
}
