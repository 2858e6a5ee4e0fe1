import type { Instance, InstanceAttached } from "../../../api-types/instance.js";
import { conditionOf, isAvailable, isLeaving, TERMINAL_STATES } from "../../../api-types/life.js";
import { isShare, shareOf } from "../../../api-types/service/share.js";
import type { AttachedTask, Service } from "../../../api-types/service-group.js";
import { ANNOTATION } from "../../../api-types/well-known.js";
import { badSince, type CheckState, checksOf, type Doubt, doubtOf } from "../../doubt.js";
import type { GroupView, Steady } from "../life/model.js";
import { isServed, newestOf, type Slot, timeOf } from "./slots.js";

/**
 * Whether an instance is to be replaced for bad health: one of its health checks, by whomever, failed so many times in a
 * row as its threshold says, or a task that it cannot do without is gone for good. Silence proves nothing.
 */
export function isUnhealthy(service: Service, instance: Instance): boolean {
  const isBad = ({ check, failures }: CheckState) => check.failureThreshold > 0 && failures >= check.failureThreshold;
  return checksOf(service, instance).some(isBad) || (service.attached ?? []).some((task) => isLost(task, instance));
}

/** A required task beside it ended and is not started again, or fails its own check. */
function isLost(task: AttachedTask, { status }: Instance): boolean {
  const state = status?.attached?.find(({ name }) => name === task.name);
  if (!task.required || state === undefined) return false;
  const threshold = task.healthChecks?.[0]?.failureThreshold ?? 0;
  const isFailing = threshold > 0 && (state.consecutiveFailures ?? 0) >= threshold;
  return isFailing || isOver(task, state);
}

/** It ended, and its restart policy lets it be. */
function isOver({ restart }: AttachedTask, { state = "" }: InstanceAttached): boolean {
  if (!TERMINAL_STATES.includes(state) || restart.policy === "Always") return false;
  return restart.policy === "Never" || state === "Finished";
}

/** What may be done about bad health in one service now. */
export interface HealthLimits {
  /** How many more instances may be replaced for bad health. */
  readonly allowance: number;
  /** How many turned bad together, when that is more than is believed; undefined: replacements go on. */
  readonly doubted: Doubt | undefined;
  /** While in doubt: the successor that is to show whether replacing helps, before any other is tried. */
  readonly trial: Instance | undefined;
}

/** The budget of a service, less what is being replaced already; nothing while too many turned bad at once. */
export function healthLimits(
  service: Service,
  members: readonly Instance[],
  { slots, wanted, view }: { slots: readonly Slot[]; wanted: number; view: Watched },
): HealthLimits {
  const doubted = view.hasOverride ? undefined : doubtOf(service, members, view.now);
  const budget = service.unhealthyKillBudget;
  const allowed = Math.max(1, isShare(budget) ? shareOf(budget, wanted) : 1);
  const allowance = doubted === undefined ? Math.max(0, allowed - inFlight(service, members, slots)) : 0;
  return { allowance, doubted, trial: doubted && trialOf(slots, view) };
}

type Watched = Pick<GroupView, "hasOverride" | "now" | "steady">;

/** So long the successor of a bad instance has to serve until it proves that replacing helps. */
const PROVEN_AFTER_MS = 60_000;

/** A successor of a bad instance that does not serve beside it, or not for long. */
function trialOf(slots: readonly Slot[], { now, steady }: Watched): Instance | undefined {
  const isYoung = (one: Instance) => {
    const since = timeOf(conditionOf(one, "Published")?.lastTransitionTime);
    return steady(`Published of ${one.metadata.name}`, since) + PROVEN_AFTER_MS > now;
  };
  const trial = slots.find((slot) => {
    const newest = newestOf(slot);
    if (newest.metadata.annotations?.[ANNOTATION.cause] !== "Unhealthy") return false;
    return (slot.members.length > 1 && !isAvailable(newest)) || isYoung(newest);
  });
  return trial && newestOf(trial);
}

/** What stays bad for so long while it is doubted is tried. */
const TRIAL_AFTER_MS = 600_000;

/**
 * When a successor may be started beside an instance whose bad health is doubted. Only beside it: nothing leaves before the
 * successor serves, which is then the second witness, for the same eyes find one well and the other bad.
 */
export function trialDueAt(service: Service, instance: Instance, steady: Steady): number | undefined {
  const since = isUnhealthy(service, instance) ? badSince(service, instance) : undefined;
  return since === undefined ? undefined : steady(`bad health of ${instance.metadata.name}`, since) + TRIAL_AFTER_MS;
}

/** Numbers whose unhealthy instance was followed or taken away, and that are not served again; a bad successor is none. */
function inFlight(service: Service, members: readonly Instance[], slots: readonly Slot[]): number {
  const served = new Set(slots.filter(isServed).map(({ number }) => number));
  const succeeded = slots.filter((slot) => {
    const newest = newestOf(slot);
    const isForHealth = newest.metadata.annotations?.[ANNOTATION.cause] === "Unhealthy";
    return isForHealth && !isServed(slot) && !isUnhealthy(service, newest);
  });
  const taken = members.filter(
    (instance) =>
      isLeaving(instance) &&
      instance.metadata.annotations?.[ANNOTATION.leave] === "Unhealthy" &&
      !served.has(instance.spec.number),
  );
  return new Set([...succeeded.map(({ number }) => number), ...taken.map(({ spec }) => spec.number)]).size;
}
