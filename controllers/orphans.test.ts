import { describe, expect, it } from "vitest";
import { TASK_LABEL } from "../api-types/well-known.js";
import type { Task, TaskState } from "../drivers/compute/driver.js";
import type { Observation } from "../drivers/observation.js";
import { createOrphanWatch, orphanCondition } from "./orphans.js";

function tasks(states: Readonly<Record<string, TaskState>>): Observation<Task> {
  const items = new Map(
    Object.entries(states).map(([id, state]) => {
      const status = {
        taskId: id,
        agentId: "a",
        state,
        reason: undefined,
        message: undefined,
        timestamp: 0,
        isHealthy: undefined,
        addresses: [],
      };
      const rest = {
        containerId: undefined,
        mesosContainerId: undefined,
        isReconciliation: false,
        acknowledgement: undefined,
      };
      return [id, { id, name: id, agentId: "a", labels: {}, status: { ...status, ...rest } }] as const;
    }),
  );
  return { type: "Complete", items, origin: { source: "mesos", epoch: "1", index: 1, takenAt: 0 } };
}

const idsOf = (list: readonly Task[]) => list.map(({ id }) => id);
const nobody = () => false;
const everybody = () => true;

describe("tasks that no Instance has", () => {
  it("R20 may be bound when no Instance had them", () => {
    const { adoptable } = createOrphanWatch().look(tasks({ a: "Running", b: "Staging" }), (id) => id === "b");
    expect(idsOf(adoptable)).toEqual(["a"]);
  });

  it("may not be bound to another Instance when their own has just gone", () => {
    const watch = createOrphanWatch();
    watch.look(tasks({ a: "Running" }), everybody);
    expect(watch.look(tasks({ a: "Running" }), nobody).adoptable).toEqual([]);
    expect(watch.look(tasks({ a: "Running" }), nobody).adoptable).toEqual([]);
  });

  it("do not count once they ended", () => {
    const watch = createOrphanWatch();
    watch.look(tasks({ a: "Killed" }), nobody);
    expect(watch.look(tasks({ a: "Killed" }), nobody)).toEqual({ adoptable: [], lasting: [] });
  });

  it("are reported when they last", () => {
    const watch = createOrphanWatch();
    expect(watch.look(tasks({ a: "Running" }), nobody).lasting).toEqual([]);
    expect(watch.look(tasks({ a: "Running", b: "Running" }), nobody).lasting).toEqual(["a"]);
    expect(watch.look(tasks({ b: "Running" }), nobody).lasting).toEqual(["b"]);
  });

  it("R1 a master that does not answer says nothing of them, and nothing is forgotten", () => {
    const watch = createOrphanWatch();
    watch.look(tasks({ a: "Running" }), everybody);
    expect(watch.look({ type: "Unknown", reason: "timeout", since: 0, source: "mesos" }, nobody)).toEqual({
      adoptable: [],
      lasting: [],
    });
    expect(watch.look(tasks({ a: "Running" }), nobody).adoptable).toEqual([]);
  });
});

describe("tasks beside an instance's own", () => {
  const beside = (id: string): Observation<Task> => {
    const seen = tasks({ [id]: "Running" });
    if (seen.type !== "Complete") return seen;
    const [task] = seen.items.values();
    const labels = { [TASK_LABEL.attached]: "log" };
    return { ...seen, items: new Map(task === undefined ? [] : [[id, { ...task, labels }]]) };
  };

  it.each(["own.log", "own.log.3"])("are known as long as the instance is: %s", (id) => {
    const watch = createOrphanWatch();
    const isOwn = (taskId: string) => taskId === "own";
    for (const _ of [1, 2]) expect(watch.look(beside(id), isOwn)).toEqual({ adoptable: [], lasting: [] });
  });

  it("are never bound as an instance, and are told of when their instance is not there", () => {
    const watch = createOrphanWatch();
    expect(watch.look(beside("own.log"), nobody).adoptable).toEqual([]);
    expect(watch.look(beside("own.log"), nobody)).toEqual({ adoptable: [], lasting: ["own.log"] });
  });
});

it.each([
  ["none", [], "False", ""],
  ["some", ["b", "a"], "True", "2 tasks of ours belong to no Instance and are left running: a, b"],
])("the Rack tells of %s", (_, orphans, status, message) => {
  expect(orphanCondition(orphans)).toMatchObject({ type: "OrphanTasks", status, message });
});
