import type { WireCommandInfo, WireTaskInfo } from "../../../drivers/compute/mesos/wire.js";
import type { NodeTask } from "../cluster/world.js";
import type { RunnableTask } from "../task-runner.js";

/** The task as its runner needs it. */
export function runnableOf(task: NodeTask): RunnableTask {
  const { info } = task;
  const isDocker = info.container?.type === "DOCKER";
  const command = info.command ?? {};
  return {
    taskId: info.task_id.value,
    containerId: task.containerId,
    nodeName: task.node.spec.name,
    image: info.container?.docker?.image ?? info.container?.mesos?.image?.docker.name,
    argv: argvOf(command, isDocker),
    isShell: command.shell ?? true,
    env: {
      ...Object.fromEntries((command.environment?.variables ?? []).map(({ name, value }) => [name, value ?? ""])),
      MESOS_SANDBOX: "/mnt/mesos/sandbox",
      MESOS_ALLOCATION_ROLE: task.role,
      ...(isDocker ? { MESOS_CONTAINER_NAME: `mesos-${task.containerId}` } : {}),
    },
    isRouted: isRouted(info),
  };
}

/** Without docker, `arguments[0]` is argv[0] and the value is the program; with docker both follow the image. */
function argvOf(command: WireCommandInfo, isDocker: boolean): readonly string[] {
  const value = command.value === undefined ? [] : [command.value];
  if (command.shell ?? true) return value;
  const rest = command.arguments ?? [];
  return [...value, ...(isDocker ? rest : rest.slice(1))];
}

/** The container network a task asks for by name, if any. */
export function networkNameOf(info: WireTaskInfo): string | undefined {
  return info.container?.network_infos?.find((network) => network.name !== undefined)?.name;
}

function isRouted(info: WireTaskInfo): boolean {
  if (networkNameOf(info) === undefined) return false;
  return info.container?.type !== "DOCKER" || info.container.docker?.network === "USER";
}
