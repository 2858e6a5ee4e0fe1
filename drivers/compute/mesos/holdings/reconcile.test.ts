import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import type { TaskState, TaskStatus } from "../../driver.js";
import { createReconciler, type TaskKey } from "./reconcile.js";

function open() {
  const clock = virtualClock();
  const asked: (readonly TaskKey[])[] = [];
  const reconciler = createReconciler({
    clock,
    send: async (keys) => {
      asked.push(keys);
    },
  });
  reconciler.begin();
  const hear = (state: TaskState) =>
    // only what the reconciler reads
    reconciler.heard({ taskId: "t", agentId: "a", state } as TaskStatus);
  /** What it is when no listing has it. */
  const standing = () => {
    const [task] = reconciler.unlisted(new Set());
    if (task === undefined) return "forgotten";
    return task.isAway ? "away" : "missed";
  };
  return { clock, asked, reconciler, hear, standing };
}

describe("a known task that the master does not list", () => {
  it.each<[TaskState | undefined, string]>([
    [undefined, "missed"],
    ["Running", "missed"],
    ["Unreachable", "away"],
    ["Lost", "away"],
    ["Gone", "forgotten"],
    ["GoneByOperator", "forgotten"],
    ["Unknown", "forgotten"],
  ])("said to be %s is %s", (state, expected) => {
    const { reconciler, hear, standing } = open();
    reconciler.learn({ taskId: "t", agentId: "a" });
    if (state !== undefined) hear(state);
    expect(standing()).toBe(expected);
  });

  it("is missed again when it was heard of after its absence, and after a new subscription", () => {
    const { reconciler, hear, standing, asked } = open();
    hear("Unreachable");
    hear("Running");
    expect(standing()).toBe("missed");
    hear("Unreachable");
    reconciler.begin();
    expect(standing()).toBe("missed");
    expect(asked).toEqual([[{ taskId: "t", agentId: "a" }]]);
  });
});

it("goes on asking when the master does not know a task that was not asked for with its agent", () => {
  const { reconciler, hear, standing } = open();
  reconciler.ask([{ taskId: "t", agentId: "a" }]);
  // only what the reconciler reads
  reconciler.heard({ taskId: "t", agentId: undefined, state: "Unknown" } as TaskStatus);
  expect([standing(), reconciler.openQuestions()]).toEqual(["missed", 1]);
  hear("Unknown");
  expect([standing(), reconciler.openQuestions()]).toEqual(["forgotten", 0]);
});

it("asks for many in calls of a thousand, and lets others work between them", async () => {
  const turns: number[] = [];
  const asked: (readonly TaskKey[])[] = [];
  const breathe = async () => void turns.push(asked.length);
  const reconciler = createReconciler({
    clock: { ...virtualClock(), breathe },
    send: async (keys) => void asked.push(keys),
  });
  reconciler.begin();
  reconciler.ask(Array.from({ length: 2500 }, (_, id) => ({ taskId: `t${id}`, agentId: "a" })));
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  expect(asked.map((keys) => keys.length)).toEqual([1000, 1000, 500]);
  expect(turns).toEqual([1, 2, 3]);
});

it("repeats a question until it is answered, less and less often", async () => {
  const { clock, asked, reconciler, hear } = open();
  reconciler.ask([{ taskId: "t", agentId: "a" }]);
  await clock.advance(8000);
  expect(asked.length).toBe(4);
  hear("Running");
  await clock.advance(60_000);
  expect(asked.length).toBe(4);
});
