import { isIpv4, isIpv6, parseIpv4Prefix } from "./format/address.js";
import { AGE, conditionColumn, reasonColumn, textColumn, wide } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import { invalid, isLiteral, required } from "./meta/field-error.js";
import type { Column, ObjectOf } from "./meta/kind.js";
import { notSupportedYet } from "./meta/not-yet.js";
import { statusOf } from "./meta/status-fields.js";
import { type Data, flag, integer, later, list, object, oneOf, optional, text } from "./schema/fields.js";
import type { FieldError } from "./schema/structural.js";

const nextHop = object("One way to the prefix.", {
  address: text("Address of the next hop."),
  weight: optional(
    integer("Share of the traffic relative to the other next hops; unset: an equal share.", {
      minimum: 1,
      maximum: 255,
    }),
  ),
  interface: later(text("Interface of the switch that leads to the next hop.")),
});
export type RouteNextHop = Data<typeof nextHop>;

const installed = object("One next hop as the switch reports it.", {
  address: text("Address of the next hop."),
  weight: optional(integer("Its weight.")),
});

const spec = object("What the switch shall route.", {
  rackName: text("The Rack whose switch is meant.", { default: "default" }),
  prefix: text("Destination in canonical form, e.g. `192.168.2.3/32`."),
  nextHops: list("Where to send the packets; several share the traffic.", nextHop, { default: [], maxItems: 256 }),
  blackhole: later(flag("Drop the packets instead.")),
  distance: later(integer("Preference against other routes of the prefix; lower wins.", { minimum: 1, maximum: 255 })),
  advertise: oneOf(
    "How far the route is told: `World` also by BGP of the switch, beyond the rack; only SnapRoute, and never a management prefix.",
    ["Rack", "World"],
    { default: "Rack" },
  ),
  probe: later(
    object("What must answer through the route after it was set; else the change is reverted.", {
      address: text("Address to reach."),
      port: integer("TCP port to reach.", { minimum: 1, maximum: 65535 }),
      timeoutSeconds: integer("Seconds until the change is reverted.", { default: 10, minimum: 1 }),
    }),
  ),
  leaseName: later(text("Lease in the same namespace; the route is withdrawn while it is expired.")),
});
export type RouteSpec = Data<typeof spec>;

/** A prefix and its next hops in the table of a rack's switch. */
export const Route = defineKind({
  kind: "Route",
  plural: "routes",
  shortNames: ["rt"],
  scope: "Namespaced",
  description: "A prefix and its next hops in the table of a rack's switch.",
  spec,
  status: statusOf("What the switch holds.", {
    prefix: optional(text("The prefix that this is about: the one that the switch was last asked for.")),
    installed: optional(list("The next hops as last read back from the switch.", installed)),
    advertised: optional(oneOf("How far the switch tells it, as last read back.", ["Rack", "World"])),
  }),
  columns: [
    textColumn("Prefix", ".spec.prefix", "Destination."),
    addresses("Next-Hops", "spec", "nextHops"),
    addresses("Installed", "status", "installed"),
    conditionColumn("Ready", "Whether the switch routes as desired."),
    wide(reasonColumn("Ready")),
    wide(textColumn("Advertise", ".spec.advertise", "How far it shall be told.")),
    wide(textColumn("Advertised", ".status.advertised", "How far it is told.")),
    wide(textColumn("Rack", ".spec.rackName", "The Rack.")),
    AGE,
  ],
  notYet: ["`spec.prefix`, `spec.nextHops[].address`: IPv6."],
  validate: ({ spec: checked }) => [...prefixErrors(checked.prefix), ...nextHopErrors(checked)],
});
export type Route = ObjectOf<typeof Route>;

function addresses(name: string, part: "spec" | "status", field: string): Column {
  return {
    ...textColumn(name, `.${part}.${field}[*].address`, "Addresses of the next hops."),
    value(route) {
      // Stored routes passed the schema above: these are lists of next hops where present.
      const hops = (route[part] as Readonly<Record<string, readonly { address: string }[]>> | undefined)?.[field];
      return hops?.map((hop) => hop.address).join(",") || undefined;
    },
  };
}

function prefixErrors(prefix: string): readonly FieldError[] {
  if (!isLiteral(prefix)) return [];
  if (prefix.includes(":"))
    return [{ ...notSupportedYet("spec.prefix"), message: "IPv6 prefixes are not supported yet" }];
  const parsed = parseIpv4Prefix(prefix);
  if (parsed === undefined) return [invalid("spec.prefix", prefix, "must be an IPv4 prefix such as 192.168.2.3/32")];
  if (parsed.canonical === prefix) return [];
  return [invalid("spec.prefix", prefix, `must be canonical, without host bits: ${parsed.canonical}`)];
}

function nextHopErrors(checked: RouteSpec): readonly FieldError[] {
  if (checked.nextHops.length === 0) return [required("spec.nextHops", "at least one next hop")];
  return checked.nextHops.flatMap(({ address }, index) => {
    const path = `spec.nextHops[${index}].address`;
    if (!isLiteral(address) || isIpv4(address)) return [];
    const why = isIpv6(address) ? "IPv6 next hops are not supported yet" : "must be an IPv4 address";
    return [invalid(path, address, why)];
  });
}
