import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { TERMINAL_STATES } from "../../../api-types/life.js";
import type { Condition } from "../../../api-types/meta/object.js";
import type { TaskState, TaskStatus } from "../../../drivers/compute/driver.js";
import { at, available, condition, ended, instance, NOW, placed, service, unreachable } from "../../testing/objects.js";
import { REFUSED_STATES, refreshedReport, taskReport } from "./report.js";

const PLAIN = service();
const CHECKED = service({ healthChecks: [{ name: "c", tcpSocket: { port: 80 } }] });

function status(state: TaskState, fields: Partial<TaskStatus> = {}): TaskStatus {
  return {
    taskId: "default.web.uid",
    agentId: "agent-n1",
    state,
    reason: undefined,
    message: undefined,
    timestamp: NOW / 1000,
    isHealthy: undefined,
    addresses: [],
    containerId: undefined,
    mesosContainerId: undefined,
    isReconciliation: false,
    acknowledgement: "uuid",
    ...fields,
  };
}

const fresh = instance({ status: placed("web") });
const texts = (conditions: readonly { type: string; status: string; reason: string }[] | undefined) =>
  conditions?.map(({ type, status: value, reason }) => `${type}=${value} ${reason}`);

describe("what a task state means", () => {
  const running = ["Running=True TaskRunning", "Ready=True NoHealthCheck"];
  const ending = ["Running=False TaskEnded", "Ready=False TaskNotRunning"];
  const lost = ["Running=Unknown TaskUnreachable", "Ready=Unknown TaskNotRunning"];
  const starting = ["Running=False TaskStarting", "Ready=False TaskNotRunning"];
  it.each<[TaskState, string, readonly string[]]>([
    ["Staging", "Pending", starting],
    ["Starting", "Pending", starting],
    ["Running", "Running", running],
    ["Killing", "Running", running],
    ["Finished", "Succeeded", ending],
    ["Failed", "Failed", ending],
    ["Killed", "Failed", ending],
    ["Error", "Failed", ending],
    ["Dropped", "Failed", ending],
    ["Gone", "Failed", ending],
    ["GoneByOperator", "Failed", ending],
    ["Unreachable", "Unknown", lost],
    ["Unknown", "Unknown", lost],
    ["Lost", "Unknown", lost],
  ])("%s", (state, phase, conditions) => {
    const report = taskReport(fresh, status(state), PLAIN);
    expect(report?.phase).toBe(phase);
    expect(texts(report?.conditions)).toEqual(conditions);
    expect(report?.lastStatus).toEqual({ state, at: at(0) });
  });

  it("keeps what it knew of the task", () => {
    const known = available({
      name: "web",
      status: { containerID: "docker://1", mesosContainerID: "m", startedAt: at(-60) },
    });
    const report = taskReport(known, status("Unreachable", { reason: "SlaveRemoved", message: "gone" }), PLAIN);
    expect(report).toMatchObject({
      containerID: "docker://1",
      mesosContainerID: "m",
      startedAt: at(-60),
      addresses: ["192.168.2.3"],
    });
    expect(report?.lastStatus).toMatchObject({ reason: "SlaveRemoved", message: "gone" });
  });

  it.each(["-3", "many", "1e99", "NaN"])("R13 takes a stored count of restarts that is none (%s) for 0", (restarts) => {
    const hostile = instance({ status: placed("web"), annotations: { "rackwright.dev/restarts": restarts } });
    expect(taskReport(hostile, status("Running"), PLAIN)?.restarts).toBe(0);
  });

  it("notes start, addresses and restarts", () => {
    const report = taskReport(
      instance({ status: placed("web"), annotations: { "rackwright.dev/restarts": "2" } }),
      status("Running", { addresses: ["192.168.2.9"] }),
      PLAIN,
    );
    expect(report).toMatchObject({ startedAt: at(0), addresses: ["192.168.2.9"], restarts: 2 });
  });

  it("R2 an answer without addresses does not blank them", () => {
    expect(taskReport(available(), status("Running", { timestamp: NOW / 1000 + 1 }), CHECKED)?.addresses).toEqual([
      "192.168.2.3",
    ]);
  });
});

describe("a launch that was refused once and carried out once", () => {
  it.each(REFUSED_STATES)("after %s a task that runs is believed", (state) => {
    const later = { timestamp: NOW / 1000 + 5 };
    expect(taskReport(ended({ state }), status("Running", later), PLAIN)?.lastStatus?.state).toBe("Running");
    expect(taskReport(ended({ state }), status("Failed", later), PLAIN)).toBeUndefined();
  });
});

describe("statuses that tell nothing new", () => {
  const later = { timestamp: NOW / 1000 + 5 };
  const known = available({ status: { lastStatus: { state: "Running", at: at(0) } } });
  const rows: readonly (readonly [string, Instance, TaskStatus])[] = [
    ...TERMINAL_STATES.filter((state) => !REFUSED_STATES.includes(state)).map(
      (state) => [`after ${state} nothing counts`, ended({ state }), status("Running", later)] as const,
    ),
    ["an older one", known, status("Starting", { timestamp: NOW / 1000 - 1 })],
    ["an older refusal", known, status("Dropped", { timestamp: NOW / 1000 - 1 })],
    ["the same once more", known, status("Running")],
    [
      "an answer to reconciliation that says what is known",
      known,
      status("Running", { ...later, isReconciliation: true }),
    ],
  ];
  it.each(rows)("%s", (_, before, said) => {
    expect(taskReport(before, said, PLAIN)).toBeUndefined();
  });

  it("an answer to reconciliation with another state counts, whatever its time", () => {
    const report = taskReport(known, status("Gone", { timestamp: NOW / 1000 - 60, isReconciliation: true }), PLAIN);
    expect(report?.phase).toBe("Failed");
  });

  describe("after an answer of the master, whose time is that of the answer", () => {
    const reason = "REASON_RECONCILIATION";
    const answered = available({ status: { lastStatus: { state: "Running", reason, at: at(0) } } });
    it.each<[string, TaskState, boolean | undefined, string]>([
      ["an older report of health counts", "Running", false, "counts"],
      ["an older report of an earlier state does not", "Starting", undefined, "nothing"],
      ["nor does a refusal", "Dropped", undefined, "nothing"],
    ])("%s", (_, state, isHealthy, result) => {
      const said = status(state, { timestamp: NOW / 1000 - 30, isHealthy });
      expect(taskReport(answered, said, CHECKED) === undefined ? "nothing" : "counts").toBe(result);
    });

    it("an answer with a health that is not known counts", () => {
      const said = status("Running", { ...later, isReconciliation: true, isHealthy: false });
      expect(taskReport(answered, said, CHECKED)?.health?.isHealthy).toBe(false);
    });
  });

  it.each([
    [2, 3],
    [3, undefined],
    [900, undefined],
  ])("one more failure after %s is written as %s: those that decide nothing are not", (known, written) => {
    const health = { isHealthy: false, consecutiveFailures: known, since: at(-60) };
    const before = available({ status: { lastStatus: { state: "Running", at: at(0) }, health } });
    const said = status("Running", { ...later, isHealthy: false });
    expect(taskReport(before, said, CHECKED)?.health?.consecutiveFailures).toBe(written);
  });

  it("the same state at the same time with another health counts", () => {
    expect(taskReport(known, status("Running", { isHealthy: false }), CHECKED)?.health?.isHealthy).toBe(false);
  });
});

describe("out of reach and back", () => {
  const known = unreachable({ name: "web", seconds: 0, status: { startedAt: at(-60) } });
  it.each<[string, TaskState, number, "counts" | "nothing"]>([
    ["the end, told by the agent after it came back, with the time before it was lost", "Failed", -30, "counts"],
    ["a task that runs, told with its old time", "Running", -30, "counts"],
    ["the absence once more", "Unreachable", 30, "nothing"],
  ])("%s", (_, state, seconds, result) => {
    const report = taskReport(known, status(state, { timestamp: NOW / 1000 + seconds }), PLAIN);
    expect(report === undefined ? "nothing" : "counts").toBe(result);
  });

  it("Running goes from Unknown to True, and Ready with it", () => {
    const report = taskReport(known, status("Running", { timestamp: NOW / 1000 + 60 }), PLAIN);
    expect(texts(report?.conditions)).toEqual(["Running=True TaskRunning", "Ready=True NoHealthCheck"]);
  });
});

describe("how a program ended", () => {
  it.each([
    ["by itself", { exitCode: 3 }],
    ["by a signal", { signal: "Killed" }],
    ["not told", {}],
  ])("%s", (_, end) => {
    expect(taskReport(fresh, status("Failed", end), PLAIN)?.lastStatus).toEqual({ state: "Failed", at: at(0), ...end });
  });
});

describe("what was not said, but changed", () => {
  const probed = service({
    network: { mode: "Host" },
    healthChecks: [{ name: "up", tcpSocket: { port: 80 }, probeFrom: "Controller" }],
  });
  const probe = (isPassing: boolean) => ({ probes: [{ name: "up", isPassing, consecutiveFailures: 0 }] });
  const runs = (conditions: readonly Condition[], fields: object) =>
    instance({
      conditions: [condition("Running", "True"), ...conditions],
      status: { ...available({ name: "web" }).status, ...fields },
    });
  it("a first pass makes it ready, and everything else is kept", () => {
    const before = runs([], probe(true));
    const report = refreshedReport(before, probed);
    expect(texts(report?.conditions)).toEqual(["Running=True Sample", "Ready=True Healthy"]);
    expect(report).toMatchObject({
      addresses: ["192.168.2.3"],
      lastStatus: { state: "Running" },
      startedAt: at(-3600),
    });
  });

  it("nothing is said when nothing is new", () => {
    const ready = condition("Ready", "True", { reason: "Healthy" });
    const before = runs([ready], probe(true));
    expect(refreshedReport(before, probed)).toBeUndefined();
  });

  it("nothing is said of one of which nothing was heard", () => {
    expect(refreshedReport(fresh, probed)).toBeUndefined();
  });
});

describe("health", () => {
  const sick = (failures: number, isHealthy = false) =>
    instance({
      status: {
        ...placed("web"),
        lastStatus: { state: "Running", at: at(-10) },
        health: { isHealthy, consecutiveFailures: failures, since: at(-60) },
      },
    });
  it.each<[string, Instance, Partial<TaskStatus>, object | undefined]>([
    ["nothing is known before the first result", fresh, {}, undefined],
    ["the first pass", fresh, { isHealthy: true }, { isHealthy: true, consecutiveFailures: 0, since: at(0) }],
    ["the first failure", fresh, { isHealthy: false }, { isHealthy: false, consecutiveFailures: 1, since: at(0) }],
    [
      "failures in a row are counted, since stays",
      sick(1),
      { isHealthy: false },
      { isHealthy: false, consecutiveFailures: 2, since: at(-60) },
    ],
    ["a pass resets", sick(2), { isHealthy: true }, { isHealthy: true, consecutiveFailures: 0, since: at(0) }],
    [
      "a failure after passes",
      sick(0, true),
      { isHealthy: false },
      { isHealthy: false, consecutiveFailures: 1, since: at(0) },
    ],
    [
      "a status without a result counts nothing",
      sick(2),
      {},
      { isHealthy: false, consecutiveFailures: 2, since: at(-60) },
    ],
  ])("%s", (_, before, fields, health) => {
    expect(taskReport(before, status("Running", fields), CHECKED)?.health).toEqual(health);
    // the agent's clock goes wrong: since when is told by ours
    const skewed = { ...status("Running", { ...fields, timestamp: NOW / 1000 + 3600 }), heardAt: NOW };
    expect(taskReport(before, skewed, CHECKED)?.health).toEqual(health);
  });

  it("a repeated answer to reconciliation is no further failure", () => {
    const before = { ...sick(2), status: { ...sick(2).status, lastStatus: { state: "Unreachable", at: at(-10) } } };
    const report = taskReport(before, status("Running", { isHealthy: false, isReconciliation: true }), CHECKED);
    expect(report?.health?.consecutiveFailures).toBe(2);
  });

  it.each([
    ["waits for the first pass", undefined, "Ready=False HealthPending"],
    ["is ready after a pass", true, "Ready=True Healthy"],
    ["waits when the first result is a failure", false, "Ready=False HealthPending"],
  ])("%s", (_, isHealthy, ready) => {
    expect(texts(taskReport(fresh, status("Running", { isHealthy }), CHECKED)?.conditions)?.[1]).toBe(ready);
  });
});
