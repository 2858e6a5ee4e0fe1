import type { WireCommandInfo } from "../../../drivers/compute/mesos/wire.js";
import type { NodeTask, TaskInfo } from "../cluster/world.js";
import type { RunnableTask } from "../task-runner.js";

/** The task as its runner needs it. */
export function runnableOf(task: NodeTask): RunnableTask {
  const { info } = task;
  const command = commandOf(info);
  const container = containerOf(info);
  const isDocker = container?.type === "DOCKER";
  return {
    taskId: info.task_id.value,
    containerId: task.containerId,
    nodeName: task.node.spec.name,
    image: container?.docker?.image ?? container?.mesos?.image?.docker.name,
    argv: argvOf(command, isDocker),
    isShell: command.shell ?? true,
    env: {
      ...Object.fromEntries((command.environment?.variables ?? []).map((entry) => [entry.name, variableText(entry)])),
      MESOS_SANDBOX: "/mnt/mesos/sandbox",
      MESOS_ALLOCATION_ROLE: task.role,
      ...(isDocker ? { MESOS_CONTAINER_NAME: `mesos-${task.containerId}` } : {}),
      ...executorEnvironment(task),
    },
    isRouted: isRouted(info),
    ...wantedAddressOf(info),
    hostPorts: portsOf(info),
    mappings: isRouted(info) ? [] : mappingsOf(info),
    fetch: (command.uris ?? []).map((uri) => ({
      uri: uri.value,
      isExtracted: uri.extract ?? true,
      isExecutable: uri.executable ?? false,
      destination: uri.output_file,
    })),
  };
}

/** A variable's text, given as it is or as a secret's value. */
function variableText(variable: { readonly value?: string }): string {
  const { secret } = variable as { readonly secret?: { readonly value?: { readonly data: string } } };
  return variable.value ?? Buffer.from(secret?.value?.data ?? "", "base64").toString("utf8");
}

/** The command of a task, or of the executor that it brings. */
export function commandOf(info: TaskInfo): WireCommandInfo {
  return info.command ?? info.executor?.command ?? {};
}

function containerOf(info: TaskInfo): TaskInfo["container"] {
  return info.container ?? info.executor?.container;
}

/** What an agent tells an executor of a framework's own; `TASK_ID` and `TASK_DATA` stand in for the LAUNCH event. */
function executorEnvironment({ executor, frameworkId, info, node }: NodeTask): Record<string, string> {
  if (executor?.type !== "CUSTOM") return {};
  return {
    MESOS_FRAMEWORK_ID: frameworkId,
    MESOS_EXECUTOR_ID: executor.id,
    MESOS_SLAVE_ID: node.agentId ?? "",
    MESOS_AGENT_ENDPOINT: `${node.spec.ip}:${node.spec.port ?? DEFAULT_PORT}`,
    MESOS_DIRECTORY: "/mnt/mesos/sandbox",
    MESOS_CHECKPOINT: "1",
    MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: "5secs",
    TASK_ID: info.task_id.value,
    TASK_DATA: Buffer.from(info.data ?? executor.info.data ?? "", "base64").toString("utf8"),
  };
}

const DEFAULT_PORT = 5051;

/** Without docker, `arguments[0]` is argv[0] and the value is the program; with docker both follow the image. */
function argvOf(command: WireCommandInfo, isDocker: boolean): readonly string[] {
  const value = command.value === undefined ? [] : [command.value];
  if (command.shell ?? true) return value;
  const rest = command.arguments ?? [];
  return [...value, ...(isDocker ? rest : rest.slice(1))];
}

/** The container network a task asks for by name, if any. */
export function networkNameOf(info: TaskInfo): string | undefined {
  return containerOf(info)?.network_infos?.find((network) => network.name !== undefined)?.name;
}

/** What a status repeats of the network that a task asked for. */
export function networkInfoOf(info: TaskInfo) {
  const { ip_addresses: _, ...asked } = containerOf(info)?.network_infos?.find(({ name }) => name !== undefined) ?? {};
  return asked;
}

/** The network of the Mesos containerizer whose tasks are reached by ports of their node. */
const BRIDGE_NETWORK = "mesos-bridge";

function isRouted(info: TaskInfo): boolean {
  const network = networkNameOf(info);
  if (network === undefined || network === BRIDGE_NETWORK) return false;
  const container = containerOf(info);
  return container?.type !== "DOCKER" || container.docker?.network === "USER";
}

/** Docker heeds only its own parameter, the Mesos containerizer only the network. */
function wantedAddressOf(info: TaskInfo): Pick<RunnableTask, "wantedAddress"> {
  if (!isRouted(info)) return {};
  const container = containerOf(info);
  const isDocker = container?.type === "DOCKER";
  const parameter = container?.docker?.parameters?.findLast(({ key }) => key === "ip")?.value;
  const asked = container?.network_infos?.find(({ name }) => name !== undefined)?.ip_addresses?.[0]?.ip_address;
  const wantedAddress = isDocker ? parameter : asked;
  return wantedAddress === undefined ? {} : { wantedAddress };
}

/** At most so many ports of a task are told to the runner. */
const PORTS_MAX = 256;

function portsOf(info: TaskInfo): readonly number[] {
  const ranges = info.resources.filter((entry) => entry.name === "ports").flatMap((entry) => entry.ranges?.range ?? []);
  return ranges
    .flatMap(({ begin, end }) =>
      Array.from({ length: Math.min(end - begin + 1, PORTS_MAX) }, (_, index) => begin + index),
    )
    .slice(0, PORTS_MAX);
}

function mappingsOf(info: TaskInfo): NonNullable<RunnableTask["mappings"]> {
  const container = containerOf(info);
  const ofNetworks = (container?.network_infos ?? []).flatMap((network) => network.port_mappings ?? []);
  return [...(container?.docker?.port_mappings ?? []), ...ofNetworks].map((mapping) => ({
    hostPort: mapping.host_port,
    containerPort: mapping.container_port,
  }));
}
