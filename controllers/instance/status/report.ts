import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isTerminal, restartsBefore, TERMINAL_STATES } from "../../../api-types/life.js";
import type { TaskStatus } from "../../../drivers/compute/driver.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import { unreadyFailures } from "../../health.js";
import { type AttachedReport, attachedAfter, attachedReports } from "./attached.js";
import { healthAfter } from "./health-after.js";
import { AWAY_STATES, type Checked, type Health, readyCondition } from "./ready.js";

type Phase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

/** What the instance loop owns of an Instance's status; sent as a whole each time. */
export interface TaskReport {
  readonly phase: Phase;
  readonly addresses: readonly string[];
  readonly containerID?: string;
  readonly mesosContainerID?: string;
  readonly lastStatus?: {
    readonly state: string;
    readonly reason?: string;
    readonly message?: string;
    readonly at?: string;
    readonly exitCode?: number;
    readonly signal?: string;
  };
  readonly health?: Health;
  readonly startedAt?: string;
  readonly restarts: number;
  readonly attached?: readonly AttachedReport[];
  readonly conditions: readonly ConditionUpdate[];
}

/** Everything of it but the conditions, and what Running says once a task was heard of. */
interface Parts extends Omit<TaskReport, "conditions" | "attached"> {
  readonly attached: readonly AttachedReport[];
  readonly running: ConditionUpdate | undefined;
}

/** What the back end said, and when it was heard by our clock, in milliseconds; default: when it was said. */
export interface Heard extends TaskStatus {
  readonly heardAt?: number;
}

/**
 * The status of an instance after the back end said something about its task, or one attached to it; undefined when it
 * tells nothing new: an older statement, or one about a task that already ended.
 */
export function taskReport(instance: Instance, said: Heard, service: Checked): TaskReport | undefined {
  if (said.taskId === instance.status?.placement?.taskID) {
    if (isOneMoreFailure(instance, said, service)) return undefined;
    const parts = partsAfter(instance, said);
    return parts && sealed(instance, parts, service);
  }
  const attached = attachedAfter(instance, said);
  return attached && sealed(instance, { ...partsOf(instance), attached }, service);
}

/** The same when nothing was said, but probes or attached tasks are others; undefined when it would say the same. */
export function refreshedReport(instance: Instance, service: Checked): TaskReport | undefined {
  const report = sealed(instance, partsOf(instance), service);
  const ready = report.conditions.find(({ type }) => type === "Ready");
  const known = conditionOf(instance, "Ready");
  const isSame =
    ready?.status === known?.status && ready?.reason === known?.reason && ready?.message === known?.message;
  return isSame && !hasOldAttached(instance) ? undefined : report;
}

/** A state of an attached task that ran before is still there. */
function hasOldAttached(instance: Instance): boolean {
  const present = new Set(attachedReports(instance).flatMap(({ name, state }) => (state === undefined ? [] : [name])));
  return (instance.status?.attached ?? []).some(({ name, state }) => state !== undefined && !present.has(name));
}

/** Failures beyond those that decide something are acknowledged, not counted: one that fails for ever is not written for ever. */
function isOneMoreFailure({ status }: Instance, said: TaskStatus, { healthChecks = [] }: Checked): boolean {
  const { health, lastStatus } = status ?? {};
  if (said.isHealthy !== false || health?.isHealthy !== false || lastStatus?.state !== said.state) return false;
  const enough = Math.max(1, ...healthChecks.map(unreadyFailures));
  return (health.consecutiveFailures ?? 0) >= enough;
}

/** What a master says of a launch that it did not carry out. */
export const REFUSED_STATES: readonly string[] = ["Dropped", "Error"];

function partsAfter(instance: Instance, said: Heard): Parts | undefined {
  const at = new Date(said.timestamp * 1000).toISOString();
  // agents' clocks differ: whether many turned bad at once is told by one clock, ours (R30)
  const heardAt = said.heardAt === undefined ? at : new Date(said.heardAt).toISOString();
  if ((isTerminal(instance) && !isRevival(instance, said)) || isStale(instance, said, at)) return undefined;
  const before = partsOf(instance);
  const isRunning = said.state === "Running";
  return {
    phase: phaseOf(said.state),
    addresses: isRunning && said.addresses.length > 0 ? said.addresses : before.addresses,
    ...optional("containerID", said.containerId ?? before.containerID),
    ...optional("mesosContainerID", said.mesosContainerId ?? before.mesosContainerID),
    lastStatus: {
      state: said.state,
      ...optional("reason", said.reason),
      ...optional("message", said.message),
      ...optional("exitCode", said.exitCode),
      ...optional("signal", said.signal),
      at,
    },
    ...optional("health", healthAfter(before.health, said, heardAt)),
    ...optional("startedAt", before.startedAt ?? (isRunning ? at : undefined)),
    restarts: before.restarts,
    attached: before.attached,
    running: runningCondition(said),
  };
}

/** What was known before. */
function partsOf(instance: Instance): Parts {
  const { status } = instance;
  const running = conditionOf(instance, "Running");
  const { lastTransitionTime: _, ...update } = running ?? { lastTransitionTime: "" };
  return {
    // the server holds what this loop wrote
    phase: (status?.phase as Phase | undefined) ?? "Pending",
    addresses: status?.addresses ?? [],
    ...optional("containerID", status?.containerID),
    ...optional("mesosContainerID", status?.mesosContainerID),
    ...optional("lastStatus", status?.lastStatus),
    ...optional("health", status?.health),
    ...optional("startedAt", status?.startedAt),
    restarts: restartsBefore(instance),
    attached: attachedReports(instance),
    running: running === undefined ? undefined : (update as ConditionUpdate), // a condition without its time
  };
}

function sealed(instance: Instance, { running, attached, ...fields }: Parts, service: Checked): TaskReport {
  const own = { ...fields, ...(attached.length === 0 ? {} : { attached }) };
  if (running === undefined) return { ...own, conditions: [] };
  const ready = readyCondition({ instance, service, running, health: fields.health, attached });
  return { ...own, conditions: [running, ready] };
}

/** The refusal was of a repeated request: the first one was carried out. */
function isRevival(instance: Instance, said: TaskStatus): boolean {
  return REFUSED_STATES.includes(instance.status?.lastStatus?.state ?? "") && !TERMINAL_STATES.includes(said.state);
}

function isStale(instance: Instance, said: TaskStatus, at: string): boolean {
  const last = instance.status?.lastStatus;
  if (last === undefined) return false;
  const isSameHealth = said.isHealthy === undefined || said.isHealthy === instance.status?.health?.isHealthy;
  // an answer to reconciliation is about now, and says nothing new when state and health are known and told
  if (said.isReconciliation) {
    return last.state === said.state && isSameHealth && conditionOf(instance, "Running") !== undefined;
  }
  // a task ends once: its agent may tell so after the master told of the agent's absence, which came later
  if (TERMINAL_STATES.includes(said.state) && !REFUSED_STATES.includes(said.state)) return false;
  // the absence was the master's word, by its clock; whatever is heard of the task itself ends it
  if (AWAY_STATES.includes(last.state)) return last.state === said.state;
  // the time of a master's answer says nothing about an agent's report, which may be older and yet not known
  if (last.reason === RECONCILIATION && STEPS.includes(said.state)) return rankOf(said.state) < rankOf(last.state);
  return at < (last.at ?? "") || (at === last.at && last.state === said.state && isSameHealth);
}

const RECONCILIATION = "REASON_RECONCILIATION";
/** A living task goes through these one way only. */
const STEPS: readonly string[] = ["Staging", "Starting", "Running", "Killing"];

function rankOf(state: string): number {
  return STEPS.indexOf(state);
}

function phaseOf(state: TaskStatus["state"]): Phase {
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

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  // the computed key is K: TypeScript widens it to string
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: V });
}
