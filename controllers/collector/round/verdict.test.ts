import { describe, expect, it } from "vitest";
import type { Condition } from "../../../api-types/meta/object.js";
import type { NodeReading } from "../../../drivers/metrics/driver.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import { type Doubt, type Evidence, settle, verdictOf } from "./verdict.js";

const READ: NodeReading = { type: "read", at: 0, machine: {}, interfaces: new Map(), containers: new Map() };
const FAILED: NodeReading = { type: "failed", reason: "timed out" };

function readings(good: number, bad: number): ReadonlyMap<string, NodeReading> {
  const all = [...Array.from({ length: bad }, () => FAILED), ...Array.from({ length: good }, () => READ)];
  return new Map(all.map((reading, index) => [`n${index}`, reading]));
}

const refused = { type: "refused", reason: "conflict" } as const;
const failed = { type: "failed", reason: "refused" } as const;

describe("verdictOf", () => {
  it.each<[string, number, number, Evidence["writing"], string]>([
    ["no node is to be measured", 0, 0, undefined, "True MetricsCollected"],
    ["all answer", 3, 0, undefined, "True MetricsCollected"],
    ["half are silent", 2, 2, undefined, "True MetricsCollected"],
    ["most are silent", 2, 3, undefined, "False SourceSilent"],
    ["the only one is silent", 0, 1, undefined, "False SourceSilent"],
    ["most are silent and the database is away", 0, 1, failed, "False SourceSilent"],
    ["the database is away", 3, 1, failed, "False DatabaseAway"],
    ["the database refuses", 3, 1, refused, "False PointsRefused"],
  ])("when %s", (...[, good, bad, writing, expected]) => {
    const { status, reason } = verdictOf({ readings: readings(good, bad), writing });
    expect(`${status} ${reason}`).toBe(expected);
  });

  it("names three of those that are silent", () => {
    expect(verdictOf({ readings: readings(0, 5), writing: undefined }).message).toBe(
      "most nodes give no measurements: n0: timed out; n1: timed out; n2: timed out; and 2 more",
    );
  });
});

describe("settle", () => {
  const good: ConditionUpdate = { type: "MetricsReady", status: "True", reason: "MetricsCollected", message: "" };
  const silent = (message: string): ConditionUpdate => ({
    type: "MetricsReady",
    status: "False",
    reason: "SourceSilent",
    message,
  });
  /** What is shown after each verdict, and how often it was written. */
  const follow = (verdicts: readonly ConditionUpdate[], first?: ConditionUpdate) => {
    const at = { lastTransitionTime: "2026-01-01T12:00:00Z" };
    let shown: Condition | undefined = first && { ...first, ...at };
    let doubt: Doubt | undefined;
    let writes = 0;
    const reasons = verdicts.map((verdict) => {
      const settled = settle(verdict, { shown, doubt });
      doubt = settled.doubt;
      if (settled.show !== shown && settled.show !== undefined) {
        shown = { ...settled.show, ...at };
        writes += 1;
      }
      return shown?.reason;
    });
    return { reasons, writes };
  };

  it("tells at once that collecting works, and only the third time in a row that it does not", () => {
    expect(follow([good])).toEqual({ reasons: ["MetricsCollected"], writes: 1 });
    const bad = silent("x");
    expect(follow([bad, bad, bad]).reasons).toEqual([undefined, undefined, "SourceSilent"]);
    expect(follow([bad, bad, good, bad, bad, bad], good).reasons.slice(3)).toEqual([
      "MetricsCollected",
      "MetricsCollected",
      "SourceSilent",
    ]);
  });

  it("writes nothing while only the details differ", () => {
    const verdicts = Array.from({ length: 20 }, (_unused, index) => silent(`n${index}: timed out`));
    expect(follow(verdicts, silent("n0")).writes).toBe(0);
  });

  it("writes nothing while verdicts come and go", () => {
    const verdicts = Array.from({ length: 20 }, (_unused, index) => (index % 2 === 0 ? good : silent("x")));
    expect(follow(verdicts, good).writes).toBe(0);
  });
});
