import type { WireContainerStatus, WireTaskStatus } from "../../../drivers/compute/mesos/wire.js";
import { drawUuid, type NodeTask, seconds, type World } from "../cluster/world.js";
import { emptyCheckStatus } from "./check.js";
import { networkInfoOf, networkNameOf } from "./runnable.js";

/** What an update says beyond the task's identity. */
export interface StatusContent {
  readonly state: string;
  readonly message?: string;
  readonly reason?: string;
  readonly data?: string;
  readonly healthy?: boolean;
  /** The result of the task's check, in an update about it. */
  readonly checkStatus?: unknown;
  /** What it took more of than it may. */
  readonly limitation?: WireTaskStatus["limitation"];
}

/** An update of the executor. Only RUNNING updates carry the address of a docker container, as recorded. */
export function executorStatus(world: World, task: NodeTask, content: StatusContent): WireTaskStatus {
  return status(world, task, {
    ...content,
    source: "SOURCE_EXECUTOR",
    container: containerStatus(task, content.state),
  });
}

/** An update of the agent for a task whose executor never came up. */
export function agentStatus(world: World, task: NodeTask, content: StatusContent): WireTaskStatus {
  return status(world, task, { ...content, source: "SOURCE_AGENT", container: undefined });
}

interface Sourced extends StatusContent {
  readonly source: string;
  readonly container: WireContainerStatus | undefined;
}

function status(world: World, task: NodeTask, content: Sourced): WireTaskStatus {
  const { state, message, source, reason, data, healthy, container } = content;
  const { check } = task.info;
  const isDropped = state === "TASK_DROPPED";
  // recorded: the docker executor knows nothing of checks
  const isChecking = check !== undefined && source === "SOURCE_EXECUTOR" && task.info.container?.type !== "DOCKER";
  const checkStatus = content.checkStatus ?? (isChecking ? emptyCheckStatus(check) : undefined);
  return {
    task_id: task.info.task_id,
    state,
    ...(message === undefined ? {} : { message }),
    source,
    ...(reason === undefined ? {} : { reason }),
    ...(data === undefined ? {} : { data }),
    agent_id: task.info.agent_id,
    ...(isDropped
      ? {}
      : { executor_id: task.executor === undefined ? task.info.task_id : { value: task.executor.id } }),
    timestamp: seconds(world),
    uuid: drawUuid(world),
    ...(healthy === undefined ? {} : { healthy }),
    ...(checkStatus === undefined ? {} : { check_status: checkStatus }),
    ...(container === undefined ? {} : { container_status: container }),
    ...(content.limitation === undefined ? {} : { limitation: content.limitation }),
  };
}

/** Of a container inside another one only the running know their address. */
function nestedStatus(task: NodeTask, state: string, parentId: string): WireContainerStatus {
  const container_id = { value: task.containerId, parent: { value: parentId } };
  if (state !== "TASK_RUNNING" && state !== "TASK_KILLING") return { container_id };
  const isOwn = networkNameOf(task.info) !== undefined;
  const ip = isOwn ? (task.address ?? task.node.spec.ip) : task.node.spec.ip;
  const ip_addresses = [{ protocol: "IPv4", ip_address: ip }];
  const network = { ip_addresses, ...(isOwn ? networkInfoOf(task.info) : {}) };
  return { container_id, network_infos: [network], executor_pid: task.executorPid };
}

function containerStatus(task: NodeTask, state: string): WireContainerStatus {
  if (task.parentId !== undefined) return nestedStatus(task, state, task.parentId);
  const isDocker = task.info.container?.type === "DOCKER";
  const network = task.info.container?.docker?.network ?? "HOST";
  const hasOwn = isDocker ? network === "USER" || network === "BRIDGE" : networkNameOf(task.info) !== undefined;
  const own = hasOwn && (state === "TASK_RUNNING" || !isDocker) ? task.address : undefined;
  const isNamed = own !== undefined && network !== "BRIDGE";
  return {
    container_id: { value: task.containerId },
    network_infos: [
      {
        ip_addresses: [{ protocol: "IPv4", ip_address: own ?? task.node.spec.ip }],
        ...(isNamed ? networkInfoOf(task.info) : {}),
      },
    ],
    ...(isDocker ? {} : { executor_pid: task.executorPid }),
  };
}

const SIGNALS: Readonly<Record<string, { readonly name: string; readonly number: number }>> = {
  SIGHUP: { name: "Hangup", number: 1 },
  SIGINT: { name: "Interrupt", number: 2 },
  SIGQUIT: { name: "Quit", number: 3 },
  SIGABRT: { name: "Aborted", number: 6 },
  SIGKILL: { name: "Killed", number: 9 },
  SIGSEGV: { name: "Segmentation fault", number: 11 },
  SIGPIPE: { name: "Broken pipe", number: 13 },
  SIGTERM: { name: "Terminated", number: 15 },
};

/** How an exit reads in an update: a command's signal by name, a container's as 128 + number. */
export function exitMessage(task: NodeTask, exit: { readonly code?: number; readonly signal?: string }): string {
  const signal = exit.signal === undefined ? undefined : SIGNALS[exit.signal];
  if (task.info.container?.type === "DOCKER") {
    return `Container exited with status ${exit.code ?? 128 + (signal?.number ?? 0)}`;
  }
  if (exit.signal !== undefined) return `Command terminated with signal ${signal?.name ?? exit.signal}`;
  return `Command exited with status ${exit.code ?? 0}`;
}
