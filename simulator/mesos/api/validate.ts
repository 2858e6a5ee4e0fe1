import type { WireHealthCheck, WireTaskInfo } from "../../../drivers/compute/mesos/wire.js";
import { type Agent, type Framework, taskKey } from "../cluster/world.js";
import { type Bundle, contains, fromWire, printResources, toWire } from "../wire/resources.js";

/** A task as received, with the fields that our own driver never sends. */
export type ReceivedTask = WireTaskInfo & {
  readonly executor?: unknown;
  readonly max_completion_time?: { readonly nanoseconds: number };
};

/** Where the task is to run and what is left there for it. */
export interface Room {
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly available: Bundle;
}

/** Why the master refuses a task (TASK_ERROR, REASON_TASK_INVALID), in its words and its order; undefined: it fits. */
export function problemOf(task: ReceivedTask, room: Room): string | undefined {
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

function duplicateProblem(task: ReceivedTask, { framework, agent }: Room): string | undefined {
  const id = task.task_id.value;
  const isTaken =
    framework.tasks.has(id) || framework.unreachable.has(id) || agent.node.tasks.has(taskKey(framework.id, id));
  return isTaken ? `Task has duplicate ID: ${id}` : undefined;
}

function agentProblem(task: ReceivedTask, agent: Agent): string | undefined {
  if (task.agent_id.value === agent.id) return undefined;
  return `Task uses invalid agent ${task.agent_id.value} while agent ${agent.id} is expected`;
}

function durationProblem(task: ReceivedTask): string | undefined {
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

function commandProblem(task: ReceivedTask): string | undefined {
  const variables = task.command?.environment?.variables ?? [];
  const bare = variables.find((variable) => variable.value === undefined);
  if (bare === undefined) return undefined;
  return `Task's \`CommandInfo\` is invalid: Environment variable '${bare.name}' of type 'VALUE' must have a value set`;
}

function containerProblem({ container }: ReceivedTask): string | undefined {
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

function executorProblem(task: ReceivedTask): string | undefined {
  if ((task.command === undefined) !== (task.executor === undefined)) return undefined;
  return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present";
}

function roomProblem(task: ReceivedTask, { role, available }: Room): string | undefined {
  if (contains(available, fromWire(task.resources, role))) return undefined;
  const wanted = printResources(task.resources, role);
  const left = printResources(toWire(available, { allocatedTo: role }), role);
  return `Total resources ${wanted} required by task and its executor is more than available ${left}`;
}
