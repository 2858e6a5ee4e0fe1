import type { WireHealthCheck } from "../../../drivers/compute/mesos/wire.js";
import type { NodeTask, World } from "../cluster/world.js";
import type { TaskRunner } from "../task-runner.js";

/** What a round of health checking asks for. */
export interface HealthVerdict {
  /** Sent as an update; undefined: nothing to say. */
  readonly healthy?: boolean;
  readonly isFatal: boolean;
}

/** Checks a running task for as long as it runs; every verdict that says something is handed over. */
export function watchHealth(world: World, task: NodeTask, onVerdict: (verdict: HealthVerdict) => void): void {
  const check = task.info.health_check;
  const probe = check === undefined ? undefined : probeOf(check);
  if (check === undefined || probe === undefined) return;
  const intervalMs = 1000 * (check.interval_seconds ?? 10);

  function again(delayMs: number): void {
    const timer = world.clock.schedule(delayMs, () => {
      task.timers.delete(timer);
      void round();
    });
    task.timers.add(timer);
  }

  async function round(): Promise<void> {
    if (check === undefined || probe === undefined || task.phase !== "Running") return;
    const isHealthy = await world.runner.probe(task.info.task_id.value, probe, check.timeout_seconds ?? 20);
    if (task.phase !== "Running") return;
    const runsMs = world.clock.monotonic() - task.startedAt;
    const verdict = judge(task.health, { isHealthy, runsMs, check });
    if (verdict.healthy !== undefined) onVerdict(verdict);
    again(intervalMs);
  }

  again(1000 * (check.delay_seconds ?? 15));
}

interface Result {
  readonly isHealthy: boolean;
  readonly runsMs: number;
  readonly check: WireHealthCheck;
}

/** Counts failures, except those before the first success within the grace period. */
function judge(health: NodeTask["health"], { isHealthy, runsMs, check }: Result): HealthVerdict {
  if (isHealthy) {
    const isChange = health.isHealthy !== true;
    health.isHealthy = true;
    health.failures = 0;
    return isChange ? { healthy: true, isFatal: false } : { isFatal: false };
  }
  const graceMs = 1000 * (check.grace_period_seconds ?? 10);
  if (health.isHealthy === undefined && graceMs > 0 && runsMs <= graceMs) return { isFatal: false };
  health.isHealthy = false;
  health.failures++;
  return { healthy: false, isFatal: health.failures >= (check.consecutive_failures ?? 3) };
}

/** What a runner is asked. */
export type Probe = Parameters<TaskRunner["probe"]>[1];

/** The question of a check; undefined when it lacks its part. */
export function probeOf(check: WireHealthCheck): Probe | undefined {
  switch (check.type) {
    case "TCP":
      return check.tcp === undefined ? undefined : { type: "tcp", port: check.tcp.port };
    case "HTTP": {
      if (check.http === undefined) return undefined;
      const { port, path = "/", scheme } = check.http;
      return { type: "http", port, path, scheme: scheme === "https" ? "https" : "http" };
    }
    case "COMMAND": {
      const { value = "", arguments: argv, shell } = check.command ?? {};
      return { type: "command", command: shell === false ? [value, ...(argv ?? []).slice(1)] : value };
    }
    default:
      return undefined;
  }
}
