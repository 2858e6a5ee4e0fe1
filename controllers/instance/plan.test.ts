import { describe, expect, it } from "vitest";
import type { Instance } from "../../api-types/instance.js";
import { FINALIZER } from "../../api-types/well-known.js";
import { at, available, condition, ended, instance, NOW, placed, service, unreachable } from "../testing/objects.js";
import { planEnd, planOverdue, watchedTasks } from "./plan.js";

const same = (_: string, time: number) => time;

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
    [
      "waits for what was given up, too, while a name leads to it",
      unreachable({ ...one, leave: "Forgotten", finalizers: [dns, task] }),
      { type: "wait" },
    ],
    [
      "releases what was given up and is out of reach",
      unreachable({ ...one, leave: "Forgotten" }),
      { type: "release" },
    ],
    ["kills what was given up and came back", available({ ...one, leave: "Forgotten" }), kill],
    ["has nothing to release twice", instance({ leave: "Replaced", finalizers: ["other"] }), { type: "wait" }],
  ])("%s", (_, member, step) => {
    expect(planEnd(member)).toEqual(step);
  });
});

describe("what runs beside a task", () => {
  const OWN = "default.web.uid";
  const item = (name: string, state?: string, fields: object = {}) => ({
    name,
    taskID: `${OWN}.${name}`,
    state,
    ...fields,
  });
  const three = (states: readonly (string | undefined)[]) => ({
    attached: ["a", "b", "c"].map((name, index) => item(name, states[index])),
  });
  const finalizers = [FINALIZER.task];
  const leaving = { name: "web", leave: "Replaced", finalizers };
  const steps = (instance: Instance) => {
    const step = planEnd(instance);
    return step.type === "killAttached" ? step.tasks.map(({ taskId }) => taskId.slice(OWN.length + 1)) : step.type;
  };
  const running = three(["Running", "Running", "Running"]);
  it.each<[string, Instance, string | readonly string[]]>([
    ["lives while the task lives", available({ name: "web", status: running }), "wait"],
    ["is killed after the task that leaves", available({ ...leaving, status: running }), "kill"],
    ["ends with it, last started first", ended({ ...leaving, status: running }), ["c", "b", "a"]],
    ["ends with a task that ended by itself", ended({ name: "web", finalizers, status: running }), ["c", "b", "a"]],
    ["is not killed twice", ended({ ...leaving, status: three(["Killed", "Running", "Finished"]) }), ["b"]],
    [
      "is killed though nothing was heard of it",
      ended({ ...leaving, status: three(["Killed", undefined, "Gone"]) }),
      ["b"],
    ],
    [
      "is killed when only the one before it ended",
      ended({ ...leaving, status: { attached: [item("a", "Failed", { taskID: `${OWN}.a.1`, restarts: 0 })] } }),
      ["a.1"],
    ],
    [
      "lets the instance go when all ended",
      ended({ ...leaving, status: three(["Killed", "Failed", "Gone"]) }),
      "release",
    ],
    ["is given up with its task", unreachable({ ...leaving, leave: "Forgotten", status: running }), "release"],
  ])("%s", (_, instance, expected) => {
    expect(steps(instance)).toEqual(expected);
  });

  it("is watched like the task itself", () => {
    const scheduled = condition("Scheduled", "True", { lastTransitionTime: at(-60) });
    const conditions = [scheduled, condition("Running", "True")];
    const watched = watchedTasks(
      available({ name: "web", conditions, status: three(["Running", "Failed", undefined]) }),
      same,
    );
    expect(watched.map(({ taskId, isRunning }) => [taskId, isRunning])).toEqual([
      [OWN, true],
      [`${OWN}.c`, false],
      [`${OWN}.a`, true],
    ]);
    expect(watchedTasks(ended({ name: "web", status: running }), same)).toEqual([]);
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
    expect(planOverdue(member, slow, { now: NOW, steady: same })).toEqual({ isDue });
  });
});
