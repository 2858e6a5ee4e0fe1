import type { Instance } from "../../../api-types/instance.js";
import { conditionOf } from "../../../api-types/life.js";
import type { AttachedTask } from "../../../api-types/service/fields.js";
import { probePlan } from "../../../api-types/service/probes.js";
import type { Service } from "../../../api-types/service-group.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import { unreadyFailures } from "../../health.js";
import type { AttachedReport } from "./attached.js";

/** What of a template says when an instance is ready. */
export type Checked = Partial<Pick<Service, "healthChecks" | "readinessCheck" | "network" | "attached">>;

/** What was heard of an instance's own task by its agent. */
export interface Health {
  readonly isHealthy?: boolean;
  readonly consecutiveFailures?: number;
  readonly since?: string;
}

export interface ReadyView {
  /** As it was before; its probes are those of now. */
  readonly instance: Instance;
  readonly service: Checked;
  readonly running: ConditionUpdate;
  readonly health: Health | undefined;
  readonly attached: readonly AttachedReport[];
}

/**
 * Whether an instance may have traffic; the first row that holds.
 *
 * | found                                                             | Ready   |
 * |-------------------------------------------------------------------|---------|
 * | its task does not run, or nobody knows                            | as that |
 * | a health check failed as often in a row as its threshold says     | False   |
 * | a health check has not passed yet                                 | False   |
 * | the readiness check does not pass now                             | False   |
 * | a required attached task does not run, or its own check fails     | False   |
 * | none of these; a failure below the threshold changes nothing      | True    |
 */
export function readyCondition(view: ReadyView): ConditionUpdate {
  const { running, service } = view;
  if (running.status !== "True") {
    return { type: "Ready", status: running.status, reason: "TaskNotRunning", message: running.message };
  }
  const unready = unhealthy(view) ?? notReady(view) ?? attachedMissing(view);
  if (unready !== undefined) return { type: "Ready", status: "False", ...unready };
  const isChecked = (service.healthChecks ?? []).length > 0 || service.readinessCheck !== undefined;
  return { type: "Ready", status: "True", reason: isChecked ? "Healthy" : "NoHealthCheck", message: "" };
}

type Unready = Pick<ConditionUpdate, "reason" | "message">;

interface CheckState {
  readonly name: string;
  /** Undefined before the first result. */
  readonly isPassing: boolean | undefined;
  readonly failures: number;
  readonly threshold: number;
}

function unhealthy(view: ReadyView): Unready | undefined {
  const checks = healthStates(view);
  const failing = checks.find((check) => check.isPassing === false && check.failures >= check.threshold);
  if (failing !== undefined) {
    const message = `health check ${failing.name} failed ${failing.failures} times in a row; see status.health and status.probes`;
    return { reason: "Unhealthy", message };
  }
  // a failure of a check that passed before counts at its threshold only
  const pending = hadPassed(view.instance) ? undefined : checks.find((check) => check.isPassing !== true);
  const unknown = pending ?? checks.find((check) => check.isPassing === undefined);
  return unknown && { reason: "HealthPending", message: `health check ${unknown.name} has not passed yet` };
}

function healthStates({ instance, service, health }: ReadyView): readonly CheckState[] {
  const { agent } = planOf(service);
  return (service.healthChecks ?? []).map((check) => {
    const probe = instance.status?.probes?.find(({ name }) => name === check.name);
    const isPassing = check === agent?.check ? health?.isHealthy : probe?.isPassing;
    const failures = (check === agent?.check ? health?.consecutiveFailures : probe?.consecutiveFailures) ?? 0;
    return { name: check.name, isPassing, failures, threshold: unreadyFailures(check) };
  });
}

/** Reasons that are only given when every health check has passed once. */
const AFTER_HEALTH = ["Healthy", "NoHealthCheck", "ReadinessFailing", "AttachedNotReady"];

function hadPassed(instance: Instance): boolean {
  return AFTER_HEALTH.includes(conditionOf(instance, "Ready")?.reason ?? "");
}

/** Name of the readiness check in `status.probes`. */
const READINESS = "readiness";

function notReady({ instance, service, health }: ReadyView): Unready | undefined {
  if (service.readinessCheck === undefined) return undefined;
  const isByAgent = planOf(service).agent?.kind === "readiness";
  const probe = instance.status?.probes?.find(({ name }) => name === READINESS);
  const isPassing = isByAgent ? health?.isHealthy : probe?.isPassing;
  if (isPassing === true) return undefined;
  const message = isPassing === undefined ? "the readiness check has no result yet" : "the readiness check fails";
  return { reason: "ReadinessFailing", message };
}

/** What a master says of a task whose agent it does not reach; no word about the task itself. */
export const AWAY_STATES: readonly string[] = ["Unreachable", "Unknown", "Lost"];

function attachedMissing({ service, attached }: ReadyView): Unready | undefined {
  const required = (service.attached ?? []).filter((task) => task.required);
  for (const task of required) {
    const message = attachedFault(
      task,
      attached.find(({ name }) => name === task.name),
    );
    if (message !== undefined) return { reason: "AttachedNotReady", message };
  }
  return undefined;
}

function attachedFault({ name, healthChecks }: AttachedTask, task: AttachedReport | undefined): string | undefined {
  const { state, startedAt, isHealthy, consecutiveFailures = 0 } = task ?? {};
  // it ran, and nobody knows better: unknown takes nothing away
  if (startedAt !== undefined && AWAY_STATES.includes(state ?? "")) return undefined;
  if (state !== "Running") return `the attached task ${name} is not running${state === undefined ? "" : ` (${state})`}`;
  const [check] = healthChecks ?? [];
  if (check === undefined) return undefined;
  const isFailing = isHealthy === false && consecutiveFailures >= unreadyFailures(check);
  return isHealthy === undefined || isFailing
    ? `the health check of the attached task ${name} does not pass`
    : undefined;
}

/** Nobody is asked when there is no check, whatever the network. */
function planOf({ network = { mode: "Host" }, ...checks }: Checked): ReturnType<typeof probePlan> {
  return probePlan({ ...checks, network });
}
