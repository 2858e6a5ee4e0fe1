import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TASK_LABEL } from "../api-types/well-known.js";
import { attachedTaskId, hasEnded, instanceTaskId, isAttached, runOf } from "./attached.js";
import { instance, placed } from "./testing/objects.js";

const OWN = "default.shop-web-1-x.12345678";

describe("tasks that run beside an instance", () => {
  it.each([
    [0, `${OWN}.log`],
    [1, `${OWN}.log.1`],
    [12, `${OWN}.log.12`],
  ])("run %i has an id of its own", (run, id) => {
    expect(attachedTaskId(OWN, "log", run)).toBe(id);
    expect(runOf(OWN, "log", id)).toBe(run);
  });

  it("lead back to the instance's own task, whatever their names", () => {
    const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?$/);
    fc.assert(
      fc.property(name, fc.nat(99), (attached, run) => {
        const task = { id: attachedTaskId(OWN, attached, run), labels: { [TASK_LABEL.attached]: attached } };
        expect(instanceTaskId(task)).toBe(OWN);
        expect(runOf(OWN, attached, task.id)).toBe(run);
        expect(isAttached(task)).toBe(true);
      }),
    );
  });

  it("are not the instance's own", () => {
    expect(instanceTaskId({ id: OWN, labels: {} })).toBe(OWN);
    expect(isAttached({ labels: {} })).toBe(false);
  });

  it.each([
    ["nothing is known of it", { taskID: `${OWN}.log` }, false],
    ["it runs", { taskID: `${OWN}.log`, state: "Running" }, false],
    ["it failed", { taskID: `${OWN}.log`, state: "Failed" }, true],
    ["the one before it failed", { taskID: `${OWN}.log.1`, state: "Failed" }, false],
    ["it failed, and so did the one before", { taskID: `${OWN}.log.1`, state: "Failed", restarts: 1 }, true],
  ])("have ended: %s", (_, item, isEnded) => {
    const placement = { ...(placed("web").placement as object), taskID: OWN };
    expect(hasEnded(instance({ status: { placement } }), { name: "log", ...item })).toBe(isEnded);
  });
});
