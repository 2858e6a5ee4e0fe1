import { describe, expect, it } from "vitest";
import { condition, instance, placed, service } from "../../testing/objects.js";
import type { AttachedReport } from "./attached.js";
import { type Health, readyCondition } from "./ready.js";

const AGENT = { name: "agent", tcpSocket: { port: 80 } };
const PROBED = { name: "probed", tcpSocket: { port: 81 }, probeFrom: "Controller" };
const READINESS = { httpGet: { port: 80 }, probeFrom: "Controller" };
const pass: Health = { isHealthy: true, consecutiveFailures: 0 };
const failed = (consecutiveFailures: number): Health => ({ isHealthy: false, consecutiveFailures });
const probe = (name: string, failures: number | undefined) => ({
  name,
  isPassing: failures === undefined ? undefined : failures === 0,
  consecutiveFailures: failures ?? 0,
});

interface Row {
  readonly service: object;
  readonly health?: Health;
  readonly probes?: readonly object[];
  readonly attached?: readonly AttachedReport[];
  /** Reason of Ready before. */
  readonly before?: string;
  readonly running?: "True" | "False" | "Unknown";
}

function check({ service: fields, health, probes = [], attached = [], before, running = "True" }: Row): string {
  const conditions = before === undefined ? [] : [condition("Ready", "True", { reason: before })];
  const { status, reason } = readyCondition({
    instance: instance({ status: { ...placed("web"), probes }, conditions }),
    service: service({ network: { mode: "Host" }, ...fields }),
    running: { type: "Running", status: running, reason: "Sample", message: "" },
    health,
    attached,
  });
  return `${status} ${reason}`;
}

const one = { healthChecks: [AGENT] };
const two = { healthChecks: [AGENT, PROBED] };
const never = { healthChecks: [{ ...AGENT, failureThreshold: 0 }] };
const warm = { readinessCheck: READINESS };
const sidecar = { attached: [{ name: "log", shell: "log", required: true }] };
const checkedSidecar = { attached: [{ ...sidecar.attached[0], healthChecks: [AGENT] }] };
const log = (state: string, fields: object = {}): readonly AttachedReport[] => [{ name: "log", state, ...fields }];

describe("when an instance is ready", () => {
  it.each<[string, Row, string]>([
    ["it does not run", { service: {}, running: "False" }, "False TaskNotRunning"],
    ["nobody knows whether it runs", { service: one, health: failed(9), running: "Unknown" }, "Unknown TaskNotRunning"],
    ["there is no check", { service: {} }, "True NoHealthCheck"],
    ["no result", { service: one }, "False HealthPending"],
    ["a pass", { service: one, health: pass }, "True Healthy"],
    ["a failure first", { service: one, health: failed(1) }, "False HealthPending"],
    ["a failure after passes", { service: one, health: failed(1), before: "Healthy" }, "True Healthy"],
    ["one below the threshold", { service: one, health: failed(2), before: "Healthy" }, "True Healthy"],
    ["the threshold", { service: one, health: failed(3), before: "Healthy" }, "False Unhealthy"],
    ["beyond it", { service: one, health: failed(7), before: "Unhealthy" }, "False Unhealthy"],
    ["a pass after that", { service: one, health: pass, before: "Unhealthy" }, "True Healthy"],
    [
      "a threshold of one",
      { service: { healthChecks: [{ ...AGENT, failureThreshold: 1 }] }, health: failed(1), before: "Healthy" },
      "False Unhealthy",
    ],
    [
      "a check that never replaces, failing a little",
      { service: never, health: failed(2), before: "Healthy" },
      "True Healthy",
    ],
    [
      "a check that never replaces, failing on",
      { service: never, health: failed(3), before: "Healthy" },
      "False Unhealthy",
    ],
    ["one of two has no result", { service: two, health: pass }, "False HealthPending"],
    [
      "one of two has no result, in a new version of the checks",
      { service: two, health: pass, before: "Healthy" },
      "False HealthPending",
    ],
    ["both pass", { service: two, health: pass, probes: [probe("probed", 0)] }, "True Healthy"],
    [
      "the controller's fails at its threshold",
      { service: two, health: pass, probes: [probe("probed", 3)], before: "Healthy" },
      "False Unhealthy",
    ],
    [
      "the controller's flaps",
      { service: two, health: pass, probes: [probe("probed", 1)], before: "Healthy" },
      "True Healthy",
    ],
    ["results of checks that it has not", { service: one, health: pass, probes: [probe("old", 3)] }, "True Healthy"],
    ["readiness is not known", { service: warm }, "False ReadinessFailing"],
    ["readiness passes", { service: warm, probes: [probe("readiness", 0)] }, "True Healthy"],
    [
      "readiness is lost",
      { service: warm, probes: [probe("readiness", 1)], before: "Healthy" },
      "False ReadinessFailing",
    ],
    [
      "readiness by the agent",
      { service: { readinessCheck: { ...READINESS, probeFrom: "Agent" } }, health: pass },
      "True Healthy",
    ],
    [
      "a failure below the threshold while readiness was lost",
      { service: { ...one, ...warm }, health: failed(1), probes: [probe("readiness", 0)], before: "ReadinessFailing" },
      "True Healthy",
    ],
    ["a required task is not known", { service: sidecar }, "False AttachedNotReady"],
    ["a required task runs", { service: sidecar, attached: log("Running") }, "True NoHealthCheck"],
    [
      "a required task failed",
      { service: sidecar, attached: log("Failed"), before: "NoHealthCheck" },
      "False AttachedNotReady",
    ],
    [
      "a required task is out of reach",
      { service: sidecar, attached: log("Unreachable", { startedAt: "t" }), before: "NoHealthCheck" },
      "True NoHealthCheck",
    ],
    ["a required task has no result", { service: checkedSidecar, attached: log("Running") }, "False AttachedNotReady"],
    [
      "a required task passes",
      { service: checkedSidecar, attached: log("Running", { isHealthy: true }) },
      "True NoHealthCheck",
    ],
    [
      "a required task fails a little",
      { service: checkedSidecar, attached: log("Running", { isHealthy: false, consecutiveFailures: 2 }) },
      "True NoHealthCheck",
    ],
    [
      "a required task fails",
      { service: checkedSidecar, attached: log("Running", { isHealthy: false, consecutiveFailures: 3 }) },
      "False AttachedNotReady",
    ],
    [
      "another task failed",
      { service: { attached: [{ name: "log", shell: "log" }] }, attached: log("Failed") },
      "True NoHealthCheck",
    ],
  ])("%s", (_, row, expected) => {
    expect(check(row)).toBe(expected);
  });
});
