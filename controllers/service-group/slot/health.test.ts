import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { isMassive, mostWithin } from "../../doubt.js";
import { at, available, condition, group, instance, NOW, service, unhealthy } from "../../testing/objects.js";
import type { GroupView } from "../life/model.js";
import { planGroup } from "../plan.js";
import { groupReport } from "../status.js";
import { describeStep, viewOf } from "../testing.js";
import { isUnhealthy } from "./health.js";

const AGENT = { name: "a", tcpSocket: { port: 1 } };
const CONTROLLER = { name: "b", tcpSocket: { port: 2 }, failureThreshold: 2 };

describe("whether an instance is unhealthy", () => {
  const probes = (consecutiveFailures: number, name = "b") =>
    available({ status: { probes: [{ name, isPassing: false, consecutiveFailures }] } });
  const beside = (state: string, more: Record<string, unknown> = {}) =>
    available({ status: { attached: [{ name: "log", taskID: "t", state, ...more }] } });
  const withTask = (policy: string, fields: Record<string, unknown> = {}) =>
    service({ attached: [{ name: "log", command: ["x"], required: true, restart: { policy }, ...fields }] });
  const both = service({ healthChecks: [AGENT, CONTROLLER] });
  it.each([
    ["the agent's check at its threshold", both, unhealthy({ failures: 3 }), true],
    ["the agent's check below it", both, unhealthy({ failures: 2 }), false],
    ["the controller's check at its own threshold", both, probes(2), true],
    ["the controller's check below it", both, probes(1), false],
    ["a check that the service does not have", both, probes(9, "gone"), false],
    [
      "a readiness check never replaces",
      service({ readinessCheck: { tcpSocket: { port: 1 } } }),
      probes(99, "readiness"),
      false,
    ],
    ["nothing known", both, available(), false],
    ["threshold 0", service({ healthChecks: [{ ...AGENT, failureThreshold: 0 }] }), unhealthy({ failures: 99 }), false],
    ["a required task that runs", withTask("Never"), beside("Running"), false],
    ["a required task that ended for good", withTask("Never"), beside("Failed"), true],
    ["a required task that is done", withTask("OnFailure"), beside("Finished"), true],
    ["a required task that failed and is started again", withTask("OnFailure"), beside("Failed"), false],
    ["a required task that is always started again", withTask("Always"), beside("Finished"), false],
    ["a task that is not required", withTask("Never", { required: false }), beside("Failed"), false],
    [
      "a required task that fails its own check",
      withTask("Always", { healthChecks: [AGENT] }),
      beside("Running", { consecutiveFailures: 3 }),
      true,
    ],
  ])("%s", (_, one, instance, expected) => {
    expect(isUnhealthy(one, instance)).toBe(expected);
  });
});

describe("R3 many at once", () => {
  it.each([
    [[], 0],
    [[5], 1],
    [[0, 60, 120], 2],
    [[120, 0, 59, 60, 61], 3],
    [[7, 7, 7], 3],
  ])("of %j at most %d are in one minute", (seconds, count) => {
    expect(
      mostWithin(
        seconds.map((time) => time * 1000),
        60_000,
      ),
    ).toBe(count);
  });

  it.each([
    ["2 of 2 are too few to tell", 2, 2, false],
    ["3 of 10 are 30 %, not more", 3, 10, false],
    ["3 of 9 are more", 3, 9, true],
    ["30 of 40", 30, 40, true],
  ])("%s", (_, bad, total, expected) => {
    expect(
      isMassive(
        Array.from({ length: bad }, () => 0),
        total,
      ),
    ).toBe(expected);
  });
});

function web(count: number, fields: Record<string, unknown> = {}) {
  return group({ services: [{ name: "web", instances: count, healthChecks: [AGENT], ...fields }] });
}

/** The first `bad` of `count` fail since so many seconds, `apart` seconds between them. */
function members(count: number, bad: number, { since = 60, apart = 0, failures = 3 } = {}): readonly Instance[] {
  return Array.from({ length: count }, (_, index) => {
    const fields = { number: index + 1, name: `i${index + 1}` };
    const health = { isHealthy: false, consecutiveFailures: failures, since: at(-since - index * apart) };
    return index < bad ? unhealthy({ ...fields, status: { health } }) : available(fields);
  });
}

const steps = (view: GroupView) => planGroup(view).steps.map(describeStep);

describe("how many are replaced for bad health at once", () => {
  it.each([
    ["a quarter of 8", {}, 2],
    ["at least 1", { unhealthyKillBudget: 0 }, 1],
    ["as told", { unhealthyKillBudget: 3 }, 3],
    ["a share, rounded down", { unhealthyKillBudget: "49%" }, 3],
  ])("%s", (_, fields, count) => {
    // far apart in time, so that they are believed
    const view = viewOf(web(8, fields), members(8, 5, { apart: 300 }));
    expect(steps(view)).toHaveLength(count);
  });

  it("those in flight count until they serve", () => {
    const sick = members(8, 5, { apart: 300 });
    const cause = { "rackwright.dev/cause": "Unhealthy" };
    const successor = unhealthy({ number: 1, name: "s1", age: 5, failures: 0, isPublished: false, annotations: cause });
    expect(steps(viewOf(web(8), [...sick, successor]))).toEqual(["create web-2 of shop-web-1 for i2"]);
    const serving = available({ number: 1, name: "s1", age: 5, annotations: cause });
    expect(steps(viewOf(web(8), [...sick, serving]))).toEqual([
      "release i1: Replaced",
      "create web-2 of shop-web-1 for i2",
      "create web-3 of shop-web-1 for i3",
    ]);
  });

  it("those that had to stop first count until their number serves again", () => {
    const fixed = { network: { ports: [{ name: "p", hostPort: 80 }] }, unhealthyKillBudget: 1 };
    const [, ...rest] = members(8, 2, { apart: 300 });
    const gone = unhealthy({ number: 1, name: "gone", leave: "Unhealthy" });
    expect(steps(viewOf(web(8, fixed), [gone, ...rest]))).toEqual([]);
  });
});

describe("R3 the breaker", () => {
  const told = (view: GroupView) => {
    const held = groupReport(view, planGroup(view)).conditions.find(({ type }) => type === "Held");
    return held && `${held.status} ${held.reason} ${held.message}`;
  };

  it("30 of 40 critical at once: nobody is replaced, which is said with the next step", () => {
    const view = viewOf(web(40), members(40, 30));
    expect(steps(view)).toEqual([]);
    expect(told(view)).toMatch(/^True ManyUnhealthy web: 30 of 40 .*DisruptionOverride/);
  });

  it("counts from the first failure: nobody is replaced before the others follow", () => {
    const failing = members(40, 30, { failures: 1 }).slice(1);
    const first = unhealthy({ number: 1, name: "i1" });
    expect(steps(viewOf(web(40), [first, ...failing]))).toEqual([]);
  });

  describe("what stays bad for ten minutes", () => {
    const CAUSE = { "rackwright.dev/cause": "Unhealthy" };
    const long = members(6, 4, { since: 600 });
    const trial = { number: 1, name: "s1", replaces: "i1", age: 5, annotations: CAUSE };
    const fixed = { network: { ports: [{ name: "p", hostPort: 80 }] } };
    const young = ["Running", "Ready", "Published"].map((type) =>
      condition(type, "True", { lastTransitionTime: at(-59) }),
    );

    it.each([
      ["is not tried before", members(6, 4, { since: 599 }), {}, []],
      ["is tried one by one, beside it", long, {}, ["create web-1 of shop-web-1 for i1"]],
      ["is let be while the first one starts", [...long, instance(trial)], {}, []],
      ["is let be when replacing does not help", [...long, unhealthy({ ...trial, isPublished: false })], {}, []],
      [
        "is tried further when it helped for a minute",
        [...long, available(trial)],
        {},
        ["release i1: Replaced", "create web-2 of shop-web-1 for i2"],
      ],
      [
        "not sooner",
        [...long.slice(1), { ...available(trial), status: { ...available(trial).status, conditions: young } }],
        {},
        [],
      ],
      [
        "is tried although it replaced another one long ago",
        [unhealthy({ ...trial, status: long[0]?.status ?? {} }), ...long.slice(1)],
        {},
        ["create web-1 of shop-web-1 for s1"],
      ],
      ["stays where its successor could only start after it", long, fixed, []],
    ] as const)("%s", (_, instances, fields, expected) => {
      expect(steps(viewOf(web(6, fields), instances))).toEqual(expected);
    });

    it("wakes the loop when it is due, and says what is done", () => {
      const soon = viewOf(web(6), members(6, 4, { since: 300 }));
      expect(planGroup(soon).wakeAt).toBe(NOW + 300_000);
      expect(told(soon)).toBe(
        "True ManyUnhealthy web: 4 of 6 instances turned bad at once; none is replaced for it, but what stays bad for ten minutes is tried one by one beside the bad one; repair what they share, or allow it with a DisruptionOverride of class tasks",
      );
      expect(told(viewOf(web(6), [...long, instance(trial)]))).toContain(
        "turned bad at once; s1 is tried, and while it does not serve no other is replaced;",
      );
    });
  });

  it("says of a new version that never served that it is the version", () => {
    const old = Array.from({ length: 4 }, (_, index) =>
      available({ number: index + 1, name: `o${index}`, revision: "shop-web-0" }),
    );
    const young = old.map(({ spec, metadata }) =>
      unhealthy({ number: spec.number, name: `n${spec.number}`, replaces: metadata.name, age: 60, isPublished: false }),
    );
    expect(told(viewOf(web(4), [...old, ...young]))).toBe(
      "True ManyUnhealthy web: 4 of 8 instances are unhealthy, all of shop-web-1, which was never wholly available; none is replaced for it; look at their logs; change the spec, or go back with `rackctl rollout undo`",
    );
  });

  it("those that turned bad one after the other are believed", () => {
    const view = viewOf(web(10), members(10, 4, { apart: 300 }));
    expect(steps(view)).toHaveLength(2);
    expect(told(view)).toBeUndefined();
  });

  it("fewer bad ones end it", () => {
    expect(steps(viewOf(web(10), members(10, 3)))).toHaveLength(2);
  });

  it("the last ones are not replaced while the rest recover, but a while later", () => {
    const well = (seconds: number) =>
      members(40, 0).map((one, index) =>
        index < 20
          ? available({
              number: index + 1,
              name: `w${index}`,
              status: { health: { isHealthy: true, consecutiveFailures: 0, since: at(-seconds) } },
            })
          : one,
      );
    const last = Array.from({ length: 5 }, (_, index) => unhealthy({ number: 36 + index, name: `b${index}` }));
    expect(steps(viewOf(web(40), [...well(5).slice(0, 35), ...last]))).toEqual([]);
    expect(steps(viewOf(web(40), [...well(100).slice(0, 35), ...last]))).toHaveLength(5);
  });

  it("those that are new and well say nothing", () => {
    const young = Array.from({ length: 5 }, (_, index) =>
      available({
        number: index + 1,
        name: `w${index}`,
        age: 10,
        status: { health: { isHealthy: true, consecutiveFailures: 0, since: at(-5) } },
      }),
    );
    expect(steps(viewOf(web(6), [...young, unhealthy({ number: 6, name: "sick" })]))).toHaveLength(1);
  });

  it("an override ends it, within the budget", () => {
    const view = viewOf(web(40), members(40, 30), { hasOverride: true });
    expect(steps(view)).toHaveLength(10);
    expect(told(view)).toBeUndefined();
  });

  it("an update goes on: that they are replaced is not decided for their health", () => {
    const old = members(4, 4).map((one) => ({ ...one, spec: { ...one.spec, revisionName: "shop-web-0" } }));
    expect(steps(viewOf(web(4), old))).toHaveLength(4);
  });

  it("a budget that let nothing through is said", () => {
    const view = viewOf(web(2), members(2, 0));
    const { conditions } = groupReport(view, planGroup(view), "i1 stays: 1 removals are planned");
    expect(conditions.find(({ type }) => type === "Held")).toMatchObject({
      reason: "HealthRemovalHeld",
      status: "True",
    });
  });
});
