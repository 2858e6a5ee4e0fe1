import type { HealthCheck } from "../../../api-types/service/health.js";
import { type AgentProbe, probePlan } from "../../../api-types/service/probes.js";
import type { Service } from "../../../api-types/service-group.js";
import type { AgentCheck } from "../../../drivers/compute/driver.js";
import { checkedPort, type PlacedPort } from "./ports.js";

type Probed = Pick<Service, "healthChecks" | "readinessCheck" | "network">;

/** The one check that the agent runs, on ports inside the task's network; undefined: none. */
export function agentCheck(service: Probed, ports: readonly PlacedPort[]): AgentCheck | undefined {
  const { agent } = probePlan(service);
  return agent === undefined ? undefined : checkOf(agent, ports);
}

/** The check of an attached task: it has one at most, and its agent runs it. */
export function attachedCheck(checks: readonly HealthCheck[] | undefined, ports: readonly PlacedPort[]) {
  const check = checks?.[0];
  return check === undefined ? undefined : checkOf({ kind: "health", check }, ports);
}

/** Ports of agent's checks that are none, after substitution. */
export function checkFaults(service: Service, ports: readonly PlacedPort[]): readonly string[] {
  const own = probePlan(service).agent?.check;
  const checks = [own, ...(service.attached ?? []).map(({ healthChecks }) => healthChecks?.[0])];
  return checks.flatMap((check) => {
    const written = check?.httpGet?.port ?? check?.tcpSocket?.port;
    if (check === undefined || written === undefined || checkedPort(ports, written) !== undefined) return [];
    return [`check ${check.name ?? "readiness"}: ${JSON.stringify(written)} is no port of the service`];
  });
}

function checkOf({ kind, check }: AgentProbe, ports: readonly PlacedPort[]): AgentCheck {
  return {
    probe: probeOf(check, ports),
    delaySeconds: 0,
    intervalSeconds: check.periodSeconds,
    timeoutSeconds: check.timeoutSeconds,
    // a task that is not ready yet is told from one that failed by the controller
    gracePeriodSeconds: kind === "health" ? check.gracePeriodSeconds : 0,
  };
}

function probeOf(check: AgentProbe["check"], ports: readonly PlacedPort[]): AgentCheck["probe"] {
  const { httpGet, tcpSocket, exec } = check;
  if (tcpSocket !== undefined) return { type: "tcp", port: checkedPort(ports, tcpSocket.port) ?? 0 };
  if (httpGet !== undefined) {
    const scheme = httpGet.scheme === "HTTPS" ? "https" : "http";
    return { type: "http", port: checkedPort(ports, httpGet.port) ?? 0, path: httpGet.path, scheme };
  }
  return { type: "command", command: exec?.command ?? exec?.shell ?? "true" };
}
