import type { AgentCheck, TaskLaunch } from "../../driver.js";
import type { WireCommandInfo, WireHealthCheck } from "../wire.js";
import { programOfArgv } from "./command.js";

/** The largest count there is, so that Mesos only reports and never kills. */
const CONSECUTIVE_FAILURES = 2 ** 31 - 1;

/** A check for the agent to run beside the task; it never kills. Not `check`: that crashes the docker executor. */
export function healthCheckOf(check: AgentCheck, containerizer: TaskLaunch["containerizer"]): WireHealthCheck {
  return {
    ...probeOf(check.probe, containerizer),
    delay_seconds: check.delaySeconds,
    interval_seconds: check.intervalSeconds,
    timeout_seconds: check.timeoutSeconds,
    grace_period_seconds: check.gracePeriodSeconds,
    consecutive_failures: CONSECUTIVE_FAILURES,
  };
}

function probeOf(probe: AgentCheck["probe"], containerizer: TaskLaunch["containerizer"]): WireHealthCheck {
  switch (probe.type) {
    case "tcp":
      return { type: "TCP", tcp: { port: probe.port } };
    case "http":
      return { type: "HTTP", http: { scheme: probe.scheme, port: probe.port, path: probe.path } };
    case "command":
      return { type: "COMMAND", command: checkCommandOf(probe.command, containerizer) };
    default:
      return probe satisfies never;
  }
}

function checkCommandOf(
  command: readonly string[] | string,
  containerizer: TaskLaunch["containerizer"],
): WireCommandInfo {
  return typeof command === "string" ? { shell: true, value: command } : programOfArgv(command, containerizer);
}
