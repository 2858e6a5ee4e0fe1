import type { HealthCheck } from "../api-types/service/health.js";
import type { Service } from "../api-types/service-group.js";

/** Checks that never replace an instance withdraw it from traffic at this many failures in a row, the default threshold. */
const UNREADY_FAILURES = 3;

/** At how many failures in a row an instance is not Ready any more; above 0 also where the check never replaces it. */
export function unreadyFailures({ failureThreshold }: Pick<HealthCheck, "failureThreshold">): number {
  return failureThreshold > 0 ? failureThreshold : UNREADY_FAILURES;
}

/** What runs is checked as its template says; thresholds are those of today, for they apply in place. */
export function withThresholds(template: Service, live: Service | undefined): Service {
  const { healthChecks } = template;
  if (live?.healthChecks === undefined || healthChecks === undefined) return template;
  const today = new Map(live.healthChecks.map(({ name, failureThreshold }) => [name, failureThreshold]));
  const checks = healthChecks.map((check) => ({
    ...check,
    failureThreshold: today.get(check.name) ?? check.failureThreshold,
  }));
  return { ...template, healthChecks: checks };
}
