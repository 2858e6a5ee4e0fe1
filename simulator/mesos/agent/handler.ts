import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import type { Node, NodeTask, World } from "../cluster/world.js";
import { json, pathOf, text } from "../wire/http.js";
import { fromWire, milliOf } from "../wire/resources.js";

/** The HTTP endpoints of an agent. */
export function serveAgent(world: World, node: Node, request: HttpRequest): HttpResponse {
  switch (agentPath(request)) {
    case "/health":
      return text(200, "");
    case "/monitor/statistics":
      return json(request, statisticsOf(world, node));
    case "/state":
      return json(request, {
        id: node.agentId ?? "",
        pid: `slave(1)@${node.spec.ip}:${node.spec.port ?? 5051}`,
        hostname: node.spec.hostname ?? node.spec.name,
        attributes: node.spec.attributes,
        resources: node.spec.resources,
        tasks: [...node.tasks.values()].map((task) => ({ id: task.info.task_id.value, state: task.latestState })),
      });
    default:
      return text(404, "404 Not Found.");
  }
}

function agentPath(request: HttpRequest): string {
  return pathOf(request).replace(/^\/slave\(1\)(?=\/)/, "");
}

function statisticsOf(world: World, node: Node) {
  return [...node.tasks.values()].flatMap((task) => {
    const isLive = task.phase === "Running" || task.phase === "Killing";
    const statistics = isLive ? statistic(world, task) : undefined;
    return statistics === undefined ? [] : [statistics];
  });
}

function statistic(world: World, task: NodeTask) {
  const taskId = task.info.task_id.value;
  const counted = world.runner.statistics(taskId);
  if (counted === undefined) return undefined;
  const resources = fromWire(task.info.resources, task.role);
  const memoryLimit = (milliOf(resources, "mem") / 1000 + EXECUTOR_MEM_MB) * 1024 * 1024;
  return {
    executor_id: taskId,
    executor_name: `Command Executor (Task: ${taskId})`,
    framework_id: task.frameworkId,
    source: taskId,
    statistics: {
      cpus_limit: milliOf(resources, "cpus") / 1000 + EXECUTOR_CPUS,
      cpus_system_time_secs: counted.cpuSystemSeconds,
      cpus_user_time_secs: counted.cpuUserSeconds,
      mem_limit_bytes: memoryLimit,
      mem_rss_bytes: counted.memoryBytes,
      net_rx_bytes: counted.netRxBytes,
      net_rx_dropped: counted.netRxDropped,
      net_tx_bytes: counted.netTxBytes,
      net_tx_dropped: counted.netTxDropped,
      timestamp: world.clock.now() / 1000,
    },
  };
}

/** What the command executor gets on top of its task. */
const EXECUTOR_CPUS = 0.1;
const EXECUTOR_MEM_MB = 32;
