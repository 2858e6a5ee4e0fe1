import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import type { Random } from "../../platform/random.js";
import { type HttpHandler, type HttpRequest, type HttpResponse, TransportError } from "../../platform/transport.js";
import { serveAgent } from "./agent/handler.js";
import type { Sessions } from "./agent/session.js";
import { authenticate } from "./api/authenticate.js";
import { createQuorum, type MasterAddress, type Quorum } from "./api/quorum.js";
import { serveScheduler } from "./api/scheduler.js";
import { registerAgent } from "./cluster/agents.js";
import { type PersistedState, restore, snapshot } from "./cluster/recovery/persist.js";
import { startMaster } from "./cluster/recovery/restart.js";
import { type AgentSpec, type ClusterSpec, DEFAULT_TIMING, type Timing } from "./cluster/spec.js";
import type { Node, World } from "./cluster/world.js";
import { type MesosControl, mesosControl } from "./control.js";
import { onRunnerEvent } from "./node/executor.js";
import { serveLegacy } from "./operator/legacy.js";
import { serveOperator } from "./operator/operator.js";
import type { TaskRunner } from "./task-runner.js";
import { pathOf } from "./wire/http.js";

export type { AgentSpec, ClusterSpec, MesosControl, PersistedState, Timing };

/** What a simulated cluster is made of. */
export interface MesosMasterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly cluster: ClusterSpec;
  readonly runner: TaskRunner;
  /** Where the last simulation stopped. */
  readonly state?: PersistedState;
  /** Called once after each burst of changes worth keeping. */
  readonly onChange?: (state: PersistedState) => void;
  readonly timing?: Partial<Timing>;
  /** Several masters instead of the cluster's one; the first leads. */
  readonly masters?: readonly MasterAddress[];
  /** How long a dead leader is believed in; default: ZooKeeper's 10 s. */
  readonly sessionMs?: number;
}

/** A Mesos master and its agents in this process, answering as the recorded real ones did. */
export interface MesosMaster extends MesosControl {
  /** The master's endpoints. Rejects with TransportError while the master is down. */
  readonly handler: HttpHandler;
  /** The masters, one by one. */
  readonly quorum: Quorum;
  /** The endpoints of one agent, by id or node name. */
  agentHandler(agent: string): HttpHandler;
  snapshot(): PersistedState;
  /** Stops listening to the runner and breaks all streams. */
  close(): void;
}

/** Starts the cluster: its agents are registered at once, or come back after a while when `state` is given. */
export function createMesosMaster(options: MesosMasterOptions): MesosMaster {
  const world = newWorld(options);
  const addNode = (spec: AgentSpec) => newNode(world, spec);
  for (const spec of options.cluster.agents) addNode(spec);
  if (options.state === undefined) for (const node of world.nodes.values()) registerAgent(world, node);
  else {
    restore(world, options.state, addNode);
    startMaster(world, world.masterId);
  }
  const events = options.runner.events$.subscribe((event) => onRunnerEvent(world, event));
  const control = mesosControl(world, addNode);
  const sessions = new Map<Node, Sessions>();
  const sessionsOf = (node: Node): Sessions => {
    const present = sessions.get(node) ?? new Map();
    sessions.set(node, present);
    return present;
  };
  const quorum = createQuorum({
    world,
    masters: options.masters ?? [options.cluster],
    sessionMs: options.sessionMs ?? SESSION_MS,
    serve: async (request) => serve(world, request),
  });
  return {
    ...control,
    quorum,
    handler: async (request) => serve(world, request),
    agentHandler: (agent) => async (request) => serveNode(world, { agent, sessionsOf }, request),
    snapshot: () => snapshot(world),
    close() {
      events.unsubscribe();
      control.stop();
    },
  };
}

const SESSION_MS = 10_000;

function newWorld(options: MesosMasterOptions): World {
  const { clock, random, log, cluster, runner, onChange } = options;
  const world: World = {
    clock,
    random,
    log,
    runner,
    timing: { ...DEFAULT_TIMING, ...options.timing },
    cluster,
    masterId: cluster.masterId ?? random.uuid(),
    startedAt: clock.monotonic(),
    isUp: true,
    counters: { framework: 0, offer: 0, agent: 0, pid: 10_000 },
    frameworks: new Map(),
    removedFrameworks: new Map(),
    frameworkInfos: new Map(),
    operations: new Map(),
    maintenance: { schedule: {} },
    inverseOffers: new Map(),
    agents: new Map(),
    nodes: new Map(),
    offers: new Map(),
    running: new Map(),
    unacknowledged: new Map(),
    watchers: new Set(),
    allocation: { dirty: new Set(), timer: undefined, isUrgent: false },
    mishaps: { lost: 0, duplicated: 0 },
    changed: onChange === undefined ? () => {} : oncePerBurst(clock, () => onChange(snapshot(world))),
  };
  return world;
}

function oncePerBurst(clock: Clock, run: () => void): () => void {
  let isPending = false;
  return () => {
    if (isPending) return;
    isPending = true;
    clock.schedule(0, () => {
      isPending = false;
      run();
    });
  };
}

function newNode(world: World, spec: AgentSpec): Node {
  const node: Node = {
    spec,
    agentId: undefined,
    isProcessUp: true,
    isPartitioned: false,
    delayMs: 0,
    returnTimer: undefined,
    held: [],
    tasks: new Map(),
    completed: [],
  };
  world.nodes.set(spec.name, node);
  return node;
}

function serve(world: World, request: HttpRequest): HttpResponse {
  if (!world.isUp) refuseConnection(`${world.cluster.hostname}:${world.cluster.port}`);
  const caller = authenticate(world.cluster.authentication, request);
  if (caller.type === "refused") return caller.response;
  const path = pathOf(request);
  if (path === "/api/v1/scheduler") return serveScheduler(world, request, caller.principal);
  if (path === "/api/v1") return serveOperator(world, request);
  return serveLegacy(world, request);
}

interface AgentDoor {
  readonly agent: string;
  readonly sessionsOf: (node: Node) => Sessions;
}

function serveNode(world: World, { agent, sessionsOf }: AgentDoor, request: HttpRequest): Promise<HttpResponse> {
  const node = world.nodes.get(agent) ?? world.agents.get(agent)?.node;
  if (node === undefined || !node.isProcessUp || node.isPartitioned) refuseConnection(agent);
  return serveAgent({ world, node, sessions: sessionsOf(node) }, request);
}

function refuseConnection(host: string): never {
  throw new TransportError(`connect ECONNREFUSED ${host}`, { isSent: false });
}
