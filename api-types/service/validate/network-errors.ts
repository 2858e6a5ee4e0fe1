import { parseIpv4Prefix } from "../../format/address.js";
import { DNS_LABEL_RULE, isDnsLabel, isDnsName } from "../../format/names.js";
import { duplicate, forbidden, invalid, isLiteral, required } from "../../meta/field-error.js";
import type { FieldError } from "../../schema/structural.js";
import type { Service } from "../fields.js";
import type { ServicePort } from "../network.js";

type Mode = Service["network"]["mode"];

/** Rules about how a service is reached: its network, its ports, its names. */
export function networkErrors({ network, dns, dockerParameters }: Service, path: string): readonly FieldError[] {
  const { mode, ports = [] } = network;
  const at = `${path}.network`;
  const portless = mode === "None" && ports.length > 0;
  return [
    ...modeErrors(network, at),
    ...poolErrors(network, at),
    ...anycastErrors(network, `${at}.anycast`),
    ...parameterErrors(network, dockerParameters ?? [], `${path}.dockerParameters`),
    ...(portless ? [forbidden(`${at}.ports`, "there are none without a network")] : []),
    ...(portless ? [] : ports.flatMap((port, index) => portErrors(mode, port, `${at}.ports[${index}]`))),
    ...repeatedPorts(mode, ports, `${at}.ports`),
    ...nameErrors(dns, `${path}.dns`),
  ];
}

function modeErrors(network: Service["network"], path: string): readonly FieldError[] {
  const { mode, networkName, addressFrom, advertise, anycast } = network;
  const hasName = mode === "Routed" || mode === "Container";
  const hasRoute = mode === "Routed" || anycast !== undefined;
  return [
    ...(networkName !== undefined && !hasName
      ? [forbidden(`${path}.networkName`, "needs mode Routed or Container")]
      : []),
    ...(advertise === "World" && !hasRoute
      ? [forbidden(`${path}.advertise`, "there is no route to tell: needs mode Routed or an anycast prefix")]
      : []),
    ...(addressFrom !== undefined && mode !== "Routed" ? [forbidden(`${path}.addressFrom`, "needs mode Routed")] : []),
  ];
}

function poolErrors({ mode, addressFrom, pool }: Service["network"], path: string): readonly FieldError[] {
  if (pool === undefined) return addressFrom === "Pool" ? [required(`${path}.pool`, "addressFrom is Pool")] : [];
  if (mode !== "Routed") return [forbidden(`${path}.pool`, "needs mode Routed")];
  if (addressFrom === "Runtime") return [forbidden(`${path}.pool`, "may not be set together with addressFrom Runtime")];
  return isDnsLabel(pool) ? [] : [invalid(`${path}.pool`, pool, DNS_LABEL_RULE)];
}

/** With variables it is judged as the Route that it becomes. */
function anycastErrors({ mode, anycast }: Service["network"], path: string): readonly FieldError[] {
  if (anycast === undefined) return [];
  if (mode === "None") return [forbidden(path, "there are no routes without a network")];
  if (!isLiteral(anycast)) return [];
  const parsed = parseIpv4Prefix(anycast);
  if (parsed === undefined) return [invalid(path, anycast, "must be an IPv4 prefix such as 192.168.2.3/32")];
  if (parsed.canonical === anycast) return [];
  return [invalid(path, anycast, `must be canonical, without host bits: ${parsed.canonical}`)];
}

/** The address that is claimed is handed over as this parameter. */
function parameterErrors(
  { pool }: Service["network"],
  parameters: readonly { readonly key: string }[],
  path: string,
): readonly FieldError[] {
  const index = pool === undefined ? -1 : parameters.findIndex(({ key }) => key === "ip");
  return index < 0 ? [] : [forbidden(`${path}[${index}]`, "network.pool gives the address")];
}

/**
 * | mode      | containerPort                | hostPort                              | numberOffset |
 * |-----------|------------------------------|---------------------------------------|--------------|
 * | Host      | 0, or the same port          | a port; 0: from the offer             | yes          |
 * | Bridge    | a port; 0: as the host port  | a port; 0 or unset: from the offer    | yes          |
 * | Container | a port; 0: as the host port  | a port; 0: from the offer; unset: none | no           |
 * | Routed    | a port                       | none: the address is its own          | no           |
 */
function portErrors(mode: Mode, port: ServicePort, path: string): readonly FieldError[] {
  const { name, hostPort, numberOffset } = port;
  const label = [
    ...(isDnsLabel(name) ? [] : [invalid(`${path}.name`, name, DNS_LABEL_RULE)]),
    ...balancedErrors(port, path),
  ];
  if (hostPort !== undefined && numberOffset !== undefined) {
    return [...label, forbidden(`${path}.numberOffset`, "may not be set together with hostPort")];
  }
  if (numberOffset !== undefined && mode !== "Host" && mode !== "Bridge") {
    return [
      ...label,
      forbidden(`${path}.numberOffset`, `needs mode Host or Bridge: mode ${mode} takes no port by number`),
    ];
  }
  switch (mode) {
    case "Host":
      return [...label, ...nodePortErrors(port, path)];
    case "Routed":
    case "Container":
      return [...label, ...ownPortErrors(mode, port, path)];
    case "Bridge":
    case "None":
      return label;
    default:
      return mode satisfies never;
  }
}

/** Nobody would be reached by it: better told now than found out. */
function balancedErrors({ servicePort, protocol }: ServicePort, path: string): readonly FieldError[] {
  const isBalanced = servicePort !== undefined && protocol === "UDP";
  return isBalanced ? [forbidden(`${path}.servicePort`, "the load balancer passes TCP only")] : [];
}

function nodePortErrors({ containerPort, hostPort, numberOffset }: ServicePort, path: string): readonly FieldError[] {
  if (containerPort === 0 || hostPort === containerPort) return [];
  const why = "the network of the node has one port for both";
  if (numberOffset !== undefined) {
    return [invalid(`${path}.containerPort`, containerPort, `must be 0 with numberOffset: ${why}`)];
  }
  return hostPort === undefined ? [] : [invalid(`${path}.hostPort`, hostPort, `must equal containerPort: ${why}`)];
}

function ownPortErrors(mode: Mode, { containerPort, hostPort }: ServicePort, path: string): readonly FieldError[] {
  if (mode === "Routed" && hostPort !== undefined) {
    return [forbidden(`${path}.hostPort`, "mode Routed takes no port of the node: the address is its own")];
  }
  if (containerPort !== 0 || hostPort !== undefined) return [];
  return [required(`${path}.containerPort`, `mode ${mode} has no host port to follow`)];
}

/** A number may be taken once for each protocol: on the node, or on the address of the task. */
function repeatedPorts(mode: Mode, ports: readonly ServicePort[], path: string): readonly FieldError[] {
  const seen = new Set<string>();
  const faults: FieldError[] = [];
  for (const [index, port] of ports.entries()) {
    for (const key of takenBy(mode, port)) {
      if (seen.has(key)) faults.push(duplicate(`${path}[${index}]`, key));
      seen.add(key);
    }
  }
  return faults;
}

/** With Bridge, several ports of the node may lead to one of the task. */
function takenBy(mode: Mode, { containerPort, hostPort, numberOffset, protocol }: ServicePort): readonly string[] {
  const isFixed = mode === "Host" && numberOffset === undefined;
  const ofNode = hostPort ?? (isFixed ? containerPort : 0);
  const isOfTask = mode === "Routed" || (mode === "Container" && hostPort === undefined);
  const number = isOfTask ? containerPort : ofNode;
  return number === 0 ? [] : [`${protocol}/${number}`];
}

function nameErrors(dns: Service["dns"], path: string): readonly FieldError[] {
  return (["name", "instanceName"] as const).flatMap((field) => {
    const name = dns[field];
    if (name === undefined || !isLiteral(name) || isDnsName(name)) return [];
    return [
      invalid(`${path}.${field}`, name, "must be DNS labels of lower-case letters, digits and `-`, joined by dots"),
    ];
  });
}
