import type { NodeTask, TaskInfo } from "../cluster/world.js";
import type { RunnerEvent } from "../task-runner.js";
import { commandOf, networkNameOf } from "./runnable.js";
import type { StatusContent } from "./status.js";

/** What this agent cannot run at all, as it says so. */
export function refusalOf({ node, info }: NodeTask): StatusContent | undefined {
  const containerizers = node.spec.containerizers ?? ["docker", "mesos"];
  if (info.container?.type === "DOCKER" && !containerizers.includes("docker")) {
    return failed("Abnormal executor termination: unknown container", "REASON_EXECUTOR_TERMINATED");
  }
  if (info.limits !== undefined && info.container?.type !== "DOCKER" && node.spec.isolation === "posix") {
    return { state: "TASK_DROPPED", message: limitsProblem(info.limits), reason: "REASON_GC_ERROR" };
  }
  const network = networkNameOf(info);
  const isKnown = network === undefined || node.spec.networks === undefined || node.spec.networks.includes(network);
  if (info.container?.type === "MESOS" && !isKnown) {
    return failed(`Failed to launch container: Unknown CNI network '${network}'`, "REASON_CONTAINER_LAUNCH_FAILED");
  }
  return undefined;
}

function limitsProblem(limits: NonNullable<TaskInfo["limits"]>): string {
  const [what, isolator] = limits.cpus === undefined ? ["Memory", "cgroups/mem"] : ["CPU", "cgroups/cpu"];
  return `${what} limits can only be set on tasks launched in Mesos containers when the agent has loaded the '${isolator}' isolator`;
}

/** A failure with its reason. */
export function failed(message: string, reason?: string): StatusContent {
  return { state: "TASK_FAILED", message, ...(reason === undefined ? {} : { reason }) };
}

/** How a task ends that took more than it may; a command's own executor has 32 MB on top. */
export function limitContent(task: NodeTask, { resource, message }: RunnerEvent & { type: "limited" }): StatusContent {
  const held = task.info.resources.find((entry) => entry.name === resource);
  const quantity =
    (held?.scalar?.value ?? 0) + (resource === "mem" && task.executor === undefined ? EXECUTOR_MEM_MB : 0);
  const limit = { name: resource, type: "SCALAR", scalar: { value: quantity } };
  const allocation = resource === "disk" ? { allocation_info: { role: task.role } } : {};
  return {
    ...failed(message, `REASON_CONTAINER_LIMITATION_${resource === "mem" ? "MEMORY" : "DISK"}`),
    limitation: { resources: [{ ...limit, ...allocation }] },
  };
}

const EXECUTOR_MEM_MB = 32;

/** A shell without a script brings the command executor down. */
export function lacksCommand(info: TaskInfo): boolean {
  const command = commandOf(info);
  return info.container?.type !== "DOCKER" && (command.shell ?? true) && command.value === undefined;
}

/** What the docker executor refuses. */
export function dockerProblem(info: TaskInfo): string | undefined {
  const docker = info.container?.docker;
  if (docker?.network === "USER" && networkNameOf(info) === undefined) {
    return "Failed to create docker run options: No network info found in container info";
  }
  const ports = info.resources.filter((resource) => resource.name === "ports");
  const ranges = ports.flatMap((resource) => resource.ranges?.range ?? []);
  const isHeld = (port: number) => ranges.some((range) => range.begin <= port && port <= range.end);
  const isShort = (docker?.port_mappings ?? []).some((mapping) => !isHeld(mapping.host_port));
  return isShort ? "Failed to create docker run options: Port mappings require port resources" : undefined;
}
