import type { CheckInfo, NodeTask, World } from "../cluster/world.js";
import type { CheckResult } from "../task-runner.js";
import { type Probe, probeOf } from "./health.js";

/** Runs a task's check for as long as it runs; every result that differs from the last one is handed over. */
export function watchCheck(world: World, task: NodeTask, onChange: (status: unknown) => void): void {
  const { check } = task.info;
  const isDocker = task.info.container?.type === "DOCKER";
  const probe = check === undefined || isDocker ? undefined : probeOfCheck(check);
  if (check === undefined || probe === undefined) return;
  const intervalMs = 1000 * (check.interval_seconds ?? 10);
  const timeoutSeconds = check.timeout_seconds ?? 20;
  let last: string | undefined;

  function again(delayMs: number): void {
    const timer = world.clock.schedule(delayMs, () => {
      task.timers.delete(timer);
      void round();
    });
    task.timers.add(timer);
  }

  async function round(): Promise<void> {
    if (check === undefined || probe === undefined || task.phase !== "Running") return;
    const result = await ask(world, task, { probe, timeoutSeconds });
    if (task.phase !== "Running") return;
    const status = statusOf(check, result);
    const text = JSON.stringify(status);
    if (text !== (last ?? JSON.stringify(emptyCheckStatus(check)))) {
      last = text;
      onChange(status);
    }
    again(intervalMs);
  }

  again(1000 * (check.delay_seconds ?? 15));
}

interface Question {
  readonly probe: Probe;
  readonly timeoutSeconds: number;
}

/** A runner that tells no details tells at least good from bad. */
async function ask(world: World, task: NodeTask, { probe, timeoutSeconds }: Question): Promise<CheckResult> {
  const taskId = task.info.task_id.value;
  const { runner } = world;
  if (runner.check !== undefined) return runner.check(taskId, probe, timeoutSeconds);
  const isGood = await runner.probe(taskId, probe, timeoutSeconds);
  if (probe.type === "tcp") return { isConnected: isGood };
  return probe.type === "http" ? (isGood ? { statusCode: 200 } : {}) : { exitCode: isGood ? 0 : 1 };
}

/** The result before there is one; also in every update that is not about the check. */
export function emptyCheckStatus(check: CheckInfo): unknown {
  return { type: check.type, [(check.type ?? "COMMAND").toLowerCase()]: {} };
}

function statusOf(check: CheckInfo, { exitCode, statusCode, isConnected }: CheckResult): unknown {
  switch (check.type) {
    case "COMMAND":
      return exitCode === undefined ? emptyCheckStatus(check) : { type: check.type, command: { exit_code: exitCode } };
    case "HTTP":
      return statusCode === undefined
        ? emptyCheckStatus(check)
        : { type: check.type, http: { status_code: statusCode } };
    case "TCP":
      return { type: check.type, tcp: { succeeded: isConnected ?? false } };
    default:
      return undefined;
  }
}

function probeOfCheck({ type, command, http, tcp }: CheckInfo): Probe | undefined {
  if (type === undefined) return undefined;
  return probeOf({
    type,
    ...(command === undefined ? {} : { command: command.command }),
    ...(http === undefined ? {} : { http }),
    ...(tcp === undefined ? {} : { tcp }),
  });
}
