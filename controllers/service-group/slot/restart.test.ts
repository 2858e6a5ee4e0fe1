import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at, ended, group, NOW, service } from "../../testing/objects.js";
import type { Backoff } from "../life/model.js";
import { planGroup } from "../plan.js";
import { groupReport } from "../status.js";
import { describeStep, viewOf } from "../testing.js";
import { countFailures, delayMs, isFailure } from "./restart.js";

const TENFOLD = { restart: { backoff: { initialSeconds: 10, factor: 2, maxSeconds: 60 } } };
const backoff = (failures: number, secondsAgo: number): Backoff => ({
  failures,
  lastFailure: NOW - secondsAgo * 1000,
  revisionName: "shop-web-1",
});

describe("the delay", () => {
  it.each([
    [0, 0],
    [1, 10],
    [2, 20],
    [3, 40],
    [4, 60],
    [400, 60],
  ])("after %d failures is %d s", (failures, seconds) => {
    expect(delayMs(service(TENFOLD), failures)).toBe(seconds * 1000);
  });
});

describe("which ends are failures", () => {
  const never = { status: { startedAt: undefined } };
  it.each([
    ["Failed", ended({ state: "Failed" }), true],
    ["Error", ended({ state: "Error" }), true],
    ["Dropped", ended({ state: "Dropped" }), true],
    ["Finished within 10 s", ended({ state: "Finished", ranFor: 9 }), true],
    ["Finished later", ended({ state: "Finished", ranFor: 10 }), false],
    ["Killed after it ran", ended({ state: "Killed" }), false],
    ["Killed before it ran: its start was overdue", ended({ state: "Killed", ...never }), true],
    ["Gone with its machine", ended({ state: "Gone" }), false],
    ["declared gone", ended({ state: "GoneByOperator" }), false],
  ])("%s", (_, instance, expected) => {
    expect(isFailure(service(), instance)).toBe(expected);
  });

  it("a job that succeeds within 10 s did not fail", () => {
    expect(isFailure(service({ mode: "Job" }), ended({ state: "Finished", ranFor: 1 }))).toBe(false);
  });
});

describe("counting", () => {
  const counted = (known: Backoff | undefined, ...secondsAgo: readonly number[]) => {
    const failedAt = secondsAgo.map((seconds) => NOW - seconds * 1000);
    return countFailures(service(TENFOLD), known, { failedAt, revisionName: "shop-web-1", now: NOW })?.failures;
  };
  it.each([
    ["the first", undefined, [5], 1],
    ["ten at once count once", undefined, [5, 5, 5, 5, 5, 5, 5, 5, 5, 5], 1],
    ["those within the delay of the counted one count once", undefined, [19, 12, 10], 1],
    ["one after the delay counts", undefined, [19, 8], 2],
    ["the same end is not counted again", backoff(3, 5), [5], 3],
    ["one more", backoff(2, 30), [5], 3],
    ["after a stable time it begins anew", backoff(9, 130), [5], 1],
    ["before that it goes on", backoff(2, 75), [5], 3],
    ["a stable time without any failure forgets all", backoff(4, 120), [], undefined],
    ["nothing failed", undefined, [], undefined],
  ] as const)("%s", (_, known, secondsAgo, failures) => {
    expect(counted(known, ...secondsAgo)).toBe(failures);
  });

  it("telling it the same twice changes nothing, in whatever order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 20 }), (secondsAgo) => {
        const failedAt = secondsAgo.map((seconds) => NOW - seconds * 1000);
        const options = { failedAt, revisionName: "r", now: NOW };
        const once = countFailures(service(TENFOLD), undefined, options);
        expect(countFailures(service(TENFOLD), once, options)).toEqual(once);
        const reversed = { ...options, failedAt: [...failedAt].reverse() };
        expect(countFailures(service(TENFOLD), undefined, reversed)).toEqual(once);
      }),
    );
  });
});

describe("the restart waits for the back-off of its service", () => {
  const view = (
    stored: Record<string, unknown>,
    fields: Record<string, unknown>,
    instance: Parameters<typeof ended>[0],
  ) => {
    const wanted = group({ services: [{ name: "web", ...TENFOLD, ...fields }], ...(stored.spec as object) });
    const status = { services: [{ name: "web", revision: "shop-web-1", ...stored }], conditions: [] };
    return viewOf({ ...wanted, status }, [ended({ name: "a", ranFor: 1, ...instance })]);
  };
  const steps = (...parts: Parameters<typeof view>) => planGroup(view(...parts)).steps.map(describeStep);
  const created = "create web-1 of shop-web-1 for a after 1";
  const before = { failures: 2, lastFailure: at(-60) };
  it.each([
    ["not yet: the third failure waits for 40 s", before, {}, { endedAgo: 39 }, []],
    ["then it is due", before, {}, { endedAgo: 40 }, [created]],
    ["never longer than the maximum", { failures: 40, lastFailure: at(-110) }, {}, { endedAgo: 60 }, [created]],
    [
      "what is stored of another revision does not count",
      { ...before, revision: "shop-web-0" },
      {},
      { endedAgo: 10 },
      [created],
    ],
    [
      "the end of another revision does not count",
      { failures: 9, lastFailure: at(-5) },
      {},
      { endedAgo: 1, revision: "shop-web-0" },
      [created],
    ],
    [
      "an end that is no failure waits for delaySeconds only",
      { failures: 9, lastFailure: at(-5) },
      {},
      { endedAgo: 1, state: "Killed" },
      [created],
    ],
    [
      "a wanted restart begins anew",
      { ...before, spec: { restartedAt: at(-50) } },
      {},
      { endedAgo: 10, age: 40 },
      [created],
    ],
  ] as const)("%s", (_, stored, fields, instance, expected) => {
    expect(steps(stored, fields, instance)).toEqual(expected);
  });

  it("shows failures, the last one and the next attempt", () => {
    const shown = view(before, {}, { endedAgo: 10 });
    expect(groupReport(shown, planGroup(shown)).services[0]).toMatchObject({
      failures: 3,
      lastFailure: at(-10),
      nextAttempt: at(30),
    });
  });

  it("remembers what the status does not have yet", () => {
    const remembered = new Map([["web", { failures: 5, lastFailure: NOW - 10_000, revisionName: "shop-web-1" }]]);
    const shown = { ...view({}, {}, { endedAgo: 10 }), remembered };
    expect(planGroup(shown).nextAttempts.get("web")).toBe(NOW + 50_000);
  });
});

it("counts what was taken away for bad health although it was gone before the next look", () => {
  const seen = viewOf(group({ services: [{ name: "web", instances: 1 }] }), []);
  const gone = [
    { revisionName: "shop-web-1", at: NOW - 10_000 },
    { revisionName: "shop-web-0", at: NOW - 2000 },
    { revisionName: "shop-web-1", at: NOW - 1000 },
  ].map((one) => ({ ...one, number: 1, restarts: 0 }));
  const plan = planGroup({ ...seen, healthReleases: new Map([["web", gone]]) });
  expect(plan.services.get("web")?.backoff).toEqual({
    failures: 2,
    lastFailure: NOW - 1000,
    revisionName: "shop-web-1",
  });
});

describe("a task that exits with 0 every 25 s", () => {
  it("is started again after the same short delay for ever", () => {
    let stored: Record<string, unknown> = {};
    for (let round = 0; round < 50; round++) {
      const wanted = group({ services: [{ name: "web" }] });
      const status = { services: [{ name: "web", revision: "shop-web-1", ...stored }], conditions: [] };
      const ends = { name: "a", state: "Finished", ranFor: 25 };
      const early = viewOf({ ...wanted, status }, [ended({ ...ends, endedAgo: 0.9 })]);
      expect(planGroup(early).steps).toEqual([]);
      const due = viewOf({ ...wanted, status }, [ended({ ...ends, endedAgo: 1 })]);
      expect(planGroup(due).steps.map(describeStep)).toEqual(["create web-1 of shop-web-1 for a after 1"]);
      const [counts] = groupReport(due, planGroup(due)).services;
      stored = { ...counts };
      expect(counts?.failures).toBeUndefined();
    }
  });

  it("one that fails every 25 s is started at most every five minutes, and not later", () => {
    let known: Backoff | undefined;
    let now = NOW;
    let waited = 0;
    for (let round = 0; round < 100; round++) {
      known = countFailures(service(), known, { failedAt: [now], revisionName: "r", now });
      waited = delayMs(service(), known?.failures ?? 0);
      now += waited + 25_000;
    }
    expect(waited).toBe(300_000);
  });
});
