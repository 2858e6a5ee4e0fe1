import type { WireTaskStatus } from "../../../drivers/compute/mesos/wire.js";
import { type CompletedTask, domainOf, type Node, type NodeTask, type World } from "../cluster/world.js";
import { legacyStatus, plainResources } from "../operator/legacy.js";
import { versionInfo } from "../operator/listing.js";
import { AGENT_CAPABILITIES } from "../operator/wire-agent.js";
import { parseAttributes, plainAttribute } from "../wire/attributes.js";
import { add, fromWire, parseResources, toWire } from "../wire/resources.js";
import { executorNameOf } from "./containers.js";
import { directoryOf } from "./files.js";

/** `GET /state` of an agent: its executors by framework, each with its sandbox directory. */
export function agentStateOf(world: World, node: Node) {
  const { spec } = node;
  const domain = domainOf(spec);
  const resources = plainResources(parseResources(spec.resources));
  return {
    ...versionInfo(),
    id: node.agentId ?? "",
    pid: `slave(1)@${spec.ip}:${spec.port ?? DEFAULT_PORT}`,
    hostname: spec.hostname ?? spec.name,
    capabilities: AGENT_CAPABILITIES,
    ...(domain === undefined ? {} : { domain }),
    resources,
    attributes: Object.fromEntries(
      parseAttributes(spec.attributes).map((attribute) => [attribute.name, plainAttribute(attribute)]),
    ),
    master_hostname: world.cluster.hostname,
    frameworks: frameworkIds(node).map((id) => agentFramework(world, node, id)),
    completed_frameworks: [],
  };
}

const DEFAULT_PORT = 5051;

/** The frameworks that have or had tasks there. */
export function frameworkIds(node: Node): readonly string[] {
  return [...new Set([...node.tasks.values(), ...node.completed].map((task) => task.frameworkId))];
}

function agentFramework(world: World, node: Node, id: string) {
  const info = world.frameworkInfos.get(id);
  const live = [...node.tasks.values()].filter((task) => task.frameworkId === id && task.phase !== "Ended");
  const liveExecutors = new Set(live.map(executorIdOf));
  const ended = endedTasks(node).filter((task) => task.frameworkId === id);
  const isOver = (task: CompletedTask) => !liveExecutors.has(executorIdOf(task));
  return {
    id,
    name: info?.name ?? "",
    user: info?.user ?? "",
    failover_timeout: info?.failover_timeout ?? 0,
    checkpoint: info?.checkpoint ?? false,
    roles: info?.roles ?? [],
    executors: [...liveExecutors].map((executorId) => {
      const running = live.filter((task) => executorIdOf(task) === executorId);
      return agentExecutor(
        node,
        running,
        ended.filter((task) => executorIdOf(task) === executorId),
      );
    }),
    completed_executors: ended.filter(isOver).map((task) => agentExecutor(node, [], [task])),
  };
}

/** Ended but perhaps not acknowledged. */
export function endedTasks(node: Node): readonly CompletedTask[] {
  return [...node.completed, ...[...node.tasks.values()].filter((task) => task.phase === "Ended")];
}

function executorIdOf(task: CompletedTask): string {
  return task.executor?.id ?? task.info.task_id.value;
}

function agentExecutor(node: Node, running: readonly NodeTask[], ended: readonly CompletedTask[]) {
  const first = running[0] ?? ended[0];
  if (first === undefined) return {};
  const { info, executor, containerId, parentId, role } = first;
  const own = fromWire(executor?.info.resources ?? [], role);
  const labels = executor === undefined ? info.labels : executor.info.labels;
  return {
    id: executorIdOf(first),
    name: executorNameOf(first),
    source: executor?.info.source ?? executorIdOf(first),
    container: parentId ?? containerId,
    directory: parentId === undefined ? directoryOf(node, first) : directoryOf(node, first).split("/containers/")[0],
    resources: plainResources(running.reduce((sum, task) => add(sum, fromWire(task.info.resources, role)), own)),
    role,
    ...(labels === undefined ? {} : { labels: labels.labels ?? [] }),
    tasks: running.filter((task) => task.phase !== "Queued").map((task) => agentTask(node, task)),
    queued_tasks: running.filter((task) => task.phase === "Queued").map((task) => agentTask(node, task)),
    completed_tasks: ended.map((task) => agentTask(node, task)),
    ...(executor?.type === "DEFAULT" ? { type: "DEFAULT" } : {}),
  };
}

function agentTask(node: Node, task: CompletedTask) {
  const { info, role, executor, latestState, frameworkId } = task;
  const statuses = keptStatuses(task);
  return {
    id: info.task_id.value,
    name: info.name,
    framework_id: frameworkId,
    executor_id: executor?.id ?? "",
    slave_id: node.agentId ?? "",
    state: latestState,
    resources: plainResources(fromWire(info.resources, role)),
    role,
    statuses: statuses.map(legacyStatus),
    ...(info.labels === undefined ? {} : { labels: info.labels.labels ?? [] }),
    ...(info.discovery === undefined ? {} : { discovery: info.discovery }),
    ...(info.health_check === undefined ? {} : { health_check: info.health_check }),
  };
}

/** The last of each run of one state; none of a task that is only remembered. */
function keptStatuses(task: CompletedTask): readonly WireTaskStatus[] {
  const history: readonly WireTaskStatus[] = "history" in task ? (task as NodeTask).history : [];
  const kept = history.filter(({ state }, index) => history[index + 1]?.state !== state);
  return kept.map(({ data: _, ...status }) => status);
}

/** A task as the agent's API lists it. */
export function wireAgentTask(node: Node, task: CompletedTask) {
  const { info, role, executor, latestState, frameworkId } = task;
  const statuses = keptStatuses(task);
  const last = statuses.at(-1);
  return {
    name: info.name,
    task_id: info.task_id,
    framework_id: { value: frameworkId },
    ...(executor === undefined ? {} : { executor_id: { value: executor.id } }),
    agent_id: { value: node.agentId ?? "" },
    state: latestState,
    resources: toWire(fromWire(info.resources, role), { allocatedTo: role }),
    ...(statuses.length === 0 ? {} : { statuses }),
    ...(last === undefined ? {} : { status_update_state: last.state, status_update_uuid: last.uuid }),
    ...(info.labels === undefined ? {} : { labels: info.labels }),
    ...(info.discovery === undefined ? {} : { discovery: info.discovery }),
    ...(info.container === undefined ? {} : { container: info.container }),
    ...(info.health_check === undefined ? {} : { health_check: info.health_check }),
  };
}
