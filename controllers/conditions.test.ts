import { describe, expect, it } from "vitest";
import type { Observation } from "../drivers/observation.js";
import { backendCondition } from "./backend-condition.js";
import { ownConditions } from "./own-conditions.js";
import { at, condition, NOW } from "./testing/objects.js";

const origin = { source: "s", epoch: "1", index: 1, takenAt: 0 };

describe("the conditions that one loop owns", () => {
  const before = { status: { conditions: [condition("Ready", "True"), condition("Other", "True")] } };
  it.each([
    [
      "leave out those of other loops",
      { type: "Ready", status: "True" as const, reason: "Sample", message: "" },
      at(-600),
    ],
    [
      "keep the time while the status stays",
      { type: "Ready", status: "True" as const, reason: "New", message: "x" },
      at(-600),
    ],
    ["date a change", { type: "Ready", status: "False" as const, reason: "New", message: "x" }, "2026-01-01T12:00:00Z"],
    [
      "date what is new",
      { type: "Fresh", status: "True" as const, reason: "New", message: "" },
      "2026-01-01T12:00:00Z",
    ],
  ])("%s", (_, update, lastTransitionTime) => {
    expect(ownConditions(before, [update], NOW)).toEqual([{ ...update, lastTransitionTime }]);
  });

  it("come in the order of the updates, so that nothing is written twice", () => {
    const updates = ["B", "A"].map((type) => ({ type, status: "True" as const, reason: "New", message: "" }));
    const first = ownConditions({}, updates, NOW);
    const again = ownConditions({ status: { conditions: [...first].reverse() } }, updates, NOW + 5000);
    expect(again).toEqual(first);
  });
});

describe("what a Rack says of a back end", () => {
  const complete: Observation<unknown> = { type: "Complete", items: new Map(), origin };
  it.each<[string, Observation<unknown> | undefined, boolean, string]>([
    ["it answers", complete, false, "True BackendAnswers"],
    ["it answers in part", { type: "Partial", items: new Map(), reason: "half", origin }, false, "True BackendPartial"],
    [
      "R1 it does not answer",
      { type: "Unknown", reason: "timeout", since: 0, source: "s" },
      false,
      "Unknown BackendUnknown",
    ],
    ["it is not used", complete, true, "True NotUsed"],
    ["there is none", undefined, false, "True NotUsed"],
  ])("%s", (_, observation, isUnused, expected) => {
    const { status, reason } = backendCondition("DnsReady", observation, isUnused);
    expect(`${status} ${reason}`).toBe(expected);
  });
});
