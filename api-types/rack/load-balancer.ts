import { isIpv4 } from "../format/address.js";
import { DNS_LABEL_RULE, isDnsLabel } from "../format/names.js";
import { duplicate, invalid, isLiteral, required } from "../meta/field-error.js";
import { type Data, listByKey, object, oneOf, optional, text } from "../schema/fields.js";
import type { FieldError } from "../schema/structural.js";

const SOCKET = "an absolute path, or `host:port`";

const endpoint = object("One HAProxy, 2.6 or later, in master-worker mode.", {
  name: text("Name, a DNS label; in the status of Instances.", { minLength: 1, maxLength: 63 }),
  adminSocket: text(`Socket of the runtime API with level admin: ${SOCKET}.`, { minLength: 1 }),
  masterSocket: text(`Socket of the master process, as given with \`-S\`: ${SOCKET}.`, { minLength: 1 }),
  configFile: text(
    "Path of a file of our own that this HAProxy loads after the operator's, with a second `-f`; the control plane writes it, so both reach it. At first it is empty.",
    { minLength: 1 },
  ),
});

const haproxy = object("HAProxy.", {
  endpoints: listByKey("The proxies; each gets every service port.", endpoint, { minItems: 1, maxItems: 16 }),
  bindAddress: text("IPv4 address that the proxies listen on.", { default: "0.0.0.0" }),
  servicePortRange: text("Service ports that may be assigned.", { default: "10000-20000" }),
  balance: oneOf("How a server is chosen, in HAProxy's words.", ["leastconn", "roundrobin", "random", "source"], {
    default: "leastconn",
  }),
});

/** Proxies in front of services with a servicePort. */
export const loadBalancer = object("Proxies in front of services with a servicePort.", {
  haproxy: optional(haproxy),
});

export type RackHaproxy = Data<typeof haproxy>;

/** Rules of the proxies: names, sockets, files, ports. */
export function loadBalancerErrors(balancer: Data<typeof loadBalancer> | undefined): readonly FieldError[] {
  const { haproxy: proxies } = balancer ?? {};
  if (proxies === undefined) return [];
  const path = "spec.loadBalancer.haproxy";
  const { bindAddress, servicePortRange: range, endpoints } = proxies;
  const isAddress = !isLiteral(bindAddress) || isIpv4(bindAddress);
  return [
    ...(isAddress ? [] : [invalid(`${path}.bindAddress`, bindAddress, "must be an IPv4 address")]),
    ...(isPortRange(range) ? [] : [invalid(`${path}.servicePortRange`, range, "must be ports such as 10000-20000")]),
    ...endpoints.flatMap((each, index) => endpointErrors(each, `${path}.endpoints[${index}]`)),
    ...repeated(endpoints, `${path}.endpoints`),
  ];
}

function isPortRange(range: string): boolean {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(range) ?? [];
  return Number(first) >= 1 && Number(first) <= Number(last) && Number(last) <= 65_535;
}

function endpointErrors(
  { name, adminSocket, masterSocket, configFile }: RackHaproxy["endpoints"][number],
  path: string,
): readonly FieldError[] {
  const sockets = { adminSocket, masterSocket };
  return [
    ...(isDnsLabel(name) ? [] : [invalid(`${path}.name`, name, DNS_LABEL_RULE)]),
    ...Object.entries(sockets).flatMap(([field, socket]) =>
      isSocket(socket) ? [] : [invalid(`${path}.${field}`, socket, `must be ${SOCKET}`)],
    ),
    ...(configFile.startsWith("/") || !isLiteral(configFile)
      ? []
      : [required(`${path}.configFile`, "must be an absolute path")]),
  ];
}

function isSocket(text: string): boolean {
  return !isLiteral(text) || text.startsWith("/") || /^[A-Za-z0-9.-]+:\d{1,5}$/.test(text);
}

/** Two of them with one file or one process would undo each other's work. */
function repeated(endpoints: RackHaproxy["endpoints"], path: string): readonly FieldError[] {
  return (["adminSocket", "configFile"] as const).flatMap((field) => {
    const values = endpoints.map((each) => each[field]);
    return values.flatMap((value, index) =>
      values.indexOf(value) < index ? [duplicate(`${path}[${index}].${field}`, value)] : [],
    );
  });
}
