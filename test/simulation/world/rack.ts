import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import { type HttpHandler, inProcessTransport } from "../../../platform/transport.js";
import { createConsul } from "../../../simulator/consul/consul.js";
import { type FaultScript, withFaults } from "../../../simulator/faults.js";
import { type AgentSpec, createMesosMaster } from "../../../simulator/mesos/master.js";
import { type PretendBehaviour, pretendRunner } from "../../../simulator/mesos/pretend-runner.js";
import type { RunnableTask } from "../../../simulator/mesos/task-runner.js";
import { createSnapRoute } from "../../../simulator/snaproute/snaproute.js";
import { dnsLoad } from "./dns-load.js";
import { rackProber } from "./prober.js";
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

/** One machine of the rack. */
export interface MachineOptions {
  readonly name: string;
  readonly function: string;
  readonly zone?: string;
  /** Default: 8. */
  readonly cpus?: number;
}

export interface RackOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Apart from `random`: faults do not shift what else is drawn. */
  readonly faultRandom: Random;
  readonly log: Logger;
  /** The machines; the first has the address of the master. */
  readonly nodes: readonly MachineOptions[];
  /** How pretended tasks behave. */
  readonly behaviour?: (task: RunnableTask) => PretendBehaviour;
  /** Further servers that are reached, by `host:port`. */
  readonly servers?: ReadonlyMap<string, HttpHandler>;
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
    addresses: addressPool(new Map(options.nodes.map(({ name }, index) => [name, addressOfNode(index)]))),
    ...(options.behaviour === undefined ? {} : { behaviour: options.behaviour }),
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
    ...(options.servers ?? []),
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
  const prober = rackProber({ clock, runner, mesos });
  return { consul, tor, runner, mesos, load, transport, prober, nodeNames: agents.map(({ name }) => name) };
}

/** The address of the machine at this place of the list. */
export function addressOfNode(index: number): string {
  return `10.250.3.${20 + index}`;
}

function agentSpec({ name, function: machineFunction, zone, cpus = 8 }: MachineOptions, index: number): AgentSpec {
  const ip = addressOfNode(index);
  const type = index === 0 ? "master" : "slave";
  const attributes = { host: ip, "machine-name": name, "machine-type": type, "machine-function": machineFunction };
  const resources = { cpus: String(cpus), mem: "16384", disk: "100000", ports: "[31000-32000]" };
  const location = zone === undefined ? {} : { region: "lab", zone };
  return { name, hostname: ip, ip, port: 5051, attributes, resources, ...location };
}

/** A container's address in order of starts; 65,000 starts until one is used twice. */
function addressPool(nodes: ReadonlyMap<string, string>): (task: RunnableTask) => string {
  let last = 0;
  return ({ isRouted, nodeName }) => {
    if (!isRouted) return nodes.get(nodeName) ?? MASTER;
    last += 1;
    return `172.16.${(last >> 8) & 255}.${last & 255}`;
  };
}
