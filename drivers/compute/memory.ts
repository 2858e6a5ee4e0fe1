import type { Agent, ComputeDriver } from "./driver.js";
import {
  addAgent,
  type Cluster,
  connectTo,
  createCluster,
  killTask,
  type LaunchOutcome,
  launchTasks,
  leave,
  type MemoryComputeOptions,
  moveTask,
  needConnection,
  setAgentState,
  statementOf,
} from "./model/cluster.js";

export type { LaunchOutcome, MemoryComputeOptions };

/** What happens to the modelled cluster from outside. */
export interface MemoryComputeControl {
  /** The task ends by itself. */
  end(taskId: string, state: "Finished" | "Failed", message?: string): void;
  /** The same as programs end: with an exit code, or by a signal. */
  exit(taskId: string, how: { readonly exitCode: number } | { readonly signal: string }): void;
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

/** Starts connected and settled. */
export function memoryCompute(options: MemoryComputeOptions): MemoryCompute {
  const cluster = createCluster(options);
  const { connection, taskView, agentView, mailbox, offers } = cluster;
  return {
    connection$: connection.asObservable(),
    tasks$: taskView.observe$,
    agents$: agentView.observe$,
    statuses$: mailbox.statuses$,
    offers$: offers.offers$,
    ...callsOf(cluster),
    close() {
      cluster.isClosed = true;
      mailbox.close();
      offers.close();
      taskView.close();
      agentView.close();
      connection.complete();
    },
    control: controlOf(cluster),
  };
}

type Calls = Omit<ComputeDriver, `${string}$` | "close">;

function callsOf(cluster: Cluster): Calls {
  const { mailbox, offers } = cluster;
  return {
    async launch(offerIds, tasks) {
      needConnection(cluster, "launching tasks");
      launchTasks(cluster, offerIds, tasks);
    },
    async kill({ taskId, agentId }) {
      needConnection(cluster, `killing task ${taskId}`);
      killTask(cluster, taskId, agentId);
    },
    async shutDownExecutor({ executorId }) {
      // an executor of the model is nothing but what its tasks take
      needConnection(cluster, `ending executor ${executorId}`);
    },
    async acknowledge(status) {
      needConnection(cluster, `acknowledging a status of task ${status.taskId}`);
      mailbox.acknowledge(status);
    },
    async decline(offerIds, refuseSeconds) {
      needConnection(cluster, "declining offers");
      offers.decline(offerIds, refuseSeconds * 1000);
    },
    async suppress() {
      needConnection(cluster, "suppressing offers");
      offers.suppress();
    },
    async revive() {
      needConnection(cluster, "reviving offers");
      offers.revive();
    },
    async teardown() {
      needConnection(cluster, "tearing the framework down");
      for (const taskId of [...cluster.tasks.keys()]) moveTask(cluster, taskId, { state: "Killed" });
      leave(cluster, { type: "stopped", reason: "Framework has been removed" });
    },
    async reconcile(asked) {
      for (const { taskId, agentId } of asked) mailbox.tell(statementOf(cluster, taskId, agentId));
    },
    async read({ taskId, agentId }) {
      const { value } = cluster.connection;
      if (value.type !== "subscribed") return { type: "unknown", reason: value.reason };
      const status = statementOf(cluster, taskId, agentId);
      const isAbsent = status.state === "Gone" || status.state === "Unknown";
      return isAbsent ? { type: "absent" } : { type: "present", item: status };
    },
  };
}

function controlOf(cluster: Cluster): MemoryComputeControl {
  const { clock } = cluster;
  return {
    end: (taskId, state, message) => moveTask(cluster, taskId, { state, message }),
    exit(taskId, how) {
      const state = "exitCode" in how && how.exitCode === 0 ? "Finished" : "Failed";
      moveTask(cluster, taskId, { state, ...how });
    },
    setHealth: (taskId, isHealthy) => moveTask(cluster, taskId, { state: "Running", isHealthy }),
    addAgent: (agent) => addAgent(cluster, agent),
    loseAgent: (agentId) => setAgentState(cluster, agentId, "Unreachable"),
    returnAgent: (agentId) => setAgentState(cluster, agentId, "Active"),
    disconnect: (reason) => leave(cluster, { type: "connecting", reason, since: clock.monotonic() }),
    connect: (masterId) => connectTo(cluster, masterId),
    stop: (reason) => leave(cluster, { type: "stopped", reason }),
  };
}
