import type {
  WireAttribute,
  WireCommandInfo,
  WireContainerInfo,
  WireFrameworkInfo,
  WireLabels,
  WireMasterInfo,
  WireOffer,
  WireResource,
  WireTaskInfo,
  WireTaskStatus,
  WireTime,
} from "../../../drivers/compute/mesos/wire.js";
import type { WireTask } from "../../../drivers/compute/mesos/wire-operator.js";
import type { Clock, Timer } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { RunnerEvent, TaskRunner } from "../task-runner.js";
import type { OfferConstraints } from "../wire/constraints.js";
import type { EventStream } from "../wire/event-stream.js";
import type { Bundle } from "../wire/resources.js";
import type { AgentSpec, ClusterSpec, Timing } from "./spec.js";

/** A framework as the master knows it. */
export interface Framework {
  readonly id: string;
  info: WireFrameworkInfo & { readonly role?: string };
  readonly suppressed: Set<string>;
  constraints: OfferConstraints | undefined;
  subscription:
    | { readonly streamId: string; readonly stream: EventStream; readonly heartbeat: { timer: Timer } }
    | undefined;
  isRecovered: boolean;
  readonly registeredAt: number;
  reregisteredAt: number;
  failoverTimer: Timer | undefined;
  /** Live or terminal and unacknowledged. */
  readonly tasks: Map<string, Task>;
  readonly unreachable: Map<string, Task>;
  /** The last ones, oldest first. */
  readonly completed: WireTask[];
  readonly offers: Set<Offer>;
  /** Thousandths of cpus and MB held, by role. */
  readonly shares: Map<string, { cpus: number; mem: number }>;
}

/** What runs tasks: Mesos' own for groups, or one of the framework's. Plain command tasks have none here. */
export interface Executor {
  readonly id: string;
  readonly info: ExecutorInfo;
  /** `DEFAULT` runs groups of tasks in containers inside of its own. */
  readonly type: "DEFAULT" | "CUSTOM";
}

/** An executor as the wire describes it. */
export interface ExecutorInfo {
  readonly type?: "DEFAULT" | "CUSTOM";
  readonly executor_id: { readonly value: string };
  readonly framework_id?: { readonly value: string };
  readonly command?: WireCommandInfo;
  readonly container?: WireContainerInfo;
  readonly resources?: readonly WireResource[];
  readonly name?: string;
  readonly source?: string;
  readonly data?: string;
  readonly shutdown_grace_period?: WireTime;
  readonly labels?: WireLabels;
}

/** A task as received, with the fields that our own driver never sends. */
export type TaskInfo = Omit<WireTaskInfo, "executor"> & {
  readonly executor?: ExecutorInfo;
  readonly check?: CheckInfo;
  readonly max_completion_time?: WireTime;
};

/** A check that only tells. */
export interface CheckInfo {
  readonly type?: "COMMAND" | "HTTP" | "TCP";
  readonly command?: { readonly command: WireCommandInfo };
  readonly http?: { readonly port: number; readonly path?: string };
  readonly tcp?: { readonly port: number };
  readonly delay_seconds?: number;
  readonly interval_seconds?: number;
  readonly timeout_seconds?: number;
}

/** An executor as the master knows it. */
export interface HeldExecutor {
  readonly executor: Executor;
  readonly framework: Framework;
  readonly role: string;
  readonly resources: Bundle;
}

/** A RESERVE, UNRESERVE, CREATE or DESTROY whose outcome was not acknowledged yet. */
export interface Operation {
  readonly id: string;
  readonly framework: Framework;
  readonly agent: Agent;
  readonly uuid: string;
  retry: Timer | undefined;
}

/** When a machine is away for maintenance. */
export interface Unavailability {
  readonly start: WireTime;
  readonly duration?: WireTime;
}

/** A task as the master knows it. */
export interface Task {
  readonly info: TaskInfo;
  readonly executor: Executor | undefined;
  readonly id: string;
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly resources: Bundle;
  state: string;
  statuses: WireTaskStatus[];
  statusState: string | undefined;
  statusUuid: string | undefined;
  isReleased: boolean;
  /** How it was listed since it last changed. */
  json: Uint8Array | undefined;
}

/** Part of an agent offered to one role of one framework. */
export interface Offer {
  readonly id: string;
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly resources: Bundle;
  readonly wire: WireOffer;
}

/** An agent as the master knows it. */
export interface Agent {
  readonly id: string;
  /** Rank by first registration: the order in which agents are offered. */
  readonly order: number;
  readonly spec: AgentSpec;
  readonly node: Node;
  readonly attributes: readonly WireAttribute[];
  /** Reservations change how it is cut, never how much it is. */
  total: Bundle;
  free: Bundle;
  status: "Registered" | "Unreachable" | "Gone" | "Recovered" | "Unregistered";
  /** The master's end of the socket is open. */
  isConnected: boolean;
  isDeactivated: boolean;
  drain: { state: "DRAINING" | "DRAINED"; readonly config: unknown; readonly startedAt: number } | undefined;
  registeredAt: number;
  reregisteredAt: number | undefined;
  unreachableAt: number | undefined;
  lossTimer: Timer | undefined;
  /** KILLs that came while it was disconnected. */
  readonly pendingKills: Set<string>;
  readonly tasks: Map<string, Task>;
  /** By framework and executor id. */
  readonly executors: Map<string, HeldExecutor>;
  unavailability: Unavailability | undefined;
  readonly offers: Set<Offer>;
  readonly filters: Map<string, Filter[]>;
}

/** Resources of one agent that one role of one framework does not want for a while. */
export interface Filter {
  readonly resources: Bundle;
  readonly until: number;
}

/** What an agent remembers of a task that ended. */
export type CompletedTask = Pick<
  NodeTask,
  "frameworkId" | "role" | "info" | "containerId" | "parentId" | "executor" | "latestState"
>;

/** The agent's own process and what it runs; lives on when the master does not. */
export interface Node {
  readonly spec: AgentSpec;
  agentId: string | undefined;
  isProcessUp: boolean;
  isPartitioned: boolean;
  /** Of each message in either direction. */
  delayMs: number;
  returnTimer: Timer | undefined;
  /** What the master sent while the agent was cut off. */
  readonly held: (() => void)[];
  readonly tasks: Map<string, NodeTask>;
  /** The last tasks that ended, oldest first: their sandboxes can still be read. */
  readonly completed: CompletedTask[];
}

/** A task as its agent knows it. */
export interface NodeTask {
  readonly key: string;
  readonly node: Node;
  readonly frameworkId: string;
  readonly role: string;
  readonly isCheckpointed: boolean;
  readonly reportsKilling: boolean;
  readonly info: TaskInfo;
  /** Of a task in a group: below `parentId`. */
  readonly containerId: string;
  readonly parentId: string | undefined;
  readonly executor: Executor | undefined;
  /** Tasks that were launched together end together. */
  readonly group: string | undefined;
  readonly executorPid: number;
  phase: "Queued" | "Launching" | "Starting" | "Running" | "Killing" | "Ended";
  /** What the runner said before TASK_STARTING was made. */
  readonly early: RunnerEvent[];
  latestState: string;
  address: string | undefined;
  startedAt: number;
  /** Why it is being killed, if not by a call. */
  killReason: "Health" | "MaxCompletionTime" | "Draining" | "Shutdown" | undefined;
  readonly health: { isHealthy: boolean | undefined; failures: number };
  readonly timers: Set<Timer>;
  /** Updates not yet acknowledged; only the first is under way. */
  readonly updates: WireTaskStatus[];
  /** Every update made so far, for the master after a restart. */
  readonly history: WireTaskStatus[];
  retry: Timer | undefined;
  retryDelayMs: number;
}

/** Machines and when they are away. */
export interface MaintenanceSchedule {
  readonly windows?: readonly {
    readonly machine_ids?: readonly MachineId[];
    readonly unavailability: Unavailability;
  }[];
}

/** A machine by either or both. */
export interface MachineId {
  readonly hostname?: string;
  readonly ip?: string;
}

/** Resources that the master asks back for maintenance. */
export interface InverseOffer {
  readonly id: string;
  readonly framework: Framework;
  readonly agent: Agent;
}

/** The whole cluster: mutable, owned by one `createMesosMaster`. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly runner: TaskRunner;
  readonly timing: Timing;
  /** Its hostname and port are those of the master that leads. */
  cluster: ClusterSpec;
  masterId: string;
  startedAt: number;
  isUp: boolean;
  readonly counters: { framework: number; offer: number; agent: number; pid: number };
  readonly frameworks: Map<string, Framework>;
  /** Torn down or expired since the master started, the oldest first. */
  readonly removedFrameworks: Map<string, Framework>;
  /** What the agents know of the frameworks they run tasks for. */
  readonly frameworkInfos: Map<string, Framework["info"]>;
  /** By framework and operation id. */
  readonly operations: Map<string, Operation>;
  readonly maintenance: { schedule: MaintenanceSchedule };
  /** Outstanding, by id. */
  readonly inverseOffers: Map<string, InverseOffer>;
  readonly agents: Map<string, Agent>;
  readonly nodes: Map<string, Node>;
  readonly offers: Map<string, Offer>;
  /** By the task id that the runner knows. */
  readonly running: Map<string, NodeTask>;
  /** Tasks with unacknowledged updates, by framework. */
  readonly unacknowledged: Map<string, Set<NodeTask>>;
  readonly watchers: Set<EventStream>;
  readonly allocation: { readonly dirty: Set<Agent>; timer: Timer | undefined; isUrgent: boolean };
  /** Status updates that the next ones to arrive at the master suffer. */
  readonly mishaps: { lost: number; duplicated: number };
  /** Called after every change worth keeping. */
  changed(): void;
}

/** Seconds since the epoch. */
export function seconds(world: World): number {
  return world.clock.now() / 1000;
}

/** The master as it describes itself. */
export function masterInfo(world: World): WireMasterInfo {
  const { hostname, port, ip = "127.0.0.1" } = world.cluster;
  const bytes = ip.split(".").map(Number);
  const domain = domainOf(world.cluster);
  return {
    id: world.masterId,
    ip: bytes.reduceRight((sum, byte) => sum * 256 + byte, 0),
    port,
    pid: `master@${ip}:${port}`,
    hostname,
    version: VERSION,
    address: { hostname, ip, port },
    ...(domain === undefined ? {} : { domain }),
    capabilities: [{ type: "AGENT_UPDATE" }, { type: "AGENT_DRAINING" }, { type: "QUOTA_V2" }],
  };
}

/** The recorded version, which this master imitates. */
export const VERSION = "1.12.0";

/** The fault domain of a master or an agent, if it has one. */
export function domainOf(place: { readonly region?: string; readonly zone?: string }) {
  if (place.region === undefined || place.zone === undefined) return undefined;
  return { fault_domain: { region: { name: place.region }, zone: { name: place.zone } } };
}

/** Whether the framework declared the capability. */
export function isCapable(framework: Framework, capability: string): boolean {
  return framework.info.capabilities?.some((entry) => entry.type === capability) ?? false;
}

/** The roles a framework is subscribed to. */
export function rolesOf(info: Framework["info"]): readonly string[] {
  if (info.capabilities?.some((entry) => entry.type === "MULTI_ROLE")) return info.roles ?? [];
  return [info.role ?? "*"];
}

/** Task ids are unique within a framework only. */
export function taskKey(frameworkId: string, taskId: string): string {
  return `${frameworkId}/${taskId}`;
}

const TERMINAL = new Set([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
]);

/** No further state follows. */
export function isTerminal(state: string): boolean {
  return TERMINAL.has(state);
}

/** Sends an event to a subscribed framework; others never see it. */
export function send(framework: Framework, event: unknown): void {
  framework.subscription?.stream.push(event);
}

/** Tells the operator streams. */
export function publish(world: World, event: unknown): void {
  for (const watcher of world.watchers) watcher.push(event);
}

/** A new status uuid, as the wire writes it. */
export function drawUuid(world: World): string {
  return Buffer.from(world.random.bytes(16)).toString("base64");
}
