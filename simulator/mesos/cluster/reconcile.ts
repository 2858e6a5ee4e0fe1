import type { WireTaskKey, WireTaskStatus } from "../../../drivers/compute/mesos/wire.js";
import { masterStatus } from "./tasks.js";
import { type Framework, isCapable, send, type Task, type World } from "./world.js";

/** Answers RECONCILE: the named tasks, or all live ones. */
export function reconcile(world: World, framework: Framework, keys: readonly WireTaskKey[]): void {
  if (keys.length === 0) {
    for (const task of framework.tasks.values()) tell(framework, latest(world, task));
    return;
  }
  for (const key of keys) tell(framework, answer(world, framework, key));
}

function tell(framework: Framework, status: WireTaskStatus | undefined): void {
  if (status !== undefined) send(framework, { type: "UPDATE", update: { status } });
}

/**
 * What the master says of one task; undefined is silence.
 *
 * | known to the master          | its latest state      |
 * | agent recovering             | silence               |
 * | agent registered             | TASK_GONE             |
 * | agent unreachable            | TASK_UNREACHABLE      |
 * | agent gone                   | TASK_GONE_BY_OPERATOR |
 * | no agent, some recovering    | silence               |
 * | else                         | TASK_UNKNOWN          |
 */
export function answer(world: World, framework: Framework, key: WireTaskKey): WireTaskStatus | undefined {
  const task = framework.tasks.get(key.task_id.value);
  if (task !== undefined) return latest(world, task);
  const verdict = verdictOf(world, key);
  if (verdict === undefined) return undefined;
  const isAware = isCapable(framework, "PARTITION_AWARE");
  return masterStatus(world, {
    taskId: key.task_id.value,
    ...(key.agent_id === undefined ? {} : { agentId: key.agent_id.value }),
    state: isAware ? verdict.state : "TASK_LOST",
    reason: "REASON_RECONCILIATION",
    message: `Reconciliation: ${verdict.message}`,
    ...(verdict.extra === undefined ? {} : { extra: verdict.extra }),
  });
}

function latest(world: World, task: Task): WireTaskStatus {
  const last = task.statuses.at(-1);
  return masterStatus(world, {
    taskId: task.id,
    agentId: task.agent.id,
    state: task.statusState ?? task.state,
    reason: "REASON_RECONCILIATION",
    message: "Reconciliation: Latest task state",
    extra: {
      ...(last?.healthy === undefined ? {} : { healthy: last.healthy }),
      ...(last?.container_status === undefined ? {} : { container_status: last.container_status }),
    },
  });
}

interface Answer {
  readonly state: string;
  readonly message: string;
  readonly extra?: Partial<WireTaskStatus>;
}

const UNKNOWN: Answer = { state: "TASK_UNKNOWN", message: "Task is unknown" };

function verdictOf(world: World, key: WireTaskKey): Answer | undefined {
  if (key.agent_id === undefined) return isRecovering(world) ? undefined : UNKNOWN;
  const agent = world.agents.get(key.agent_id.value);
  switch (agent?.status) {
    case "Recovered":
      return undefined;
    case "Registered":
      return { state: "TASK_GONE", message: "Task is unknown to the agent" };
    case "Unreachable":
      return {
        state: "TASK_UNREACHABLE",
        message: "Task is unreachable",
        extra: { unreachable_time: { nanoseconds: (agent.unreachableAt ?? 0) * 1e6 } },
      };
    case "Gone":
      return { state: "TASK_GONE_BY_OPERATOR", message: "Task is gone" };
    default:
      return UNKNOWN;
  }
}

function isRecovering(world: World): boolean {
  for (const agent of world.agents.values()) if (agent.status === "Recovered") return true;
  return false;
}
