import type { Instance } from "../../api-types/instance.js";
import { conditionOf, isLeaving, isTerminal, TERMINAL_STATES } from "../../api-types/life.js";
import type { Service } from "../../api-types/service-group.js";
import { ANNOTATION, FINALIZER } from "../../api-types/well-known.js";
import type { TaskStatus } from "../../drivers/compute/driver.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";

/** What the instance loop owns of an Instance's status; sent as a whole each time. */
export interface TaskReport {
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly addresses: readonly string[];
  readonly containerID?: string;
  readonly mesosContainerID?: string;
  readonly lastStatus: {
    readonly state: string;
    readonly reason?: string;
    readonly message?: string;
    readonly at: string;
  };
  readonly health?: { readonly isHealthy: boolean; readonly consecutiveFailures: number; readonly since: string };
  readonly startedAt?: string;
  readonly restarts: number;
  readonly conditions: readonly ConditionUpdate[];
}

/**
 * The status of an instance after the back end said something about its task; undefined when it tells nothing new:
 * an older statement, or one about a task that already ended.
 */
export function taskReport(
  instance: Instance,
  said: TaskStatus,
  service: Pick<Service, "healthChecks">,
): TaskReport | undefined {
  const at = new Date(said.timestamp * 1000).toISOString();
  if ((isTerminal(instance) && !isRevival(instance, said)) || isStale(instance, said, at)) return undefined;
  const before = instance.status;
  const health = healthOf(before?.health, said, at);
  const startedAt = before?.startedAt ?? (said.state === "Running" ? at : undefined);
  const addresses = said.state === "Running" && said.addresses.length > 0 ? said.addresses : (before?.addresses ?? []);
  return {
    phase: phaseOf(said.state),
    addresses,
    ...optional("containerID", said.containerId ?? before?.containerID),
    ...optional("mesosContainerID", said.mesosContainerId ?? before?.mesosContainerID),
    lastStatus: { state: said.state, ...optional("reason", said.reason), ...optional("message", said.message), at },
    ...optional("health", health),
    ...optional("startedAt", startedAt),
    restarts: Number(instance.metadata.annotations?.[ANNOTATION.restarts] ?? 0),
    conditions: [runningCondition(said), readyCondition(said, service, health?.isHealthy)],
  };
}

/** What a master says of a launch that it did not carry out. */
export const REFUSED_STATES: readonly string[] = ["Dropped", "Error"];

/** The refusal was of a repeated request: the first one was carried out. */
function isRevival(instance: Instance, said: TaskStatus): boolean {
  return REFUSED_STATES.includes(instance.status?.lastStatus?.state ?? "") && !TERMINAL_STATES.includes(said.state);
}

function isStale(instance: Instance, said: TaskStatus, at: string): boolean {
  const last = instance.status?.lastStatus;
  if (last === undefined) return false;
  // an answer to reconciliation is about now, and says nothing new when the state is known and told
  if (said.isReconciliation) return last.state === said.state && conditionOf(instance, "Running") !== undefined;
  const isSameHealth = said.isHealthy === undefined || said.isHealthy === instance.status?.health?.isHealthy;
  return at < (last.at ?? "") || (at === last.at && last.state === said.state && isSameHealth);
}

type Health = NonNullable<TaskReport["health"]>;

/** Failures in a row are counted here, because the agent is told never to kill (API.md, healthChecks). */
function healthOf(before: Partial<Health> | undefined, said: TaskStatus, at: string): Health | undefined {
  const isHealthy = said.isHealthy ?? before?.isHealthy;
  if (isHealthy === undefined) return undefined;
  const isSame = before?.isHealthy === isHealthy;
  const known = before?.consecutiveFailures ?? 0;
  const isNews = said.isHealthy !== undefined && !(said.isReconciliation && isSame);
  const failures = isNews && !isHealthy ? known + 1 : known;
  return { isHealthy, consecutiveFailures: isHealthy ? 0 : failures, since: isSame ? (before?.since ?? at) : at };
}

function phaseOf(state: TaskStatus["state"]): TaskReport["phase"] {
  if (state === "Finished") return "Succeeded";
  if (TERMINAL_STATES.includes(state)) return "Failed";
  if (state === "Running" || state === "Killing") return "Running";
  return state === "Staging" || state === "Starting" ? "Pending" : "Unknown";
}

function runningCondition(said: TaskStatus): ConditionUpdate {
  const message = said.message ?? "";
  if (said.state === "Running" || said.state === "Killing")
    return { type: "Running", status: "True", reason: "TaskRunning", message };
  if (TERMINAL_STATES.includes(said.state))
    return { type: "Running", status: "False", reason: "TaskEnded", message: endText(said) };
  if (said.state === "Staging" || said.state === "Starting") {
    return { type: "Running", status: "False", reason: "TaskStarting", message };
  }
  return {
    type: "Running",
    status: "Unknown",
    reason: "TaskUnreachable",
    message: `the master does not reach the task's agent (${said.state}); it may still run and come back`,
  };
}

function endText(said: TaskStatus): string {
  return [`task ended as ${said.state}`, said.message].filter((part) => part !== undefined && part !== "").join(": ");
}

function readyCondition(
  said: TaskStatus,
  service: Pick<Service, "healthChecks">,
  isHealthy: boolean | undefined,
): ConditionUpdate {
  const running = runningCondition(said);
  if (running.status !== "True") {
    return { type: "Ready", status: running.status, reason: "TaskNotRunning", message: running.message };
  }
  if ((service.healthChecks ?? []).length === 0)
    return { type: "Ready", status: "True", reason: "NoHealthCheck", message: "" };
  if (isHealthy === undefined) {
    return { type: "Ready", status: "False", reason: "HealthPending", message: "no health check has passed yet" };
  }
  return isHealthy
    ? { type: "Ready", status: "True", reason: "Healthy", message: "" }
    : { type: "Ready", status: "False", reason: "Unhealthy", message: "the health check fails; see status.health" };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  // the computed key is K: TypeScript widens it to string
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: V });
}

/** What a deleted Instance's task needs. */
export type EndStep =
  /** Other layers still use it, or it was not let go. */
  | { readonly type: "wait" }
  /** Nothing runs: the Instance may vanish. */
  | { readonly type: "release" }
  | { readonly type: "kill"; readonly taskId: string; readonly agentId: string };

/** The last step of leaving: after DNS and route are gone, kill; after the end is stored, release. */
export function planEnd(instance: Instance): EndStep {
  const finalizers = instance.metadata.finalizers ?? [];
  const isLast = !finalizers.includes(FINALIZER.dns) && !finalizers.includes(FINALIZER.route);
  if (!isLeaving(instance) || !isLast || !finalizers.includes(FINALIZER.task)) return { type: "wait" };
  const placement = instance.status?.placement;
  if (placement === undefined || isTerminal(instance)) return { type: "release" };
  return { type: "kill", taskId: placement.taskID, agentId: placement.agentID };
}

/** Whether a placed task is still not running after the service's start deadline; `now` in milliseconds of wall time. */
export function planOverdue(instance: Instance, service: Service, now: number): { readonly isDue: boolean } {
  const scheduled = conditionOf(instance, "Scheduled");
  const since = Date.parse(scheduled?.lastTransitionTime ?? "");
  const state = instance.status?.lastStatus?.state;
  const isStarting = state === undefined || state === "Staging" || state === "Starting";
  return { isDue: isStarting && scheduled?.status === "True" && now >= since + service.startDeadlineSeconds * 1000 };
}
