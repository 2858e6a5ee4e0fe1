import type { WireHealthCheck, WireResource } from "../../../drivers/compute/mesos/wire.js";
import { executorShare } from "../cluster/executors.js";
import { type Agent, type ExecutorInfo, type Framework, type TaskInfo, taskKey } from "../cluster/world.js";
import { add, type Bundle, contains, fromWire, milliOf, printResources, subtract, toWire } from "../wire/resources.js";

/** Where the task is to run and what is left there for it. */
export interface Room {
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly available: Bundle;
}

/** Why the master refuses a task (TASK_ERROR, REASON_TASK_INVALID), in its words and its order; undefined: it fits. */
export function problemOf(task: TaskInfo, room: Room): string | undefined {
  return (
    idProblem(task.task_id.value) ??
    duplicateProblem(task, room) ??
    agentProblem(task, room.agent) ??
    durationProblem(task) ??
    healthProblem(task.health_check) ??
    (task.resources === undefined || task.resources.length === 0 ? "Task uses no resources" : undefined) ??
    commandProblem(task) ??
    containerProblem(task) ??
    executorProblem(task) ??
    roomProblem(task, room)
  );
}

function idProblem(id: string): string | undefined {
  if (id === "") return "ID must not be empty";
  if (Buffer.byteLength(id) > ID_BYTES_MAX) return "ID must not be greater than 255 characters";
  if (id === "." || id === "..") return `'${id}' is disallowed`;
  return INVALID_IN_ID.test(id) ? `'${id}' contains invalid characters` : undefined;
}

const ID_BYTES_MAX = 255;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const INVALID_IN_ID = /[\u0000-\u001f\u007f/\\]/;

function duplicateProblem(task: TaskInfo, { framework, agent }: Room): string | undefined {
  const id = task.task_id.value;
  const isTaken =
    framework.tasks.has(id) || framework.unreachable.has(id) || agent.node.tasks.has(taskKey(framework.id, id));
  return isTaken ? `Task has duplicate ID: ${id}` : undefined;
}

function agentProblem(task: TaskInfo, agent: Agent): string | undefined {
  if (task.agent_id.value === agent.id) return undefined;
  return `Task uses invalid agent ${task.agent_id.value} while agent ${agent.id} is expected`;
}

function durationProblem(task: TaskInfo): string | undefined {
  if ((task.kill_policy?.grace_period?.nanoseconds ?? 0) < 0) {
    return "Task's 'kill_policy.grace_period' must be non-negative";
  }
  if ((task.max_completion_time?.nanoseconds ?? 0) < 0) return "Task's 'max_completion_time' must be non-negative";
  return undefined;
}

function healthProblem(check: WireHealthCheck | undefined): string | undefined {
  if (check === undefined) return undefined;
  const problem = healthFieldProblem(check) ?? healthDurationProblem(check);
  return problem === undefined ? undefined : `Task uses invalid health check: ${problem}`;
}

function healthFieldProblem(check: Partial<WireHealthCheck>): string | undefined {
  if (check.type === undefined) return "HealthCheck must specify 'type'";
  if (check[FIELD_OF[check.type]] === undefined) {
    return `Expecting '${FIELD_OF[check.type]}' to be set for ${check.type} health check`;
  }
  const path = check.http?.path;
  if (path === undefined || path.startsWith("/")) return undefined;
  return `The path '${path}' of HTTP health check must start with '/'`;
}

const FIELD_OF = { COMMAND: "command", HTTP: "http", TCP: "tcp" } as const;

function healthDurationProblem(check: WireHealthCheck): string | undefined {
  const fields = ["delay_seconds", "grace_period_seconds", "interval_seconds", "timeout_seconds"] as const;
  const negative = fields.find((field) => (check[field] ?? 0) < 0);
  return negative === undefined ? undefined : `Expecting '${negative}' to be non-negative`;
}

function commandProblem(task: TaskInfo): string | undefined {
  const variables = task.command?.environment?.variables ?? [];
  const bare = variables.find((variable) => variable.value === undefined && !("secret" in variable));
  if (bare === undefined) return undefined;
  return `Task's \`CommandInfo\` is invalid: Environment variable '${bare.name}' of type 'VALUE' must have a value set`;
}

function containerProblem({ container }: TaskInfo): string | undefined {
  const invalid = "Task's `ContainerInfo` is invalid";
  if (container?.type === "DOCKER" && container.docker === undefined) {
    return `${invalid}: DockerInfo 'docker' is not set for DOCKER typed ContainerInfo`;
  }
  const isBare = (container?.volumes ?? []).some((volume) => {
    const { host_path, image, source } = volume as typeof volume & { image?: unknown; source?: unknown };
    return [host_path, image, source].filter((field) => field !== undefined).length !== 1;
  });
  if (!isBare) return undefined;
  return `${invalid}: Invalid volume: Only one of them should be set: 'host_path', 'image' and 'source'`;
}

function executorProblem(task: TaskInfo): string | undefined {
  if ((task.command === undefined) !== (task.executor === undefined)) return undefined;
  return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present";
}

function roomProblem(task: TaskInfo, room: Room): string | undefined {
  const { role, available } = room;
  const share = executorShare(room, task.executor);
  if (contains(available, add(fromWire(task.resources, role), share))) return undefined;
  const executor: readonly WireResource[] = share.size === 0 ? [] : (task.executor?.resources ?? []);
  const wanted = printResources([...task.resources, ...executor], role);
  const left = printResources(toWire(available, { allocatedTo: role }), role);
  return `Total resources ${wanted} required by task and its executor is more than available ${left}`;
}

/** A group of tasks as received. */
export interface ReceivedGroup {
  readonly executor: ExecutorInfo;
  readonly tasks: readonly TaskInfo[];
}

/** Why the master refuses a group as a whole (REASON_TASK_GROUP_INVALID); undefined: it fits. */
export function groupProblemOf(group: ReceivedGroup, room: Room): string | undefined {
  return groupExecutorProblem(group, room) ?? groupTasksProblem(group, room);
}

function groupExecutorProblem({ executor, tasks }: ReceivedGroup, room: Room): string | undefined {
  const id = executor.executor_id.value;
  if (tasks.length === 0) return "Task group cannot be empty";
  const resources = fromWire(executor.resources ?? [], room.role);
  if (milliOf(resources, "cpus") < EXECUTOR_MILLI_CPUS_MIN)
    return `Executor '${id}' uses less CPUs than the minimum required (0.01)`;
  if (milliOf(resources, "mem") < EXECUTOR_MILLI_MEM_MIN)
    return `Executor '${id}' uses less memory than the minimum required (32MB)`;
  if (milliOf(resources, "disk") <= 0) return `Executor '${id}' uses no disk`;
  if (executor.type === "DEFAULT" && executor.command !== undefined) {
    return "'ExecutorInfo.command' must not be set for 'DEFAULT' executor";
  }
  return undefined;
}

const EXECUTOR_MILLI_CPUS_MIN = 10;
const EXECUTOR_MILLI_MEM_MIN = 32_000;

function groupTasksProblem({ executor, tasks }: ReceivedGroup, room: Room): string | undefined {
  const share = executorShare(room, executor);
  if (!contains(room.available, share)) return tooMuch(executor.resources ?? [], room);
  let available = subtract(room.available, share);
  for (const task of tasks) {
    const problem =
      task.container?.type === "DOCKER"
        ? "Docker ContainerInfo is not supported on the task"
        : problemOf(task, { ...room, available });
    if (problem !== undefined) return `Task '${task.task_id.value}' is invalid: ${problem}`;
    available = subtract(available, fromWire(task.resources, room.role));
  }
  return undefined;
}

function tooMuch(resources: readonly WireResource[], { role, available }: Room): string {
  const left = printResources(toWire(available, { allocatedTo: role }), role);
  return `Total resources ${printResources(resources, role)} required by task group and its executor are more than available ${left}`;
}
