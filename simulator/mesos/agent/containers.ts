import type { Node, NodeTask, World } from "../cluster/world.js";
import { fromWire, milliOf, parseResources } from "../wire/resources.js";

/** `GET /monitor/statistics`: the counters of what runs. */
export function statisticsOf(world: World, node: Node) {
  return liveTasks(node).flatMap((task) => {
    const statistics = countersOf(world, task);
    return statistics === undefined ? [] : [{ ...identityOf(task), statistics }];
  });
}

/** `GET /metrics/snapshot`: the memory of the machine; of it, its tasks use what they say. */
export function machineMetricsOf(world: World, node: Node): Readonly<Record<string, number>> {
  const totalBytes = (milliOf(parseResources(node.spec.resources), "mem") / 1000) * 1024 * 1024;
  const usedBytes = liveTasks(node)
    .map((task) => world.runner.statistics(task.info.task_id.value)?.memoryBytes ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0);
  return {
    "slave/registered": node.agentId === undefined ? 0 : 1,
    "slave/tasks_running": liveTasks(node).length,
    "system/mem_free_bytes": Math.max(0, totalBytes - usedBytes),
    "system/mem_total_bytes": totalBytes,
  };
}

/** `GET /containers`: the same with container ids. */
export function containersOf(world: World, node: Node) {
  return liveTasks(node).map((task) => {
    const statistics = countersOf(world, task);
    return {
      container_id: task.containerId,
      ...identityOf(task),
      ...(statistics === undefined ? {} : { statistics }),
      status: { container_id: { value: task.containerId }, ...pidOf(task) },
    };
  });
}

/** GET_CONTAINERS of the agent's API; with nested ones below their executor's when asked for. */
export function wireContainers(world: World, node: Node, withNested: boolean) {
  const tasks = liveTasks(node);
  const pods = new Map(tasks.filter((task) => task.parentId !== undefined).map((task) => [task.parentId, task]));
  const plain = tasks.filter((task) => task.parentId === undefined).map((task) => wireContainer(world, task));
  const outer = [...pods].map(([parentId, task]) => ({
    ...executorOf(task),
    executor_name: "",
    container_id: { value: parentId },
    container_status: { container_id: { value: parentId } },
  }));
  const nested = tasks.filter((task) => withNested && task.parentId !== undefined);
  return { containers: [...plain, ...outer, ...nested.map((task) => nestedContainer(world, task))] };
}

function wireContainer(world: World, task: NodeTask) {
  const counters = countersOf(world, task);
  return {
    ...executorOf(task),
    executor_name: identityOf(task).executor_name,
    container_id: { value: task.containerId },
    container_status: { container_id: { value: task.containerId }, ...pidOf(task) },
    ...(counters === undefined ? {} : { resource_statistics: counters }),
  };
}

function nestedContainer(world: World, task: NodeTask) {
  const counters = countersOf(world, task);
  const container_id = { value: task.containerId, parent: { value: task.parentId } };
  return {
    container_id,
    container_status: { container_id, ...pidOf(task) },
    ...(counters === undefined ? {} : { resource_statistics: counters }),
  };
}

function executorOf(task: NodeTask) {
  return {
    framework_id: { value: task.frameworkId },
    executor_id: { value: task.executor?.id ?? task.info.task_id.value },
  };
}

/** The tasks that have a container. */
export function liveTasks(node: Node): readonly NodeTask[] {
  return [...node.tasks.values()].filter((task) => task.phase === "Running" || task.phase === "Killing");
}

function pidOf(task: NodeTask): { readonly executor_pid?: number } {
  return task.info.container?.type === "DOCKER" ? {} : { executor_pid: task.executorPid };
}

function identityOf(task: NodeTask) {
  const taskId = task.info.task_id.value;
  const executorId = task.executor?.id ?? taskId;
  return {
    executor_id: executorId,
    executor_name: executorNameOf(task),
    framework_id: task.frameworkId,
    source: executorId,
  };
}

/** As agents name the executor of a plain command. */
export function executorNameOf({ info, executor }: Pick<NodeTask, "info" | "executor">): string {
  if (executor !== undefined) return executor.info.name ?? "";
  const { shell = true, value = "", arguments: argv = [] } = info.command ?? {};
  const command = shell ? `sh -c '${shortened(value)}'` : shortened([value, ...argv].join(" "));
  return `Command Executor (Task: ${info.task_id.value}) (Command: ${command})`;
}

const COMMAND_CHARACTERS_MAX = 15;

function shortened(command: string): string {
  return command.length <= COMMAND_CHARACTERS_MAX ? command : `${command.slice(0, COMMAND_CHARACTERS_MAX - 3)}...`;
}

function countersOf(world: World, task: NodeTask) {
  const counted = world.runner.statistics(task.info.task_id.value);
  if (counted === undefined) return undefined;
  const resources = fromWire(task.info.resources, task.role);
  return {
    cpus_limit: milliOf(resources, "cpus") / 1000 + EXECUTOR_CPUS,
    cpus_system_time_secs: counted.cpuSystemSeconds,
    cpus_user_time_secs: counted.cpuUserSeconds,
    mem_limit_bytes: (milliOf(resources, "mem") / 1000 + EXECUTOR_MEM_MB) * 1024 * 1024,
    mem_rss_bytes: counted.memoryBytes,
    net_rx_bytes: counted.netRxBytes,
    net_rx_dropped: counted.netRxDropped,
    net_tx_bytes: counted.netTxBytes,
    net_tx_dropped: counted.netTxDropped,
    timestamp: world.clock.now() / 1000,
  };
}

/** What the command executor gets on top of its task. */
const EXECUTOR_CPUS = 0.1;
const EXECUTOR_MEM_MB = 32;
