import { StatusError } from "../../../../api-types/meta/status-error.js";
import { isRecord } from "../../../../platform/is-record.js";
import type { AgentTask, Sandbox } from "../../agent-api.js";
import { type AgentConnection, getJson } from "./calls.js";

/** Where the files of a task are, as the agent's `/state` tells; the running task counts before one that ended. */
export async function findSandbox(agent: AgentConnection, task: AgentTask): Promise<Sandbox> {
  const operation = `looking for task ${task.taskId} on its agent`;
  const found = sandboxIn(await getJson(agent, operation, "/state"), task);
  if (found !== undefined) return found;
  throw new StatusError("NotFound", `${operation}: the agent does not know it (any more)`);
}

/** The same in an answer of `/state`; undefined: the task is not there. */
export function sandboxIn(state: unknown, { taskId, frameworkId }: AgentTask): Sandbox | undefined {
  const frameworks = [...listOf(state, "frameworks"), ...listOf(state, "completed_frameworks")].filter(
    ({ id }) => frameworkId === undefined || id === frameworkId,
  );
  const living = frameworks.flatMap((framework) => listOf(framework, "executors"));
  const ended = frameworks.flatMap((framework) => listOf(framework, "completed_executors"));
  for (const [executors, lists] of [
    [living, ["tasks", "queued_tasks"]],
    [
      [...living, ...ended],
      ["tasks", "completed_tasks"],
    ],
  ] as const) {
    for (const executor of executors) {
      const task = lists.flatMap((list) => listOf(executor, list)).find(({ id }) => id === taskId);
      if (task !== undefined) return sandboxOf(executor, task, living.includes(executor));
    }
  }
  return undefined;
}

type Json = Readonly<Record<string, unknown>>;

function sandboxOf(executor: Json, task: Json, isExecutorLiving: boolean): Sandbox | undefined {
  const { directory, container } = executor;
  if (typeof directory !== "string") return undefined;
  const told = containerOf(listOf(task, "statuses"));
  const own = typeof container === "string" ? [container] : [];
  const containerIds = told.length > 0 ? told : own;
  const isRunning = isExecutorLiving && ["TASK_RUNNING", "TASK_KILLING"].includes(String(task.state));
  // the task of a pod has a container inside that of its executor, and a directory below the executor's
  const nested = containerIds.slice(1).map((id) => `/containers/${id}`);
  return { directory: `${directory}${nested.join("")}`, containerIds: isExecutorLiving ? containerIds : [], isRunning };
}

/** The ids from the outermost container to the task's, as its latest status names them. */
function containerOf(statuses: readonly Json[]): readonly string[] {
  const told = statuses.map(({ container_status }) => (isRecord(container_status) ? container_status : {}));
  const ids: string[] = [];
  let id: unknown = told.findLast(({ container_id }) => isRecord(container_id))?.container_id;
  // three deep at most: executor, task, program
  for (let depth = 0; isRecord(id) && typeof id.value === "string" && depth < DEPTH_MAX; depth++) {
    ids.unshift(id.value);
    id = id.parent;
  }
  return ids;
}

const DEPTH_MAX = 8;

function listOf(value: unknown, name: string): readonly Json[] {
  const list = isRecord(value) ? value[name] : undefined;
  return Array.isArray(list) ? list.filter(isRecord) : [];
}
