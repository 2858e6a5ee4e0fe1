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
  const isMissed = () => reconciler.missing(new Set(), clock.monotonic() + 1).length > 0;
  return { clock, asked, reconciler, hear, isMissed };
}

describe("a known task that the master does not list", () => {
  it.each<[TaskState | undefined, boolean]>([
    [undefined, true],
    ["Running", true],
    ["Unreachable", false],
    ["Lost", false],
    ["Gone", false],
    ["Unknown", false],
  ])("said to be %s: it is missed: %s", (state, expected) => {
    const { reconciler, hear, isMissed } = open();
    reconciler.learn({ taskId: "t", agentId: "a" });
    if (state !== undefined) hear(state);
    expect(isMissed()).toBe(expected);
  });

  it("is missed again when it was heard of after its absence, and after a new subscription", () => {
    const { reconciler, hear, isMissed, asked } = open();
    hear("Unreachable");
    hear("Running");
    expect(isMissed()).toBe(true);
    hear("Unreachable");
    reconciler.begin();
    expect(isMissed()).toBe(true);
    expect(asked).toEqual([[{ taskId: "t", agentId: "a" }]]);
  });
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
