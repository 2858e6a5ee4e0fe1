import type { TaskStatus } from "../../../drivers/compute/driver.js";

interface Known {
  readonly isHealthy?: boolean;
  readonly consecutiveFailures?: number;
  readonly since?: string;
}

/** Health of one task as counted from what its agent said. */
export interface CountedHealth {
  readonly isHealthy: boolean;
  readonly consecutiveFailures: number;
  readonly since: string;
}

/** Failures in a row are counted here, because the agent is told never to kill (API.md, healthChecks). */
export function healthAfter(before: Known | undefined, said: TaskStatus, at: string): CountedHealth | undefined {
  const isHealthy = said.isHealthy ?? before?.isHealthy;
  if (isHealthy === undefined) return undefined;
  const isSame = before?.isHealthy === isHealthy;
  const known = before?.consecutiveFailures ?? 0;
  const isNews = said.isHealthy !== undefined && !(said.isReconciliation && isSame);
  const failures = isNews && !isHealthy ? known + 1 : known;
  return { isHealthy, consecutiveFailures: isHealthy ? 0 : failures, since: isSame ? (before?.since ?? at) : at };
}
