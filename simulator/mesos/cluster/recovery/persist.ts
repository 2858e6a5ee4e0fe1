import { resumeTask } from "../../node/executor.js";
import { agentStatus } from "../../node/status.js";
import { report } from "../../node/updates.js";
import type { Quantity } from "../../wire/resources.js";
import { newAgent } from "../agents.js";
import type { AgentSpec } from "../spec.js";
import type { Agent, CompletedTask, Framework, MaintenanceSchedule, Node, NodeTask, World } from "../world.js";

/** What survives the simulator's own end, as plain JSON: the registry and what the agents keep on disk. */
export interface PersistedState {
  readonly agents: readonly PersistedAgent[];
  readonly frameworks: readonly { readonly id: string; readonly info: Framework["info"] }[];
  readonly tasks: readonly PersistedTask[];
  readonly maintenance?: MaintenanceSchedule;
  readonly nextPid: number;
}

interface PersistedAgent {
  readonly id: string;
  readonly spec: AgentSpec;
  readonly status: Agent["status"];
  readonly isDeactivated: boolean;
  /** What it has, cut by reservations. */
  readonly total?: readonly (readonly [string, Quantity])[];
  readonly completed?: readonly CompletedTask[];
}

type PersistedTask = Omit<NodeTask, "node" | "early" | "timers" | "retry" | "retryDelayMs" | "startedAt"> & {
  readonly nodeName: string;
};

/** A copy that later changes do not touch. */
export function snapshot(world: World): PersistedState {
  const agents = [...world.agents.values()].filter(({ spec }) => spec.isEphemeral !== true);
  const nodes = [...world.nodes.values()].filter(({ spec }) => spec.isEphemeral !== true);
  const tasks = nodes.flatMap((node) => [...node.tasks.values()]);
  return structuredClone({
    agents: agents.map(({ id, spec, status, isDeactivated, total, node }) => {
      return { id, spec, status, isDeactivated, total: [...total], completed: node.completed };
    }),
    frameworks: [...world.frameworkInfos].map(([id, info]) => ({ id, info })),
    tasks: tasks.map(persisted),
    maintenance: world.maintenance.schedule,
    nextPid: world.counters.pid,
  });
}

function persisted(task: NodeTask): PersistedTask {
  const {
    node,
    early: _early,
    timers: _timers,
    retry: _retry,
    retryDelayMs: _delay,
    startedAt: _start,
    ...kept
  } = task;
  return { ...kept, nodeName: node.spec.name };
}

/** Puts the registry and the agents' tasks back; the caller starts the master afterwards. */
export function restore(world: World, state: PersistedState, addNode: (spec: AgentSpec) => Node): void {
  world.counters.pid = state.nextPid;
  world.maintenance.schedule = state.maintenance ?? {};
  for (const { id, info } of state.frameworks) world.frameworkInfos.set(id, info);
  for (const entry of state.agents) {
    const node = world.nodes.get(entry.spec.name) ?? addNode(entry.spec);
    node.agentId = entry.id;
    const agent = newAgent(world, node, entry.id);
    agent.status = entry.status;
    agent.isDeactivated = entry.isDeactivated;
    if (entry.total !== undefined) agent.total = new Map(entry.total);
    node.completed.push(...structuredClone(entry.completed ?? []));
  }
  for (const task of structuredClone(state.tasks)) restoreTask(world, task);
  for (const task of [...world.running.values()]) readopt(world, task);
}

function restoreTask(world: World, { nodeName, ...kept }: PersistedTask): void {
  const node = world.nodes.get(nodeName);
  if (node === undefined) return;
  const task: NodeTask = {
    ...kept,
    node,
    early: [],
    timers: new Set(),
    retry: undefined,
    retryDelayMs: world.timing.statusRetryMs,
    startedAt: world.clock.monotonic(),
  };
  node.tasks.set(task.key, task);
  if (task.phase !== "Ended") world.running.set(task.info.task_id.value, task);
  if (task.updates.length === 0) return;
  const pending = world.unacknowledged.get(task.frameworkId) ?? new Set();
  world.unacknowledged.set(task.frameworkId, pending.add(task));
}

/** Takes up a task that still runs; one that ended unseen has failed. */
function readopt(world: World, task: NodeTask): void {
  const taskId = task.info.task_id.value;
  const alive = world.runner.running().find((entry) => entry.task.taskId === taskId);
  if (task.phase === "Queued" || alive !== undefined) {
    resumeTask(world, task, alive?.address);
    return;
  }
  world.running.delete(taskId);
  task.phase = "Ended";
  const reason = "REASON_EXECUTOR_TERMINATED";
  report(world, task, agentStatus(world, task, { state: "TASK_FAILED", message: "Executor terminated", reason }));
}
