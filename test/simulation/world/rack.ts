import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import { type HttpHandler, inProcessTransport } from "../../../platform/transport.js";
import { createConsul } from "../../../simulator/consul/consul.js";
import { type FaultScript, withFaults } from "../../../simulator/faults.js";
import { type AgentSpec, createMesosMaster } from "../../../simulator/mesos/master.js";
import { pretendRunner } from "../../../simulator/mesos/pretend-runner.js";
import { createSnapRoute } from "../../../simulator/snaproute/snaproute.js";
import { dnsLoad } from "./dns-load.js";
import { recorded, type WireEntry } from "./wire.js";

/** The address of the node that everything but the agents runs on. */
export const MASTER = "10.250.3.20";

/** The bad networks before each back end; empty scripts change nothing. */
export interface Scripts {
  readonly mesos: FaultScript;
  readonly agents: FaultScript;
  readonly consul: FaultScript;
  readonly tor: FaultScript;
  readonly api: FaultScript;
}

export interface RackOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Apart from `random`: faults do not shift what else is drawn. */
  readonly faultRandom: Random;
  readonly log: Logger;
  /** Names and attributes of the machines; the first has the address of the master. */
  readonly nodes: readonly { readonly name: string; readonly function: string }[];
  readonly scripts: Scripts;
  readonly wire: WireEntry[];
  readonly onEntry: (entry: WireEntry) => void;
}

export type SimulatedRack = ReturnType<typeof createRack>;

/** Mesos, agents, Consul and the switch of one rack, behind a network that can fail. */
export function createRack(options: RackOptions) {
  const { clock, random, log, scripts } = options;
  const consul = createConsul({ clock, random, log, datacenter: "dc1", domain: "torc" });
  const tor = createSnapRoute({ clock, random, log, connected: [{ name: "vlan100", cidr: `${MASTER}/24` }] });
  const load = dnsLoad({ clock, consul });
  const runner = pretendRunner({
    clock,
    random,
    addresses: addressPool(),
    statistics: (taskId) => load.statistics(taskId),
  });
  load.watch(runner);
  const agents = options.nodes.map(agentSpec);
  const mesos = createMesosMaster({
    clock,
    random,
    log,
    runner,
    cluster: { hostname: MASTER, ip: MASTER, port: 5050, agents },
  });
  const behind = (handler: HttpHandler, script: FaultScript) =>
    withFaults(recorded(handler, options), { clock, random: options.faultRandom, script });
  const handlers = new Map<string, HttpHandler>([
    [`${MASTER}:5050`, mesos.handler],
    [`${MASTER}:8500`, consul.handler],
    [`${MASTER}:8080`, tor.handler],
    ...agents.map(({ ip, name }): [string, HttpHandler] => [`${ip}:5051`, mesos.agentHandler(name)]),
  ]);
  const inner = inProcessTransport(handlers);
  const ways = new Map<string, HttpHandler>([
    [":5050", behind(inner, scripts.mesos)],
    [":5051", behind(inner, scripts.agents)],
    [":8500", behind(inner, scripts.consul)],
    [":8080", behind(inner, scripts.tor)],
  ]);
  const transport: HttpHandler = (request) => {
    const { port } = new URL(request.url);
    return (ways.get(`:${port}`) ?? inner)(request);
  };
  return { consul, tor, runner, mesos, load, transport, nodeNames: agents.map(({ name }) => name) };
}

function agentSpec({ name, function: machineFunction }: RackOptions["nodes"][number], index: number): AgentSpec {
  const ip = `10.250.3.${20 + index}`;
  const type = index === 0 ? "master" : "slave";
  const attributes = { host: ip, "machine-name": name, "machine-type": type, "machine-function": machineFunction };
  const resources = { cpus: "8", mem: "16384", disk: "100000", ports: "[31000-32000]" };
  return { name, hostname: ip, ip, port: 5051, attributes, resources };
}

/** A container's address in order of starts; 65,000 starts until one is used twice. */
function addressPool(): (task: { readonly isRouted: boolean }) => string {
  let last = 0;
  return ({ isRouted }) => {
    if (!isRouted) return MASTER;
    last += 1;
    return `172.16.${(last >> 8) & 255}.${last & 255}`;
  };
}
