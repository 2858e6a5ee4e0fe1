import { BehaviorSubject } from "rxjs";
import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Clock } from "../../../platform/clock.js";
import { TransportError } from "../../../platform/transport.js";
import type { Agent, Connection, Resources, Task, TaskExecutor, TaskLaunch, TaskStatus } from "../driver.js";
import { addResources, NO_RESOURCES, subtractResources } from "../resources.js";
import { createView, type View } from "../view.js";
import { createMailbox, type Mailbox } from "./mailbox.js";
import { createOfferModel, type FreeAgent, type OfferModel } from "./offers.js";

/** How a launch turns out. */
export type LaunchOutcome =
  | { readonly type: "runs"; readonly addresses: readonly string[] }
  | { readonly type: "fails"; readonly message: string };

/** What the model starts with. */
export interface MemoryComputeOptions {
  readonly clock: Clock;
  readonly agents: readonly Agent[];
  /** Tasks that run already, with what they use. */
  readonly tasks?: readonly ModelTask[];
  readonly role?: string;
  /** From launch to Running, and from kill to Killed. */
  readonly delayMs?: number;
  /** By default every task runs, a routed one with an address of its own. */
  readonly outcomeOf?: (task: TaskLaunch) => LaunchOutcome;
}

/** A task and what it uses of its agent. */
export interface ModelTask {
  readonly task: Task;
  readonly resources: Resources;
}

/** The state of a modelled cluster; changed only by the functions of this file. */
export interface Cluster {
  readonly clock: Clock;
  readonly delayMs: number;
  readonly outcomeOf: (task: TaskLaunch) => LaunchOutcome;
  readonly connection: BehaviorSubject<Connection>;
  readonly taskView: View<Task>;
  readonly agentView: View<Agent>;
  readonly tasks: Map<string, ModelTask>;
  readonly agents: Map<string, Agent>;
  readonly mailbox: Mailbox;
  readonly offers: OfferModel;
  isClosed: boolean;
  /** A publication is due at the end of this burst of changes. */
  isDue: boolean;
}

const SOURCE = "memory";
const FRAMEWORK_ID = "memory-framework";

/** A cluster to which the driver is connected. */
export function createCluster(options: MemoryComputeOptions): Cluster {
  const { clock } = options;
  const cluster: Cluster = {
    clock,
    delayMs: options.delayMs ?? 0,
    outcomeOf: options.outcomeOf ?? runningOutcome(),
    connection: new BehaviorSubject<Connection>(subscribedTo("memory-1")),
    taskView: createView<Task>({ clock, source: SOURCE, staleAfterMs: undefined }),
    agentView: createView<Agent>({ clock, source: SOURCE, staleAfterMs: undefined }),
    tasks: new Map((options.tasks ?? []).map((entry) => [entry.task.id, entry])),
    agents: new Map(options.agents.map((agent) => [agent.id, agent])),
    mailbox: createMailbox(clock),
    offers: createOfferModel({ clock, role: options.role ?? "*", listFree: () => freeAgents(cluster) }),
    isClosed: false,
    isDue: false,
  };
  publish(cluster);
  return cluster;
}

/** Connected to this master, settled. */
export function connectTo(cluster: Cluster, masterId: string): void {
  cluster.connection.next(subscribedTo(masterId));
  publish(cluster);
}

/** Not connected: nothing is known. */
export function leave(cluster: Cluster, next: Connection & { readonly reason: string }): void {
  cluster.connection.next(next);
  cluster.taskView.lose(next.reason);
  cluster.agentView.lose(next.reason);
  cluster.offers.refresh();
}

/** Throws TransportError while not connected. */
export function needConnection(cluster: Cluster, operation: string): void {
  if (cluster.connection.value.type === "subscribed") return;
  throw new TransportError(`${operation}: not subscribed`, { isSent: false });
}

/** All of the tasks, or none when they do not fit. */
export function launchTasks(cluster: Cluster, offerIds: readonly string[], launches: readonly TaskLaunch[]): void {
  let rest = cluster.offers.total(offerIds);
  for (const { taskId, resources, roles } of launches) {
    // nothing is reserved in this cluster
    const left = roles === undefined || roles.includes("*") ? subtractResources(rest, resources) : undefined;
    rest = left ?? refuse(`launching task ${taskId}: the offers do not hold its resources`);
  }
  for (const { id, resources } of executorsOf(launches)) {
    rest =
      subtractResources(rest, resources) ?? refuse(`launching executor ${id}: the offers do not hold its resources`);
  }
  cluster.offers.use(offerIds);
  for (const wanted of launches) start(cluster, wanted);
  publishSoon(cluster);
}

/** Each executor once, however many tasks share it. */
function executorsOf(launches: readonly TaskLaunch[]): Iterable<TaskExecutor> {
  return new Map(
    launches.flatMap(({ executor }) => (executor === undefined ? [] : [[executor.id, executor]])),
  ).values();
}

/** The task ends after the delay; of one that is not there or out of reach only the state is told. */
export function killTask(cluster: Cluster, taskId: string, agentId: string | undefined): void {
  const entry = cluster.tasks.get(taskId);
  if (entry === undefined || isCutOff(cluster, entry.task.agentId)) {
    cluster.mailbox.tell(statementOf(cluster, taskId, agentId));
    return;
  }
  if (entry.task.status.state !== "Killing") moveTask(cluster, taskId, { state: "Killing" });
  cluster.clock.schedule(cluster.delayMs, () => moveTask(cluster, taskId, { state: "Killed" }));
}

/** A change of a task's state: stored, told until acknowledged, and at the end its resources are free. */
export function moveTask(
  cluster: Cluster,
  taskId: string,
  change: Partial<TaskStatus> & Pick<TaskStatus, "state">,
): void {
  const entry = cluster.tasks.get(taskId);
  if (entry === undefined || cluster.isClosed) return;
  const { task } = entry;
  const timestamp = cluster.clock.now() / 1000;
  const status = { ...task.status, message: undefined, ...change, timestamp, isReconciliation: false };
  cluster.tasks.set(taskId, { ...entry, task: { ...task, status } });
  if (ENDED.has(change.state)) cluster.tasks.delete(taskId);
  cluster.mailbox.post(status);
  publishSoon(cluster);
}

/** What the master says of a task now. */
export function statementOf(cluster: Cluster, taskId: string, agentId: string | undefined): TaskStatus {
  const entry = cluster.tasks.get(taskId);
  const statement = { isReconciliation: true, acknowledgement: undefined, reason: "REASON_RECONCILIATION" };
  if (entry !== undefined) return { ...entry.task.status, ...statement };
  const isAgentKnown = agentId !== undefined && cluster.agents.has(agentId);
  const known = isAgentKnown && isCutOff(cluster, agentId) ? "Unreachable" : "Gone";
  const state = isAgentKnown ? known : "Unknown";
  return { ...emptyStatus(taskId, agentId), ...statement, state, timestamp: cluster.clock.now() / 1000 };
}

/** A new agent. */
export function addAgent(cluster: Cluster, agent: Agent): void {
  cluster.agents.set(agent.id, agent);
  publishSoon(cluster);
}

/** Cut off, its tasks are unreachable; back, they run as before. */
export function setAgentState(cluster: Cluster, agentId: string, state: "Active" | "Unreachable"): void {
  const agent = cluster.agents.get(agentId);
  if (agent === undefined) return;
  cluster.agents.set(agentId, { ...agent, state });
  for (const { task } of [...cluster.tasks.values()]) {
    if (task.agentId !== agentId) continue;
    if (state === "Unreachable") moveTask(cluster, task.id, { state });
    else if (task.status.state === "Unreachable") moveTask(cluster, task.id, { state: "Running" });
  }
  publishSoon(cluster);
}

const ENDED: ReadonlySet<TaskStatus["state"]> = new Set(["Finished", "Failed", "Killed"]);

/** Once for all changes of this moment: a publication costs as much as there are tasks. */
function publishSoon(cluster: Cluster): void {
  if (cluster.isDue) return;
  cluster.isDue = true;
  cluster.clock.schedule(0, () => {
    cluster.isDue = false;
    if (!cluster.isClosed) publish(cluster);
  });
}

function publish(cluster: Cluster): void {
  const { value } = cluster.connection;
  if (value.type === "subscribed") {
    const { epoch } = value;
    const tasks = new Map([...cluster.tasks].map(([id, { task }]) => [id, task]));
    cluster.taskView.confirm({ items: tasks, epoch, doubt: undefined });
    cluster.agentView.confirm({ items: new Map(cluster.agents), epoch, doubt: undefined });
  }
  cluster.offers.refresh();
}

/** What each reachable agent has left. */
function freeAgents(cluster: Cluster): ReadonlyMap<string, FreeAgent> {
  if (cluster.connection.value.type !== "subscribed") return new Map();
  const used = new Map<string, Resources>();
  for (const { task, resources } of cluster.tasks.values()) {
    used.set(task.agentId, addResources(used.get(task.agentId) ?? NO_RESOURCES, resources));
  }
  const active = [...cluster.agents.values()].filter((agent) => agent.state === "Active");
  return new Map(
    active.map((agent) => {
      const free = subtractResources(agent.total, used.get(agent.id) ?? NO_RESOURCES) ?? NO_RESOURCES;
      return [agent.id, { agent, free }];
    }),
  );
}

function start(cluster: Cluster, wanted: TaskLaunch): void {
  const { taskId: id, name, agentId, labels, resources } = wanted;
  const status = { ...emptyStatus(id, agentId), isReconciliation: true };
  cluster.tasks.set(id, { task: { id, name, agentId, labels, status }, resources });
  cluster.clock.schedule(cluster.delayMs, () => {
    if (cluster.tasks.get(id)?.task.status.state !== "Staging") return;
    const outcome = cluster.outcomeOf(wanted);
    if (outcome.type === "fails") {
      moveTask(cluster, id, { state: "Failed", message: outcome.message });
      return;
    }
    moveTask(cluster, id, { state: "Starting" });
    const containerId = wanted.containerizer === "Docker" ? `docker://${id}` : undefined;
    const { addresses } = outcome;
    moveTask(cluster, id, { state: "Running", addresses, containerId, mesosContainerId: `container-${id}` });
  });
}

function isCutOff(cluster: Cluster, agentId: string): boolean {
  return cluster.agents.get(agentId)?.state === "Unreachable";
}

function subscribedTo(masterId: string): Connection {
  return { type: "subscribed", frameworkId: FRAMEWORK_ID, epoch: `${masterId}/${FRAMEWORK_ID}`, isSettled: true };
}

function refuse(message: string): never {
  throw new StatusError("Invalid", message);
}

function emptyStatus(taskId: string, agentId: string | undefined): TaskStatus {
  return {
    taskId,
    agentId,
    state: "Staging",
    reason: undefined,
    message: undefined,
    timestamp: 0,
    isHealthy: undefined,
    addresses: [],
    containerId: undefined,
    mesosContainerId: undefined,
    isReconciliation: false,
    acknowledgement: undefined,
  };
}

/** Routed tasks get the address that they ask for, or one each, in order. */
function runningOutcome(): (task: TaskLaunch) => LaunchOutcome {
  let count = 0;
  return (task) => {
    if (task.network.mode !== "Routed") return { type: "runs", addresses: [] };
    if (task.network.address !== undefined) return { type: "runs", addresses: [task.network.address] };
    count += 1;
    return { type: "runs", addresses: [`10.64.${count >> 8}.${count & 255}`] };
  };
}
