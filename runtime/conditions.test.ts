import { describe, expect, it } from "vitest";
import type { Condition } from "../api-types/meta/object.js";
import { findCondition, isConditionTrue, setCondition } from "./conditions.js";

const ready: Condition = {
  type: "Ready",
  status: "True",
  reason: "Fine",
  message: "all is well",
  lastTransitionTime: "2026-01-01T00:00:00Z",
  observedGeneration: 1,
};
const later = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

describe("setCondition", () => {
  it("adds a condition with the time of now, in whole seconds", () => {
    const conditions = setCondition(undefined, { type: "Ready", status: "False", reason: "R", message: "m" }, later);
    expect(conditions).toEqual([
      { type: "Ready", status: "False", reason: "R", message: "m", lastTransitionTime: "2026-01-02T03:04:05Z" },
    ]);
  });

  it("returns the same array when nothing changed", () => {
    const conditions = [ready];
    const { lastTransitionTime: _, ...update } = ready;
    expect(setCondition(conditions, update, later)).toBe(conditions);
  });

  it.each([
    { change: { status: "False" as const }, time: "2026-01-02T03:04:05Z" },
    { change: { reason: "Other" }, time: ready.lastTransitionTime },
    { change: { message: "other" }, time: ready.lastTransitionTime },
    { change: { observedGeneration: 2 }, time: ready.lastTransitionTime },
  ])("moves the transition time with the status only: $change", ({ change, time }) => {
    const other = { ...ready, type: "Other" };
    const { lastTransitionTime: _, ...update } = { ...ready, ...change };
    const conditions = setCondition([other, ready], update, later);
    expect(conditions).toEqual([other, { ...update, lastTransitionTime: time }]);
  });
});

describe("findCondition", () => {
  it("finds by type, and says whether it is True", () => {
    expect(findCondition([ready], "Ready")).toBe(ready);
    expect(findCondition(undefined, "Ready")).toBeUndefined();
    expect(isConditionTrue([ready], "Ready")).toBe(true);
    expect(isConditionTrue([{ ...ready, status: "Unknown" }], "Ready")).toBe(false);
  });
});
