import type { WireContainerStatus } from "../../../../drivers/compute/mesos/wire.js";
import { killTask, shutDown } from "../../node/executor.js";
import { runningExecutor } from "../../node/group.js";
import { resendFrom } from "../../node/updates.js";
import { EMPTY, fromWire } from "../../wire/resources.js";
import { admit, registerAgent } from "../agents.js";
import { dropExecutor, holdExecutor } from "../executors.js";
import { addFramework } from "../frameworks.js";
import { hold } from "../offers.js";
import { declare, forgetTask, masterStatus, wireTask } from "../tasks.js";
import {
  type Agent,
  type Framework,
  isCapable,
  isTerminal,
  type Node,
  type NodeTask,
  publish,
  send,
  type Task,
  type World,
} from "../world.js";

/** An agent's process registers again: after its own restart, a partition, or a restart of the master. */
export function reregisterAgent(world: World, node: Node): void {
  const agent = node.agentId === undefined ? undefined : world.agents.get(node.agentId);
  if (agent === undefined) {
    registerAgent(world, node);
    return;
  }
  if (agent.status === "Gone") return;
  agent.reregisteredAt = world.clock.now();
  if (agent.status === "Registered") agreeOnTasks(world, agent);
  else takeOverTasks(world, agent);
  admit(world, agent);
  runPendingKills(world, agent);
  resendFrom(world, node);
}

/** A short absence: what the master sent meanwhile never arrived. */
function agreeOnTasks(world: World, agent: Agent): void {
  for (const [key, task] of [...agent.tasks]) {
    if (agent.node.tasks.has(key)) continue;
    const state = isCapable(task.framework, "PARTITION_AWARE") ? "TASK_DROPPED" : "TASK_LOST";
    const message = "Reconciliation: Task is unknown to the agent";
    declare(world, task, { state, reason: "REASON_RECONCILIATION", message });
    forgetTask(world, task);
  }
  for (const [key, { executor, framework }] of [...agent.executors]) {
    if (runningExecutor(agent.node, framework.id, executor.id) === undefined) dropExecutor(world, agent, key);
  }
}

function takeOverTasks(world: World, agent: Agent): void {
  for (const nodeTask of [...agent.node.tasks.values()]) {
    const framework = frameworkOf(world, nodeTask.frameworkId);
    if (framework === undefined) shutDown(world, nodeTask, 0);
    else takeOver(world, { agent, nodeTask, framework });
  }
}

/** The framework of a task; after a restart of the master it is known from its agents only. */
function frameworkOf(world: World, id: string): Framework | undefined {
  const known = world.frameworks.get(id);
  if (known !== undefined || world.removedFrameworks.has(id)) return known;
  const info = world.frameworkInfos.get(id);
  return info === undefined ? undefined : addFramework(world, id, info);
}

interface Returning {
  readonly agent: Agent;
  readonly nodeTask: NodeTask;
  readonly framework: Framework;
}

function takeOver(world: World, returning: Returning): void {
  const { agent, nodeTask, framework } = returning;
  const task = restored(returning);
  framework.unreachable.delete(task.id);
  framework.tasks.set(task.id, task);
  agent.tasks.set(nodeTask.key, task);
  if (!task.isReleased) hold(framework, task.role, task.resources);
  if (nodeTask.executor !== undefined && nodeTask.phase !== "Ended") {
    holdExecutor({ framework, agent, role: nodeTask.role }, nodeTask.executor);
  }
  publish(world, { type: "TASK_ADDED", task_added: { task: wireTask(task) } });
  if (agent.status === "Unreachable" && !isTerminal(task.state)) declareBack(world, task, containerOf(nodeTask));
}

function restored({ agent, nodeTask, framework }: Returning): Task {
  const isEnded = isTerminal(nodeTask.latestState);
  return {
    info: nodeTask.info,
    executor: nodeTask.executor,
    id: nodeTask.info.task_id.value,
    framework,
    agent,
    role: nodeTask.role,
    resources: isEnded ? EMPTY : fromWire(nodeTask.info.resources, nodeTask.role),
    state: nodeTask.latestState,
    statuses: nodeTask.history.filter((status) => !isTerminal(status.state)).map(({ data: _, ...kept }) => kept),
    statusState: undefined,
    statusUuid: undefined,
    isReleased: isEnded,
    json: undefined,
  };
}

function containerOf(nodeTask: NodeTask): WireContainerStatus | undefined {
  return nodeTask.history.at(-1)?.container_status;
}

/** Only the scheduler hears it; the operator gets TASK_ADDED. */
function declareBack(world: World, task: Task, container: WireContainerStatus | undefined): void {
  const status = masterStatus(world, {
    taskId: task.id,
    agentId: task.agent.id,
    state: task.state,
    reason: "REASON_AGENT_REREGISTERED",
    message: "Unreachable agent re-reregistered",
    ...(container === undefined ? {} : { extra: { container_status: container } }),
  });
  send(task.framework, { type: "UPDATE", update: { status } });
}

function runPendingKills(world: World, agent: Agent): void {
  for (const key of agent.pendingKills) {
    const task = agent.node.tasks.get(key);
    if (task !== undefined) killTask(world, task, {});
  }
  agent.pendingKills.clear();
}
