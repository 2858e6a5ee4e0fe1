import { BehaviorSubject } from "rxjs";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { Clock } from "../../platform/clock.js";
import { TransportError } from "../../platform/transport.js";
import type { Agent, ComputeDriver, Connection, Resources, Task, TaskLaunch, TaskStatus } from "./driver.js";
import { createMailbox } from "./model/mailbox.js";
import { createOfferModel } from "./model/offers.js";
import { addResources, NO_RESOURCES, subtractResources } from "./resources.js";
import { createView } from "./view.js";

/** How a launch turns out. */
export type LaunchOutcome =
  | { readonly type: "runs"; readonly addresses: readonly string[] }
  | { readonly type: "fails"; readonly message: string };

/** What the model starts with. */
export interface MemoryComputeOptions {
  readonly clock: Clock;
  readonly agents: readonly Agent[];
  /** Tasks that run already, with what they use. */
  readonly tasks?: readonly { readonly task: Task; readonly resources: Resources }[];
  readonly role?: string;
  /** From launch to Running, and from kill to Killed. */
  readonly delayMs?: number;
  /** Pure; by default every task runs, a routed one with an address of its own. */
  readonly outcomeOf?: (task: TaskLaunch) => LaunchOutcome;
}

/** What happens to the modelled cluster from outside. */
export interface MemoryComputeControl {
  /** The task ends by itself. */
  end(taskId: string, state: "Finished" | "Failed", message?: string): void;
  setHealth(taskId: string, isHealthy: boolean): void;
  addAgent(agent: Agent): void;
  /** The agent is cut off: its tasks run on, unseen. */
  loseAgent(agentId: string): void;
  returnAgent(agentId: string): void;
  disconnect(reason: string): void;
  /** With another master: a new epoch. */
  connect(masterId: string): void;
  /** From now on nobody may connect: another process took over. */
  stop(reason: string): void;
}

/** A compute driver whose cluster is a model in memory. */
export interface MemoryCompute extends ComputeDriver {
  readonly control: MemoryComputeControl;
}

const SOURCE = "memory";
const FRAMEWORK_ID = "memory-framework";

interface ModelTask {
  readonly task: Task;
  readonly resources: Resources;
}

/** Starts connected and settled. */
export function memoryCompute(options: MemoryComputeOptions): MemoryCompute {
  const { clock, delayMs = 0, outcomeOf = runningOutcome() } = options;
  const connection = new BehaviorSubject<Connection>(subscribedTo("memory-1"));
  const taskView = createView<Task>({ clock, source: SOURCE, staleAfterMs: undefined });
  const agentView = createView<Agent>({ clock, source: SOURCE, staleAfterMs: undefined });
  const tasks = new Map<string, ModelTask>();
  const agents = new Map(options.agents.map((agent) => [agent.id, agent]));
  const mailbox = createMailbox(clock);
  const offers = createOfferModel({ clock, role: options.role ?? "*", listFree: freeAgents });
  let isClosed = false;

  for (const entry of options.tasks ?? []) tasks.set(entry.task.id, entry);
  publish();
  offers.refresh();

  function publish(): void {
    const { value } = connection;
    if (value.type !== "subscribed") return;
    const items = new Map([...tasks].map(([id, { task }]) => [id, task]));
    taskView.confirm({ items, epoch: value.epoch, doubt: undefined });
    agentView.confirm({ items: agents, epoch: value.epoch, doubt: undefined });
  }

  /** What each reachable agent has left. */
  function freeAgents(): ReadonlyMap<string, { readonly agent: Agent; readonly free: Resources }> {
    if (connection.value.type !== "subscribed") return new Map();
    const active = [...agents.values()].filter((agent) => agent.state === "Active");
    return new Map(active.map((agent) => [agent.id, { agent, free: freeOf(agent) }]));
  }

  function freeOf(agent: Agent): Resources {
    const used = [...tasks.values()].filter(({ task }) => task.agentId === agent.id);
    const sum = used.reduce((total, { resources }) => addResources(total, resources), NO_RESOURCES);
    return subtractResources(agent.total, sum) ?? NO_RESOURCES;
  }

  /** A change of a task's state: stored, told until acknowledged, and the end of its use of resources. */
  function move(taskId: string, change: Partial<TaskStatus> & Pick<TaskStatus, "state">): void {
    const entry = tasks.get(taskId);
    if (entry === undefined || isClosed) return;
    const before = entry.task.status;
    const status = { ...before, message: undefined, ...change, timestamp: clock.now() / 1000, isReconciliation: false };
    tasks.set(taskId, { ...entry, task: { ...entry.task, status } });
    if (ENDED.has(change.state)) tasks.delete(taskId);
    mailbox.post(status);
    publish();
    offers.refresh();
  }

  function needConnection(operation: string): void {
    if (connection.value.type === "subscribed") return;
    throw new TransportError(`${operation}: not subscribed`, { isSent: false });
  }

  async function launch(offerIds: readonly string[], launches: readonly TaskLaunch[]): Promise<void> {
    needConnection("launching tasks");
    let rest = offers.total(offerIds);
    for (const { taskId, resources } of launches) {
      rest =
        subtractResources(rest, resources) ?? refuse(`launching task ${taskId}: the offers do not hold its resources`);
    }
    offers.use(offerIds);
    for (const wanted of launches) start(wanted);
    offers.refresh();
  }

  function start(wanted: TaskLaunch): void {
    const { taskId: id, name, agentId, labels, resources } = wanted;
    tasks.set(id, { task: { id, name, agentId, labels, status: stagingStatus(wanted) }, resources });
    clock.schedule(delayMs, () => {
      if (tasks.get(id)?.task.status.state !== "Staging") return;
      const outcome = outcomeOf(wanted);
      if (outcome.type === "fails") return move(id, { state: "Failed", message: outcome.message });
      move(id, { state: "Starting" });
      const containerId = wanted.containerizer === "Docker" ? `docker://${id}` : undefined;
      move(id, { state: "Running", addresses: outcome.addresses, containerId, mesosContainerId: `container-${id}` });
    });
    publish();
  }

  async function kill({ taskId, agentId }: { readonly taskId: string; readonly agentId: string | undefined }) {
    needConnection(`killing task ${taskId}`);
    const entry = tasks.get(taskId);
    if (entry === undefined || isCutOff(entry.task.agentId)) return mailbox.tell(statementOf(taskId, agentId));
    if (entry.task.status.state !== "Killing") move(taskId, { state: "Killing" });
    clock.schedule(delayMs, () => move(taskId, { state: "Killed" }));
  }

  function isCutOff(agentId: string): boolean {
    return agents.get(agentId)?.state === "Unreachable";
  }

  /** What the master says of a task now. */
  function statementOf(taskId: string, agentId: string | undefined): TaskStatus {
    const entry = tasks.get(taskId);
    const statement = { isReconciliation: true, acknowledgement: undefined, reason: "REASON_RECONCILIATION" };
    if (entry !== undefined) return { ...entry.task.status, ...statement };
    const isAgentKnown = agentId !== undefined && agents.has(agentId);
    const state = isAgentKnown ? (isCutOff(agentId) ? "Unreachable" : "Gone") : "Unknown";
    return { ...emptyStatus(taskId, agentId), state, ...statement, timestamp: clock.now() / 1000 };
  }

  function setAgent(agentId: string, state: Agent["state"]): void {
    const agent = agents.get(agentId);
    if (agent === undefined) return;
    agents.set(agentId, { ...agent, state });
    for (const { task } of tasks.values()) {
      if (task.agentId !== agentId) continue;
      if (state === "Unreachable") move(task.id, { state: "Unreachable" });
      else if (task.status.state === "Unreachable") move(task.id, { state: "Running" });
    }
    publish();
    offers.refresh();
  }

  function leave(next: Connection, reason: string): void {
    connection.next(next);
    taskView.lose(reason);
    agentView.lose(reason);
    offers.refresh();
  }

  return {
    connection$: connection.asObservable(),
    tasks$: taskView.observe$,
    agents$: agentView.observe$,
    statuses$: mailbox.statuses$,
    offers$: offers.offers$,
    launch,
    kill,
    async acknowledge(status) {
      needConnection(`acknowledging a status of task ${status.taskId}`);
      mailbox.acknowledge(status);
    },
    async decline(offerIds, refuseSeconds) {
      needConnection("declining offers");
      offers.decline(offerIds, refuseSeconds * 1000);
    },
    async suppress() {
      needConnection("suppressing offers");
      offers.suppress();
    },
    async revive() {
      needConnection("reviving offers");
      offers.revive();
    },
    async reconcile(asked) {
      for (const { taskId, agentId } of asked) mailbox.tell(statementOf(taskId, agentId));
    },
    close() {
      isClosed = true;
      mailbox.close();
      offers.close();
      taskView.close();
      agentView.close();
      connection.complete();
    },
    control: {
      end: (taskId, state, message) => move(taskId, { state, message }),
      setHealth: (taskId, isHealthy) => move(taskId, { state: "Running", isHealthy }),
      addAgent(agent) {
        agents.set(agent.id, agent);
        publish();
        offers.refresh();
      },
      loseAgent: (agentId) => setAgent(agentId, "Unreachable"),
      returnAgent: (agentId) => setAgent(agentId, "Active"),
      disconnect: (reason) => leave({ type: "connecting", reason, since: clock.monotonic() }, reason),
      connect(masterId) {
        connection.next(subscribedTo(masterId));
        publish();
        offers.refresh();
      },
      stop: (reason) => leave({ type: "stopped", reason }, reason),
    },
  };
}

const ENDED: ReadonlySet<TaskStatus["state"]> = new Set(["Finished", "Failed", "Killed"]);

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

function stagingStatus({ taskId, agentId }: TaskLaunch): TaskStatus {
  return { ...emptyStatus(taskId, agentId), isReconciliation: true };
}

/** Routed tasks get one address each, in order. */
function runningOutcome(): (task: TaskLaunch) => LaunchOutcome {
  let count = 0;
  return (task) => {
    if (task.network.mode !== "Routed") return { type: "runs", addresses: [] };
    count += 1;
    return { type: "runs", addresses: [`10.64.${count >> 8}.${count & 255}`] };
  };
}
