import { StatusError } from "../../../../api-types/meta/status-error.js";
import type { AgentCheck, TaskLaunch } from "../../driver.js";
import type {
  WireCommandInfo,
  WireContainerInfo,
  WireHealthCheck,
  WireKillPolicy,
  WireLabels,
  WireResource,
  WireTaskInfo,
} from "../wire.js";
import { takeResources } from "./resources.js";

/** The tasks of one ACCEPT, each with its share of `pool`, in order. Throws StatusError when they do not fit. */
export function taskInfosOf(tasks: readonly TaskLaunch[], pool: readonly WireResource[]): readonly WireTaskInfo[] {
  const rest = [...pool];
  return tasks.map((task) => {
    const resources = takeResources(rest, task.resources);
    if (resources === undefined) {
      throw new StatusError("Invalid", `launching task ${task.taskId}: the offers do not hold its resources`);
    }
    return taskInfoOf(task, resources);
  });
}

/** How long a killed task may take to end. */
export function killPolicyOf(graceSeconds: number): WireKillPolicy {
  return { grace_period: { nanoseconds: Math.round(graceSeconds * 1e9) } };
}

/** Labels as Mesos writes them. */
export function wireLabels(labels: Readonly<Record<string, string>>): WireLabels {
  return { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) };
}

function taskInfoOf(task: TaskLaunch, resources: readonly WireResource[]): WireTaskInfo {
  const container = containerOf(task);
  return {
    name: task.name,
    task_id: { value: task.taskId },
    agent_id: { value: task.agentId },
    resources,
    command: commandOf(task),
    ...(container === undefined ? {} : { container }),
    ...(task.check === undefined ? {} : { health_check: healthCheckOf(task.check, task.containerizer) }),
    kill_policy: killPolicyOf(task.killGraceSeconds),
    labels: wireLabels(task.labels),
    ...(task.ports.length === 0 ? {} : { discovery: discoveryOf(task) }),
  };
}

function commandOf(task: TaskLaunch): WireCommandInfo {
  const variables = Object.entries(task.env).map(([name, value]) => ({ name, value }));
  return {
    ...programOf(task),
    ...(task.user === undefined ? {} : { user: task.user }),
    ...(variables.length === 0 ? {} : { environment: { variables } }),
  };
}

/**
 * | command    | Docker                           | Mesos                          |
 * |------------|----------------------------------|--------------------------------|
 * | shell      | /bin/sh -c value                 | /bin/sh -c value               |
 * | exec       | value and arguments follow image | value; arguments[0] is argv[0] |
 * | entrypoint | arguments follow image           | arguments follow entry point   |
 */
function programOf({ command, containerizer }: TaskLaunch): WireCommandInfo {
  switch (command.type) {
    case "shell":
      return { shell: true, value: command.script };
    case "exec":
      return programOfArgv(command.argv, containerizer);
    case "entrypoint":
      return command.args.length === 0 ? { shell: false } : { shell: false, arguments: command.args };
    default:
      return command satisfies never;
  }
}

function programOfArgv(argv: readonly string[], containerizer: TaskLaunch["containerizer"]): WireCommandInfo {
  const [program, ...rest] = argv;
  if (program === undefined) return { shell: false };
  return { shell: false, value: program, arguments: containerizer === "Docker" ? rest : argv };
}

function containerOf(task: TaskLaunch): WireContainerInfo | undefined {
  const shared = {
    ...(task.volumes.length === 0 ? {} : { volumes: volumesOf(task) }),
    ...(task.network.mode === "Routed" ? { network_infos: [{ name: task.network.networkName }] } : {}),
  };
  if (task.containerizer === "Docker") return { type: "DOCKER", docker: dockerOf(task), ...shared };
  if (task.network.mode === "None") {
    throw new StatusError("Invalid", `launching task ${task.taskId}: network None needs the Docker containerizer`);
  }
  if (task.image === undefined && Object.keys(shared).length === 0) return undefined;
  return { type: "MESOS", mesos: mesosOf(task), ...shared };
}

function dockerOf(task: TaskLaunch): WireContainerInfo["docker"] {
  if (task.image === undefined) {
    throw new StatusError("Invalid", `launching task ${task.taskId}: the Docker containerizer needs an image`);
  }
  return {
    image: task.image,
    network: DOCKER_NETWORKS[task.network.mode],
    privileged: task.isPrivileged,
    force_pull_image: task.forcePull,
    parameters: task.dockerParameters.map(({ key, value }) => ({ key, value })),
  };
}

const DOCKER_NETWORKS = { Host: "HOST", Bridge: "BRIDGE", Container: "USER", None: "NONE", Routed: "USER" } as const;

function mesosOf(task: TaskLaunch): NonNullable<WireContainerInfo["mesos"]> {
  if (task.image === undefined) return {};
  return { image: { type: "DOCKER", docker: { name: task.image }, cached: !task.forcePull } };
}

function volumesOf(task: TaskLaunch): WireContainerInfo["volumes"] {
  return task.volumes.map((volume) => ({
    mode: volume.isReadOnly ? "RO" : "RW",
    container_path: volume.containerPath,
    host_path: volume.hostPath,
  }));
}

/** The largest count there is, so that Mesos only reports and never kills. */
const CONSECUTIVE_FAILURES = 2 ** 31 - 1;

function healthCheckOf(check: AgentCheck, containerizer: TaskLaunch["containerizer"]): WireHealthCheck {
  return {
    ...probeOf(check.probe, containerizer),
    delay_seconds: check.delaySeconds,
    interval_seconds: check.intervalSeconds,
    timeout_seconds: check.timeoutSeconds,
    grace_period_seconds: check.gracePeriodSeconds,
    consecutive_failures: CONSECUTIVE_FAILURES,
  };
}

function probeOf(probe: AgentCheck["probe"], containerizer: TaskLaunch["containerizer"]): WireHealthCheck {
  switch (probe.type) {
    case "tcp":
      return { type: "TCP", tcp: { port: probe.port } };
    case "http":
      return { type: "HTTP", http: { scheme: probe.scheme, port: probe.port, path: probe.path } };
    case "command":
      return { type: "COMMAND", command: checkCommandOf(probe.command, containerizer) };
    default:
      return probe satisfies never;
  }
}

function checkCommandOf(
  command: readonly string[] | string,
  containerizer: TaskLaunch["containerizer"],
): WireCommandInfo {
  return typeof command === "string" ? { shell: true, value: command } : programOfArgv(command, containerizer);
}

function discoveryOf(task: TaskLaunch): WireTaskInfo["discovery"] {
  const ports = task.ports.map(({ name, port, protocol }) => ({
    number: port,
    name,
    protocol: protocol.toLowerCase(),
  }));
  return { visibility: "CLUSTER", name: task.name, ports: { ports } };
}
