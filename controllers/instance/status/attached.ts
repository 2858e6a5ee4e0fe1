import type { Instance, InstanceAttached } from "../../../api-types/instance.js";
import { TERMINAL_STATES } from "../../../api-types/life.js";
import type { TaskStatus } from "../../../drivers/compute/driver.js";
import { runOf } from "../../attached.js";
import { healthAfter } from "./health-after.js";

/** What the instance loop owns of one item of `status.attached`; its task is named by the placement loop. */
export type AttachedReport = Omit<InstanceAttached, "taskID">;

/** What is known of the attached tasks of now; what was said of one that ran before is dropped. */
export function attachedReports(instance: Instance): readonly AttachedReport[] {
  const own = instance.status?.placement?.taskID ?? "";
  return (instance.status?.attached ?? []).flatMap(({ taskID, ...item }): readonly AttachedReport[] => {
    if (item.state === undefined && item.restarts === undefined) return [];
    const restarts = runOf(own, item.name, taskID);
    return (item.restarts ?? 0) === restarts ? [item] : [{ name: item.name, restarts }];
  });
}

/** The same after the back end said something about one of them; undefined when it tells nothing new. */
export function attachedAfter(instance: Instance, said: TaskStatus): readonly AttachedReport[] | undefined {
  const item = instance.status?.attached?.find(({ taskID }) => taskID === said.taskId);
  if (item === undefined) return undefined;
  const reports = attachedReports(instance);
  const before = reports.find(({ name }) => name === item.name) ?? { name: item.name };
  const next = reportAfter(before, said);
  if (next === undefined) return undefined;
  const restarts = runOf(instance.status?.placement?.taskID ?? "", item.name, said.taskId);
  return [...reports.filter(({ name }) => name !== item.name), { ...next, restarts }];
}

function reportAfter(before: AttachedReport, said: TaskStatus): AttachedReport | undefined {
  const at = new Date(said.timestamp * 1000).toISOString();
  if (TERMINAL_STATES.includes(before.state ?? "") || isStale(before, said, at)) return undefined;
  const { isHealthy, consecutiveFailures } = healthAfter(before, said, at) ?? {};
  const startedAt = before.startedAt ?? (said.state === "Running" ? at : undefined);
  return {
    name: before.name,
    state: said.state,
    ...(said.reason === undefined ? {} : { reason: said.reason }),
    ...(said.message === undefined ? {} : { message: said.message }),
    ...(said.exitCode === undefined ? {} : { exitCode: said.exitCode }),
    ...(isHealthy === undefined ? {} : { isHealthy, consecutiveFailures: consecutiveFailures ?? 0 }),
    ...(startedAt === undefined ? {} : { startedAt }),
    at,
  };
}

/** The end of a task is news whenever it comes; else a later statement counts, or one that says something else. */
function isStale(before: AttachedReport, said: TaskStatus, at: string): boolean {
  if (before.state === undefined) return false;
  const isSame = before.state === said.state && (said.isHealthy ?? before.isHealthy) === before.isHealthy;
  if (TERMINAL_STATES.includes(said.state)) return false;
  if (said.isReconciliation) return isSame;
  return at < (before.at ?? "") || (at === before.at && isSame);
}
