import type { Instance, InstanceAttached } from "../../../api-types/instance.js";
import { isLeaving, isTerminal, TERMINAL_STATES } from "../../../api-types/life.js";
import { probePlan } from "../../../api-types/service/probes.js";
import { isShare, shareOf } from "../../../api-types/service/share.js";
import type { AttachedTask, HealthCheck, Service } from "../../../api-types/service-group.js";
import { ANNOTATION } from "../../../api-types/well-known.js";
import { isServed, newestOf, type Slot, timeOf } from "./slots.js";

/**
 * Whether an instance is to be replaced for bad health: one of its health checks, by whomever, failed so many times in a
 * row as its threshold says, or a task that it cannot do without is gone for good. Silence proves nothing.
 */
export function isUnhealthy(service: Service, instance: Instance): boolean {
  const isBad = ({ check, failures }: Checked) => check.failureThreshold > 0 && failures >= check.failureThreshold;
  return checksOf(service, instance).some(isBad) || (service.attached ?? []).some((task) => isLost(task, instance));
}

interface Checked {
  readonly check: HealthCheck;
  readonly failures: number;
  /** When its result last changed. */
  readonly since: number;
}

function checksOf(service: Service, { status }: Instance): readonly Checked[] {
  const { agent, controller } = probePlan(service);
  const byAgent =
    agent?.kind === "health"
      ? [
          {
            check: agent.check,
            failures: status?.health?.consecutiveFailures ?? 0,
            since: timeOf(status?.health?.since),
          },
        ]
      : [];
  const byController = controller.map((check) => {
    const probe = status?.probes?.find(({ name }) => name === check.name);
    return { check, failures: probe?.consecutiveFailures ?? 0, since: timeOf(probe?.since) };
  });
  return [...byAgent, ...byController];
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

/** So many, and so large a part of a service, that turn bad within one window are not believed (R3). */
export const MASS_MIN = 3;
export const MASS_PERCENT = 30;
const WINDOW_MS = 60_000;

/** How many of these moments lie in the fullest window. */
export function mostWithin(times: readonly number[], windowMs: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [index, time] of sorted.entries()) {
    while (time - (sorted[first] ?? time) > windowMs) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** Whether so many of `total` turned bad at these times, within one window, that one's own eyes are to be doubted (R3). */
export function isMassive(times: readonly number[], total: number, windowMs = WINDOW_MS): boolean {
  const count = mostWithin(times, windowMs);
  return count >= MASS_MIN && count * 100 > total * MASS_PERCENT;
}

/** What may be done about bad health in one service now. */
export interface HealthLimits {
  /** How many more instances may be replaced for bad health. */
  readonly allowance: number;
  /** How many turned bad together, when that is more than is believed; undefined: replacements go on. */
  readonly doubted: { readonly bad: number; readonly total: number } | undefined;
}

/** The budget of a service, less what is being replaced already; nothing while too many turned bad at once. */
export function healthLimits(
  service: Service,
  members: readonly Instance[],
  { slots, wanted, hasOverride, now }: { slots: readonly Slot[]; wanted: number; hasOverride: boolean; now: number },
): HealthLimits {
  const doubted = hasOverride ? undefined : doubtOf(service, members, now);
  const budget = service.unhealthyKillBudget;
  const allowed = Math.max(1, isShare(budget) ? shareOf(budget, wanted) : 1);
  const allowance = doubted === undefined ? Math.max(0, allowed - inFlight(service, members, slots)) : 0;
  return { allowance, doubted };
}

/** Those that are well again since one window still count: the last ones of many are not replaced while the rest recover. */
function doubtOf(service: Service, members: readonly Instance[], now: number) {
  const running = members.filter(
    (instance) => !isTerminal(instance) && !isLeaving(instance) && instance.status?.placement !== undefined,
  );
  const windowMs = Math.max(WINDOW_MS, ...(service.healthChecks ?? []).map(periodMs));
  const turned = running.flatMap((instance) => {
    const failing = checksOf(service, instance).filter(
      ({ check, failures }) => check.failureThreshold > 0 && failures > 0,
    );
    return failing.length === 0 ? [] : [Math.min(...failing.map(({ since }) => since))];
  });
  const recovered = running.filter((instance) => hasRecovered(service, instance, now - windowMs)).length;
  const bad = mostWithin(turned, windowMs);
  const isDoubted =
    bad > 0 &&
    isMassive(
      Array.from({ length: bad + recovered }, () => now),
      running.length,
    );
  return isDoubted ? { bad: bad + recovered, total: running.length } : undefined;
}

/** Its checks pass again since that time, and it had run for longer: it is not merely new. */
function hasRecovered(service: Service, instance: Instance, since: number): boolean {
  const checks = checksOf(service, instance);
  const startedAt = timeOf(instance.status?.startedAt);
  const isBack = ({ check, since: at }: Checked) => check.failureThreshold > 0 && at >= since && startedAt < since;
  return checks.every(({ failures }) => failures === 0) && checks.some(isBack);
}

/** Checks that turn bad together are told of within one period of theirs. */
function periodMs({ periodSeconds, timeoutSeconds }: HealthCheck): number {
  return (periodSeconds + timeoutSeconds) * 1000;
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
