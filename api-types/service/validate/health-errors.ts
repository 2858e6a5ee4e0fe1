import { duplicate, forbidden, invalid, isLiteral, required } from "../../meta/field-error.js";
import type { FieldError } from "../../schema/structural.js";
import type { Service } from "../fields.js";
import type { HealthCheck, ReadinessCheck } from "../health.js";
import type { ServicePort } from "../network.js";
import { agentOnly, isBeyondController, probePlan } from "../probes.js";

/** Where `status.probes[]` tells of the readiness check. */
const READINESS = "readiness";

/** Rules about how the health of a service is told: what is probed, and by whom. */
export function healthErrors(service: Service, path: string): readonly FieldError[] {
  const { healthChecks = [], readinessCheck } = service;
  const ports = service.network.ports ?? [];
  return [
    ...healthChecks.flatMap((check, index) => {
      const at = `${path}.healthChecks[${index}]`;
      return [
        ...probeErrors(check, ports, at),
        ...(check.name === READINESS ? [invalid(`${at}.name`, READINESS, "is the name of the readinessCheck")] : []),
        ...proberErrors(service, check, at),
        ...interimErrors(service, check, at),
      ];
    }),
    ...(readinessCheck === undefined ? [] : readinessErrors(service, readinessCheck, `${path}.readinessCheck`)),
    ...secondAgentErrors(service, path),
  ];
}

/** Rules about what one check probes; `ports` is undefined where there are none that could be named. */
export function probeErrors(
  check: HealthCheck | ReadinessCheck,
  ports: readonly ServicePort[] | undefined,
  path: string,
): readonly FieldError[] {
  const [first, second] = (["httpGet", "tcpSocket", "exec"] as const).filter((probe) => check[probe] !== undefined);
  if (first === undefined) return [required(path, "one of httpGet, tcpSocket and exec")];
  if (second !== undefined) return [forbidden(`${path}.${second}`, `may not be set together with ${first}`)];
  const { httpGet, tcpSocket, exec } = check;
  return [
    ...(exec === undefined ? [] : execErrors(exec, `${path}.exec`)),
    ...(tcpSocket === undefined ? [] : portErrors(ports, tcpSocket.port, `${path}.tcpSocket.port`)),
    ...(httpGet === undefined ? [] : portErrors(ports, httpGet.port, `${path}.httpGet.port`)),
    ...(httpGet === undefined ? [] : urlPathErrors(httpGet.path, `${path}.httpGet.path`)),
  ];
}

function execErrors(exec: NonNullable<HealthCheck["exec"]>, path: string): readonly FieldError[] {
  if (exec.command === undefined && exec.shell === undefined) return [required(path, "one of command and shell")];
  if (exec.command === undefined || exec.shell === undefined) return [];
  return [forbidden(`${path}.shell`, "may not be set together with command")];
}

function portErrors(
  ports: readonly ServicePort[] | undefined,
  port: number | string,
  path: string,
): readonly FieldError[] {
  if (typeof port === "string" && !isLiteral(port)) return [];
  if (typeof port === "number" || /^\d+$/.test(port)) {
    const isPort = Number(port) >= 1 && Number(port) <= 65_535;
    return isPort ? [] : [invalid(path, port, "must be between 1 and 65535")];
  }
  if (ports === undefined) return [invalid(path, port, "an attached task has no ports of its own: give a number")];
  const named = ports.find(({ name }) => name === port);
  if (named === undefined) return [invalid(path, port, "no port of this service has this name")];
  return named.protocol === "TCP" ? [] : [invalid(path, port, "must be a TCP port")];
}

function urlPathErrors(urlPath: string, path: string): readonly FieldError[] {
  const isPath = !isLiteral(urlPath) || /^\/[\x21-\x7e]*$/.test(urlPath);
  return isPath ? [] : [invalid(path, urlPath, "must begin with `/`, and hold no spaces and nothing beyond ASCII")];
}

/** A controller can neither run a command inside a task nor reach an address that only the node reaches. */
function proberErrors(service: Service, check: HealthCheck | ReadinessCheck, path: string): readonly FieldError[] {
  if (check.probeFrom !== "Controller" || !isBeyondController(service, check)) return [];
  const why = check.exec === undefined ? `network mode ${service.network.mode}` : "exec";
  return [invalid(`${path}.probeFrom`, "Controller", `must be Agent: ${why} is probed by the agent only`)];
}

/** Mesos has no word for answers that count for nothing. */
function interimErrors(service: Service, check: HealthCheck, path: string): readonly FieldError[] {
  if (!check.ignoreHttp1xx) return [];
  if (check.httpGet === undefined) return [forbidden(`${path}.ignoreHttp1xx`, "needs httpGet")];
  if (probePlan(service).controller.includes(check)) return [];
  return [forbidden(`${path}.ignoreHttp1xx`, "needs probeFrom Controller: the agent cannot ignore answers")];
}

function readinessErrors(service: Service, check: ReadinessCheck, path: string): readonly FieldError[] {
  const { expectedStatuses, timeoutSeconds, periodSeconds } = check;
  const isOwn = expectedStatuses.length !== 1 || expectedStatuses[0] !== 200;
  const repeated = expectedStatuses.findIndex((status, index) => expectedStatuses.indexOf(status) < index);
  const late = `must be at most periodSeconds, which is ${periodSeconds}; 20 when it is not set`;
  return [
    ...probeErrors(check, service.network.ports ?? [], path),
    ...proberErrors(service, check, path),
    ...statusErrors(service, check, path),
    ...(isOwn && check.httpGet === undefined ? [forbidden(`${path}.expectedStatuses`, "needs httpGet")] : []),
    ...(expectedStatuses.length === 0 ? [required(`${path}.expectedStatuses`, "at least one status, e.g. 200")] : []),
    ...(repeated < 0 ? [] : [duplicate(`${path}.expectedStatuses[${repeated}]`, expectedStatuses[repeated])]),
    ...(timeoutSeconds > periodSeconds ? [invalid(`${path}.timeoutSeconds`, timeoutSeconds, late)] : []),
  ];
}

/** An agent of Mesos takes every status from 200 to 399, and cannot be told others. */
function statusErrors(service: Service, check: ReadinessCheck, path: string): readonly FieldError[] {
  const isBeyond = isBeyondController(service, check);
  if (check.httpGet === undefined || !(check.probeFrom === "Agent" || isBeyond)) return [];
  const why = "the agent cannot tell one HTTP status from another";
  const mode = `network mode ${service.network.mode} is probed by the agent only`;
  const hint = isBeyond ? `exec or tcpSocket: ${mode}` : "probeFrom Controller, exec or tcpSocket";
  return [forbidden(`${path}.httpGet`, `${why}; use ${hint}`)];
}

/** A task of Mesos has room for one check. */
function secondAgentErrors(service: Service, path: string): readonly FieldError[] {
  const [first, second] = agentOnly(service);
  if (first === undefined || second === undefined) return [];
  const index = (service.healthChecks ?? []).findIndex(({ name }) => name === second.check.name);
  const at = second.kind === "readiness" ? `${path}.readinessCheck` : `${path}.healthChecks[${index}]`;
  const why = `a task has room for one check by its agent, which is "${first.check.name ?? READINESS}"`;
  return [forbidden(at, `${why}; exec and the network modes Routed, Container and None are probed by the agent only`)];
}
