import { describe, expect, it } from "vitest";
import type { Instance } from "../../api-types/instance.js";
import { TERMINAL_STATES } from "../../api-types/life.js";
import { FINALIZER } from "../../api-types/well-known.js";
import type { TaskState, TaskStatus } from "../../drivers/compute/driver.js";
import { at, available, condition, ended, instance, NOW, placed, service } from "../testing/objects.js";
import { planEnd, planOverdue, REFUSED_STATES, taskReport } from "./plan.js";

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
    expect(taskReport(ended({ state }), status("Running", later), PLAIN)?.lastStatus.state).toBe("Running");
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
    ["an older one", known, status("Failed", { timestamp: NOW / 1000 - 1 })],
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

  it("the same state at the same time with another health counts", () => {
    expect(taskReport(known, status("Running", { isHealthy: false }), CHECKED)?.health?.isHealthy).toBe(false);
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
  });

  it("a repeated answer to reconciliation is no further failure", () => {
    const before = { ...sick(2), status: { ...sick(2).status, lastStatus: { state: "Unreachable", at: at(-10) } } };
    const report = taskReport(before, status("Running", { isHealthy: false, isReconciliation: true }), CHECKED);
    expect(report?.health?.consecutiveFailures).toBe(2);
  });

  it.each([
    ["waits for the first pass", undefined, "Ready=False HealthPending"],
    ["is ready after a pass", true, "Ready=True Healthy"],
    ["is not ready after a failure", false, "Ready=False Unhealthy"],
  ])("%s", (_, isHealthy, ready) => {
    expect(texts(taskReport(fresh, status("Running", { isHealthy }), CHECKED)?.conditions)?.[1]).toBe(ready);
  });
});

describe("the end of a task", () => {
  const { dns, route, task } = FINALIZER;
  const kill = { type: "kill", taskId: "default.web.uid", agentId: "agent-n1" };
  const one = { name: "web", status: placed("web"), finalizers: [task] };
  it.each<[string, Instance, object]>([
    ["a living one waits", instance(one), { type: "wait" }],
    [
      "R6 waits while a name may lead to it",
      instance({ ...one, leave: "Replaced", finalizers: [dns, task] }),
      { type: "wait" },
    ],
    [
      "R6 waits while a route may lead to it",
      instance({ ...one, leave: "Replaced", finalizers: [route, task] }),
      { type: "wait" },
    ],
    ["R6 one that a person deleted waits until it is let go", instance({ ...one, isDeleted: true }), { type: "wait" }],
    ["kills when it is let go and nothing leads to it", instance({ ...one, leave: "Replaced" }), kill],
    [
      "R2 kills one out of reach, and waits for the answer",
      instance({ ...one, leave: "Replaced", status: { ...placed("web"), lastStatus: { state: "Unreachable" } } }),
      kill,
    ],
    ["releases after the end is stored", ended({ ...one, leave: "Replaced" }), { type: "release" }],
    ["releases one that was never placed", instance({ leave: "Replaced", finalizers: [task] }), { type: "release" }],
    ["has nothing to release twice", instance({ leave: "Replaced", finalizers: ["other"] }), { type: "wait" }],
  ])("%s", (_, member, step) => {
    expect(planEnd(member)).toEqual(step);
  });
});

describe("the start deadline", () => {
  const slow = service({ startDeadlineSeconds: 100 });
  const scheduled = (seconds: number, state?: string) =>
    instance({
      conditions: [condition("Scheduled", "True", { lastTransitionTime: at(-seconds) })],
      status: { ...placed("web"), ...(state === undefined ? {} : { lastStatus: { state, at: at(-1) } }) },
    });
  it.each<[string, Instance, boolean]>([
    ["is not due before its time", scheduled(99), false],
    ["is due when nothing was heard", scheduled(100), true],
    ["is due while staging", scheduled(100, "Staging"), true],
    ["is due while starting", scheduled(100, "Starting"), true],
    ["is never due for a running one", scheduled(1000, "Running"), false],
    ["R2 is never due for one out of reach", scheduled(1000, "Unreachable"), false],
    [
      "is not due for one that waits for a node",
      instance({ conditions: [condition("Scheduled", "False", { lastTransitionTime: at(-1000) })] }),
      false,
    ],
    ["is not due without a time", instance(), false],
  ])("%s", (_, member, isDue) => {
    expect(planOverdue(member, slow, NOW)).toEqual({ isDue });
  });
});
