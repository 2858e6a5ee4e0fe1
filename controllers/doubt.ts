import type { Instance } from "../api-types/instance.js";
import { isLeaving, isTerminal } from "../api-types/life.js";
import { probePlan } from "../api-types/service/probes.js";
import type { HealthCheck, Service } from "../api-types/service-group.js";

/** What is known of one health check of an instance. */
export interface CheckState {
  readonly check: HealthCheck;
  readonly failures: number;
  /** When its result last changed. */
  readonly since: number;
}

/** All health checks of an instance, whoever runs them. */
export function checksOf(service: Service, { status }: Instance): readonly CheckState[] {
  const { agent, controller } = planOf(service);
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

/** Services are frozen: who probes what is told once for each. */
const plans = new WeakMap<Service, ReturnType<typeof probePlan>>();

function planOf(service: Service): ReturnType<typeof probePlan> {
  const known = plans.get(service);
  if (known !== undefined) return known;
  const plan = probePlan(service);
  plans.set(service, plan);
  return plan;
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

/** How many turned bad together, and of how many. */
export interface Doubt {
  readonly bad: number;
  readonly total: number;
}

/**
 * Whether so many instances of a service turned bad at once that one's own eyes are to be doubted (R3). Those that are
 * well again since one window still count: the last ones of many are not replaced while the rest
 * recover.
 */
export function doubtOf(service: Service, members: readonly Instance[], now: number): Doubt | undefined {
  const running = members.filter(
    (instance) => !isTerminal(instance) && !isLeaving(instance) && instance.status?.placement !== undefined,
  );
  const windowMs = Math.max(WINDOW_MS, ...(service.healthChecks ?? []).map(periodMs));
  const turned = running.flatMap((instance) => badSince(service, instance) ?? []);
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

/** Since when a check of an instance fails that may replace it; undefined: none does. */
export function badSince(service: Service, instance: Instance): number | undefined {
  const failing = checksOf(service, instance).filter(
    ({ check, failures }) => check.failureThreshold > 0 && failures > 0,
  );
  return failing.length === 0 ? undefined : Math.min(...failing.map(({ since }) => since));
}

/** Its checks pass again since that time, and it had run for longer: it is not merely new. */
function hasRecovered(service: Service, instance: Instance, since: number): boolean {
  const checks = checksOf(service, instance);
  const startedAt = timeOf(instance.status?.startedAt);
  const isBack = ({ check, since: at }: CheckState) => check.failureThreshold > 0 && at >= since && startedAt < since;
  return checks.every(({ failures }) => failures === 0) && checks.some(isBack);
}

/** Checks that turn bad together are told of within one period of theirs. */
function periodMs({ periodSeconds, timeoutSeconds }: HealthCheck): number {
  return (periodSeconds + timeoutSeconds) * 1000;
}

function timeOf(text: string | undefined): number {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? 0 : time;
}
