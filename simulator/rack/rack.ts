import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Subscription } from "rxjs";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import type { Random } from "../../platform/random.js";
import type { HttpHandler } from "../../platform/transport.js";
import { type Consul, createConsul } from "../consul/consul.js";
import { serveDns } from "../consul/dns-server.js";
import { type AgentSpec, createMesosMaster, type MesosMaster, type MesosMasterOptions } from "../mesos/master.js";
import { type ProcessRunner, processRunner } from "../process/runner.js";
import { createSnapRoute, type SnapRoute } from "../snaproute/snaproute.js";
import { isTaskAddress, nextAddressIn, takeAddressBlock } from "./address-block.js";
import { createJournal } from "./journal.js";
import { agentSpecs, NODE_NAMES, nodeAddress, SWITCH_NETWORKS } from "./nodes.js";
import { createOutages } from "./outages.js";
import { createPretended } from "./pretended.js";
import { createReachability, type Reachability } from "./reachability.js";
import { openSocket, openTelemetry, type Socket } from "./sockets.js";
import { statusHandler } from "./status.js";
import { createKeeper, type Keeper, type RackPorts, type StoredRack } from "./store/keeper.js";
import { rackFileIn, rackFileText } from "./store/rack-file.js";
import { lockDirectory, readJson, writeText } from "./store/state-file.js";
import { type BackendName, createTrouble } from "./trouble.js";

export interface SimulatorOptions {
  /** Where state, sandboxes and `rack.yaml` are kept. */
  readonly directory: string;
  /** Where DNS is answered. */
  readonly dns: { readonly host: string; readonly port: number };
  /** The search path of the tasks' environment. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Nodes on paper beside the five real ones, and how many of their tasks fail a second; default: none. */
  readonly pretended?: { readonly agents: number; readonly churn: number };
  /** How long the master waits for an agent that says nothing; default: Mesos' own 75 s. */
  readonly agentTimeoutMs?: number;
}

export interface Simulator {
  /** The file that names the rack's addresses. */
  readonly rackFile: string;
  /** Ends the servers; with `stopTasks` every task, too. */
  close(options: { readonly stopTasks: boolean }): Promise<void>;
}

const AGENT_PORT = 5051;
/** Where real back ends listen; another port is taken where one is in use. */
const PORTS: RackPorts = { mesos: 5050, consul: 8500, switch: 8080, status: 5080, agents: {} };

/** A rack of five nodes over real sockets, whose tasks are processes; picks up where an earlier one on the directory stopped. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const lock = lockDirectory(options.directory);
  const closers: (() => Promise<void> | void)[] = [() => lock.release()];
  const closeAll = async () => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const { runner, rackFile, keeper } = await assemble(options, closers);
    return {
      rackFile,
      async close({ stopTasks }) {
        if (stopTasks) await runner.stopAll();
        keeper.flush();
        rmSync(rackFile, { force: true });
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

type Closers = (() => Promise<void> | void)[];

async function assemble(options: SimulatorOptions, closers: Closers) {
  const { directory, clock } = options;
  const stateFile = join(directory, "state.json");
  const earlier = readJson<StoredRack>(stateFile);
  const block = await takeAddressBlock(earlier?.block);
  closers.push(() => block.close());
  const first = { lastAddress: 0, telemetryPort: 0, children: [], ...earlier, block: block.prefix };
  const keeper = createKeeper(stateFile, first, clock);
  const sockets = await openSockets(block.prefix, earlier?.ports ?? PORTS, closers);
  keeper.changed("ports", () => portsOf(sockets));
  const journal = createJournal(clock);
  const reachability = createReachability();

  const runner = await createRunner(options, { keeper, earlier, reachability, closers, block: block.prefix });
  const { random, pretended: { agents = 0, churn = 0 } = {} } = options;
  const pretended = createPretended({ clock, random, prefix: block.prefix, agents, churn });
  closers.push(() => pretended.close());
  const { consul, tor } = createNetwork(options, keeper, earlier);
  const watching = watchReachability(reachability, { runner, tor, clock });
  closers.push(() => watching.unsubscribe());
  const dns = await serveDns({ consul, ...options.dns });
  closers.push(() => dns.close());
  const mesos = createMesosMaster({
    clock,
    random: options.random,
    log: options.log,
    runner: pretended.beside(runner),
    cluster: clusterOf(sockets, block.prefix, pretended.agents),
    ...(earlier?.mesos === undefined ? {} : { state: earlier.mesos }),
    onChange: (state) => keeper.changed("mesos", () => state),
    ...timingOf(options),
  });
  closers.push(() => mesos.close());
  endUnknown(runner, earlier);
  const trouble = createTrouble({
    clock,
    random: options.random,
    restart: (backend, how) => restartOf({ mesos, consul, tor }, backend)(how),
  });
  sockets.mesos.answerWith(trouble.afflicted("mesos", journal.recorded("mesos", mesos.handler)));
  const outages = createOutages({ mesos, nodes: NODE_NAMES, log: options.log });
  const afflicted = (backend: "consul" | "switch", handler: HttpHandler) =>
    outages.listening(backend, trouble.afflicted(backend, journal.recorded(backend, handler)));
  sockets.consul.answerWith(afflicted("consul", consul.handler));
  sockets.switch.answerWith(afflicted("switch", tor.handler));
  sockets.status.answerWith(
    statusHandler({ journal, trouble, outages, tasks: () => taskList(runner), violations: reachability.violations }),
  );
  for (const [name, socket] of sockets.agents) socket.answerWith(mesos.agentHandler(name));
  const rackFile = rackFileIn(directory);
  keeper.flush();
  writeText(rackFile, rackFileText(block.prefix, sockets));
  return { runner, rackFile, keeper };
}

/** Of so many missed pings. */
const PINGS_MAX = 5;

function timingOf({ agentTimeoutMs }: SimulatorOptions): Pick<MesosMasterOptions, "timing"> {
  if (agentTimeoutMs === undefined) return {};
  return { timing: { pingTimeoutMs: agentTimeoutMs / PINGS_MAX, pingTimeoutsMax: PINGS_MAX } };
}

interface Backends {
  readonly mesos: MesosMaster;
  readonly consul: Consul;
  readonly tor: SnapRoute;
}

/** A master keeps its registry, whatever happens. */
function restartOf({ mesos, consul, tor }: Backends, backend: BackendName): (how: { readonly wipe: boolean }) => void {
  if (backend === "mesos") return () => mesos.restart();
  return backend === "consul" ? consul.restart : tor.restart;
}

interface Sockets {
  readonly mesos: Socket;
  readonly consul: Socket;
  readonly switch: Socket;
  readonly status: Socket;
  readonly agents: ReadonlyMap<string, Socket>;
}

async function openSockets(prefix: string, ports: RackPorts, closers: Closers): Promise<Sockets> {
  const open = async (host: string, port: number) => {
    const socket = await openSocket(host, port);
    closers.push(() => socket.close());
    return socket;
  };
  const host = `${prefix}.0.1`;
  const agents = new Map<string, Socket>();
  for (const name of NODE_NAMES) {
    agents.set(name, await open(nodeAddress(prefix, name) ?? host, ports.agents[name] ?? AGENT_PORT));
  }
  return {
    mesos: await open(host, ports.mesos),
    consul: await open(host, ports.consul),
    switch: await open(host, ports.switch),
    status: await open(host, ports.status),
    agents,
  };
}

function portsOf({ mesos, consul, switch: tor, status, agents }: Sockets): RackPorts {
  const byNode = Object.fromEntries([...agents].map(([name, socket]) => [name, socket.port]));
  return { mesos: mesos.port, consul: consul.port, switch: tor.port, status: status.port, agents: byNode };
}

interface RunnerParts {
  readonly keeper: Keeper;
  readonly earlier: StoredRack | undefined;
  readonly reachability: Reachability;
  readonly closers: Closers;
  readonly block: string;
}

async function createRunner(options: SimulatorOptions, parts: RunnerParts): Promise<ProcessRunner> {
  const { keeper, earlier, reachability, closers, block } = parts;
  const host = `${block}.0.1`;
  const telemetry = await openTelemetry({ host, port: earlier?.telemetryPort ?? 0 }, (report) => {
    const running = runner.running().find(({ task }) => task.taskId === report.taskId);
    runner.report(report);
    if (running?.task.isRouted) reachability.received(running.address, report);
  });
  closers.push(() => telemetry.close());
  keeper.changed("telemetryPort", () => telemetry.port);
  const runner = processRunner({
    clock: options.clock,
    log: options.log,
    directory: join(options.directory, "sandboxes"),
    isGivable: (address) => isTaskAddress(block, address),
    nextAddress(used) {
      const next = nextAddressIn(block, used, keeper.stored().lastAddress);
      keeper.lastAddress(next.last);
      return next.address;
    },
    nodeAddress: (node) => nodeAddress(block, node) ?? host,
    env: {
      PATH: options.path,
      RESOLVER: `${options.dns.host}:${options.dns.port}`,
      TELEMETRY: `${host}:${telemetry.port}`,
    },
    stored: earlier?.children ?? [],
    onChange: (children) => keeper.children(children),
  });
  return runner;
}

/** The rack's Consul and its switch, as an earlier simulator left them. */
function createNetwork({ clock, random, log }: SimulatorOptions, keeper: Keeper, earlier: StoredRack | undefined) {
  const tools = { clock, random, log };
  const consul = createConsul({
    ...tools,
    datacenter: "dc1",
    domain: "torc",
    ...(earlier?.consul === undefined ? {} : { state: earlier.consul }),
    onChange: () => keeper.changed("consul", () => consul.snapshot()),
  });
  const tor = createSnapRoute({
    ...tools,
    connected: SWITCH_NETWORKS,
    ...(earlier?.switch === undefined ? {} : { state: earlier.switch }),
    onChange: () => keeper.changed("switch", () => tor.snapshot()),
  });
  return { consul, tor };
}

function clusterOf({ mesos, agents }: Sockets, prefix: string, pretended: readonly AgentSpec[]) {
  return {
    hostname: mesos.host,
    ip: mesos.host,
    port: mesos.port,
    clusterName: "torc",
    agents: [...agentSpecs(prefix, (name) => agents.get(name)?.port ?? AGENT_PORT), ...pretended],
  };
}

/** A process whose launch was not stored with the master belongs to nobody: its framework is told that it is lost. */
function endUnknown(runner: ProcessRunner, earlier: StoredRack | undefined): void {
  const known = new Set(earlier?.mesos?.tasks.map(({ info }) => info.task_id.value));
  for (const { task } of runner.running()) {
    if (!known.has(task.taskId)) runner.kill(task.taskId, 0);
  }
}

/** Follows which routed addresses the switch knows. */
function watchReachability(
  reachability: Reachability,
  { runner, tor, clock }: { runner: ProcessRunner; tor: SnapRoute; clock: Clock },
): Subscription {
  const begin = ({ task, address }: ReturnType<ProcessRunner["running"]>[number]) => {
    if (task.isRouted) reachability.begin(address, { at: clock.now(), isRouted: tor.routes().has(`${address}/32`) });
  };
  for (const running of runner.running()) begin(running);
  const subscription = tor.routes$.subscribe((change) => {
    if (change.type === "removed") reachability.routeRemoved(change.prefix.replace("/32", ""), clock.now());
    else reachability.routeAdded(change.route.prefix.replace("/32", ""), clock.now());
  });
  subscription.add(
    runner.events$.subscribe((event) => {
      const running = runner.running().find(({ task }) => task.taskId === event.taskId);
      if (event.type === "started" && running !== undefined) begin(running);
    }),
  );
  return subscription;
}

function taskList(runner: ProcessRunner) {
  return runner.running().map(({ task, address }) => ({
    taskId: task.taskId,
    node: task.nodeName,
    address,
    image: task.image,
    pid: runner.pid(task.taskId),
    counters: runner.counters(task.taskId),
  }));
}
