import { DNS_LABEL_RULE, isDnsLabel, isDnsName } from "../format/names.js";
import { duplicate, forbidden, invalid, isLiteral, required, unsupported } from "../meta/field-error.js";
import { notSupportedYet, valueNotSupportedYet } from "../meta/not-yet.js";
import type { FieldError } from "../schema/structural.js";
import type { Service } from "./fields.js";
import type { HealthCheck } from "./health.js";
import type { ServicePort } from "./network.js";

/** Operators of constraints as written here; case and underscores do not count. */
const OPERATORS = ["Unique", "Cluster", "GroupBy", "Like", "Unlike", "MaxPer", "Is"];

/** Rules about where a service runs and how it is reached: placement, ports, health checks, names. */
export function validateReach(service: Service, path: string): readonly FieldError[] {
  return [
    ...constraintErrors(service, `${path}.placement.constraints`),
    ...networkErrors(service, `${path}.network`),
    ...(service.healthChecks ?? []).flatMap((check, index) =>
      healthCheckErrors(service, check, { index, path: `${path}.healthChecks[${index}]` }),
    ),
    ...nameErrors(service, `${path}.dns`),
  ];
}

function constraintErrors({ placement }: Service, path: string): readonly FieldError[] {
  return (placement.constraints ?? []).flatMap(({ attribute, operator }, index) => {
    const at = `${path}[${index}]`;
    const known = OPERATORS.find((name) => name.toLowerCase() === operator.toLowerCase().replaceAll("_", ""));
    if (known === undefined) return [unsupported(`${at}.operator`, operator, OPERATORS)];
    if (known !== "Unique") return [valueNotSupportedYet(`${at}.operator`, operator, ["Unique"])];
    return attribute === "hostname" ? [] : [valueNotSupportedYet(`${at}.attribute`, attribute, ["hostname"])];
  });
}

function networkErrors({ network }: Service, path: string): readonly FieldError[] {
  const { mode, ports = [] } = network;
  const routedOnly = (["networkName", "addressFrom"] as const)
    .filter((field) => network[field] !== undefined && mode !== "Routed")
    .map((field) => forbidden(`${path}.${field}`, "needs mode Routed"));
  const portless =
    mode === "None" && ports.length > 0 ? [forbidden(`${path}.ports`, "there are none without a network")] : [];
  return [
    ...routedOnly,
    ...portless,
    ...ports.flatMap((port, index) => portErrors(mode, port, `${path}.ports[${index}]`)),
    ...repeatedPorts(ports, `${path}.ports`),
  ];
}

/**
 * | mode   | containerPort | hostPort                       |
 * |--------|---------------|--------------------------------|
 * | Host   | 0, or the port | unset, or the same port        |
 * | Routed | the port      | unset: the address is its own  |
 */
function portErrors(mode: Service["network"]["mode"], port: ServicePort, path: string): readonly FieldError[] {
  const { name, containerPort, hostPort } = port;
  const label = isDnsLabel(name) ? [] : [invalid(`${path}.name`, name, DNS_LABEL_RULE)];
  if (mode === "Host") return [...label, ...hostPortErrors(containerPort, hostPort, path)];
  if (hostPort !== undefined) return [...label, notSupportedYet(`${path}.hostPort`)];
  if (mode === "Routed" && containerPort === 0) return [...label, required(`${path}.containerPort`)];
  return label;
}

function hostPortErrors(containerPort: number, hostPort: number | undefined, path: string): readonly FieldError[] {
  if (hostPort === 0) return [notSupportedYet(`${path}.hostPort`)];
  if (hostPort === undefined && containerPort === 0) {
    return [required(`${path}.hostPort`, "a port from the offer is not supported yet")];
  }
  if (hostPort === undefined || containerPort === 0 || hostPort === containerPort) return [];
  return [
    invalid(`${path}.hostPort`, hostPort, "must equal containerPort: the network of the node has one port for both"),
  ];
}

function repeatedPorts(ports: readonly ServicePort[], path: string): readonly FieldError[] {
  const seen = new Set<string>();
  const faults: FieldError[] = [];
  for (const [index, { containerPort, hostPort, protocol }] of ports.entries()) {
    const number = hostPort ?? containerPort;
    const key = `${protocol}/${number}`;
    if (number !== 0 && seen.has(key)) faults.push(duplicate(`${path}[${index}]`, key));
    seen.add(key);
  }
  return faults;
}

function healthCheckErrors(
  service: Service,
  check: HealthCheck,
  { index, path }: { readonly index: number; readonly path: string },
): readonly FieldError[] {
  if (index > 0) return [notSupportedYet(path)];
  const probes = (["httpGet", "tcpSocket", "exec"] as const).filter((probe) => check[probe] !== undefined);
  const [first, second] = probes;
  if (first === undefined) return [required(path, "one of httpGet, tcpSocket and exec")];
  if (second !== undefined) return [forbidden(`${path}.${second}`, `may not be set together with ${first}`)];
  if (check.exec !== undefined) return execErrors(check.exec, `${path}.exec`);
  const probe = check.httpGet ?? check.tcpSocket;
  return probe === undefined ? [] : probePortErrors(service, probe.port, `${path}.${first}.port`);
}

function execErrors(exec: NonNullable<HealthCheck["exec"]>, path: string): readonly FieldError[] {
  if (exec.command === undefined && exec.shell === undefined) return [required(path, "one of command and shell")];
  if (exec.command === undefined || exec.shell === undefined) return [];
  return [forbidden(`${path}.shell`, "may not be set together with command")];
}

function probePortErrors({ network }: Service, port: number | string, path: string): readonly FieldError[] {
  if (typeof port === "string" && !isLiteral(port)) return [];
  const ports = network.ports ?? [];
  if (typeof port === "number" || /^\d+$/.test(port)) {
    const isPort = Number(port) >= 1 && Number(port) <= 65535;
    return isPort ? [] : [invalid(path, port, "must be between 1 and 65535")];
  }
  const named = ports.find(({ name }) => name === port);
  if (named === undefined) return [invalid(path, port, "no port of this service has this name")];
  return named.protocol === "TCP" ? [] : [invalid(path, port, "must be a TCP port")];
}

function nameErrors({ dns }: Service, path: string): readonly FieldError[] {
  return (["name", "instanceName"] as const).flatMap((field) => {
    const name = dns[field];
    if (name === undefined || !isLiteral(name) || isDnsName(name)) return [];
    return [
      invalid(`${path}.${field}`, name, "must be DNS labels of lower-case letters, digits and `-`, joined by dots"),
    ];
  });
}
