import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { HttpHandler } from "../../../platform/transport.js";
import { createConsul } from "../../../simulator/consul/consul.js";
import { type AgentSpec, createMesosMaster } from "../../../simulator/mesos/master.js";
import { pretendRunner } from "../../../simulator/mesos/pretend-runner.js";
import { createSnapRoute } from "../../../simulator/snaproute/snaproute.js";

export const MASTER = "10.250.3.20";
const AGENTS = 20;
export const MESOS_HOST = `${MASTER}:5050`;

/** The nodes of the benchmarks' rack. */
export function agentAddresses(): readonly { readonly name: string; readonly ip: string }[] {
  return Array.from({ length: AGENTS }, (_, index) => ({ name: `node${index}`, ip: `10.250.3.${20 + index}` }));
}

function agentSpecs(): AgentSpec[] {
  return agentAddresses().map(({ name, ip }) => ({
    name,
    hostname: ip,
    ip,
    port: 5051,
    attributes: { "machine-name": name, "machine-type": "slave", "machine-function": "lab" },
    resources: { cpus: "64", mem: "262144", disk: "1000000", ports: "[31000-32000]" },
  }));
}

/** A master with twenty agents, a Consul and a switch, by the host that the Rack names. */
export function startBackends(tools: { clock: Clock; random: Random; log: Logger }) {
  let started = 0;
  const addresses = () => {
    started += 1;
    return `192.${168 + (started >> 16)}.${(started >> 8) & 255}.${started & 255}`;
  };
  const runner = pretendRunner({ ...tools, addresses });
  const cluster = { hostname: MASTER, ip: MASTER, port: 5050, agents: agentSpecs() };
  // tasks start soon, so that samples follow each other soon
  const mesos = createMesosMaster({ ...tools, runner, cluster, timing: { executorStartMs: 5 } });
  const consul = createConsul({ ...tools, datacenter: "dc1", domain: "bench" });
  const tor = createSnapRoute({ ...tools, connected: [{ name: "vlan100", cidr: `${MASTER}/24` }] });
  const handlers = new Map<string, HttpHandler>([
    [MESOS_HOST, mesos.handler],
    [`${MASTER}:8500`, consul.handler],
    [`${MASTER}:8080`, tor.handler],
    ...agentAddresses().map(({ name, ip }): [string, HttpHandler] => [`${ip}:5051`, mesos.agentHandler(name)]),
  ]);
  return { handlers, close: () => mesos.close() };
}
