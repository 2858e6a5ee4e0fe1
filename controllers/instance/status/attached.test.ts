import { describe, expect, it } from "vitest";
import type { TaskStatus } from "../../../drivers/compute/driver.js";
import { at, available, condition, ended, instance, NOW, placed, service } from "../../testing/objects.js";
import { attachedAfter } from "./attached.js";
import { refreshedReport, taskReport } from "./report.js";

const OWN = "default.web.uid";
const PLAIN = service();

function said(state: TaskStatus["state"], fields: Partial<TaskStatus> = {}): TaskStatus {
  return {
    taskId: `${OWN}.log`,
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

const known = (fields: object = {}) => ({ name: "log", taskID: `${OWN}.log`, ...fields });
const running = { state: "Running", at: at(-60), startedAt: at(-60), restarts: 0 };
const withItem = (item: object) => available({ name: "web", status: { attached: [item] } });

describe("a status of a task beside an instance", () => {
  it("is noted beside what is known of the instance, whose own task is not concerned", () => {
    const report = taskReport(withItem(known()), said("Running"), PLAIN);
    expect(report?.attached).toEqual([{ name: "log", state: "Running", startedAt: at(0), at: at(0), restarts: 0 }]);
    expect(report?.lastStatus?.state).toBe("Running");
    expect(report?.addresses).toEqual(["192.168.2.3"]);
  });

  it("is noted though the instance's own task was not heard of", () => {
    const silent = instance({ name: "web", status: { ...placed("web"), attached: [known()] } });
    const report = taskReport(silent, said("Starting"), PLAIN);
    expect(report).toMatchObject({ phase: "Pending", attached: [{ state: "Starting" }], conditions: [] });
  });

  it("tells how it ended", () => {
    const end = { exitCode: 7, message: "Command exited with status 7" };
    expect(attachedAfter(withItem(known(running)), said("Failed", end))?.[0]).toMatchObject({
      state: "Failed",
      ...end,
    });
  });

  it("is noted when its instance has ended", () => {
    const over = ended({ name: "web", status: { attached: [known(running)] } });
    expect(taskReport(over, said("Killed"), PLAIN)?.attached?.[0]?.state).toBe("Killed");
  });

  it("counts failures of its check", () => {
    const sick = known({ ...running, isHealthy: false, consecutiveFailures: 1 });
    expect(attachedAfter(withItem(sick), said("Running", { isHealthy: false }))?.[0]?.consecutiveFailures).toBe(2);
  });

  it.each([
    ["of one that ended", known({ ...running, state: "Failed" }), said("Running", { timestamp: NOW / 1000 + 9 })],
    ["older than what is known", known({ ...running, at: at(9) }), said("Starting")],
    ["that is known", known({ ...running, at: at(0) }), said("Running")],
    ["of a run before", known({ taskID: `${OWN}.log.2` }), said("Failed", { taskId: `${OWN}.log.1` })],
    ["of a stranger", known(), said("Failed", { taskId: `${OWN}.other` })],
  ])("says nothing: %s", (_, item, status) => {
    expect(taskReport(withItem(item), status, PLAIN)).toBeUndefined();
  });

  it("begins anew with the next run", () => {
    const item = known({ ...running, taskID: `${OWN}.log.1`, state: "Failed", exitCode: 1 });
    const status = said("Running", { taskId: `${OWN}.log.1` });
    const [next] = attachedAfter(withItem(item), status) ?? [];
    expect(next).toEqual({ name: "log", state: "Running", startedAt: at(0), at: at(0), restarts: 1 });
  });
});

describe("a new run of which nothing is heard", () => {
  it("has no state, and that is told once", () => {
    const conditions = [condition("Running", "True"), condition("Ready", "True", { reason: "NoHealthCheck" })];
    const item = known({ ...running, taskID: `${OWN}.log.1`, state: "Failed" });
    const before = instance({ name: "web", conditions, status: { ...placed("web"), attached: [item] } });
    expect(refreshedReport(before, PLAIN)?.attached).toEqual([{ name: "log", restarts: 1 }]);
    const next = { name: "log", taskID: `${OWN}.log.1`, restarts: 1 };
    const after = instance({ name: "web", conditions, status: { ...placed("web"), attached: [next] } });
    expect(refreshedReport(after, PLAIN)).toBeUndefined();
  });
});
