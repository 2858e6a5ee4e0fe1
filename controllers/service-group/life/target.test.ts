import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import type { ServiceGroup } from "../../../api-types/service-group.js";
import { at, available, condition, ended, group, instance, NOW, revision, service } from "../../testing/objects.js";
import { planGroup } from "../plan.js";
import { groupReport } from "../status.js";
import { describeStep, viewOf } from "../testing.js";
import { planHistory } from "./history.js";
import type { GroupView } from "./model.js";
import { progressAt } from "./progress.js";

const before = revision(service({ image: "a:1" }), 1);
const after = revision(service({ image: "a:2" }), 2);
const revisions = [before, after];

const old = (number: number, fields = {}) => available({ number, name: `old-${number}`, ...fields });
const fresh = (number: number, fields = {}) =>
  available({ number, name: `new-${number}`, revision: "shop-web-2", age: 5, ...fields });
const starting = (number: number, age: number, fields = {}) =>
  instance({ number, name: `new-${number}`, revision: "shop-web-2", age, ...fields });

/** Three of `a:1` are to become three of `a:2`. */
function view(
  instances: readonly Instance[],
  fields: Record<string, unknown> = {},
  spec: Record<string, unknown> = {},
  status: Record<string, unknown> = {},
): GroupView {
  const wanted = group({ services: [{ name: "web", image: "a:2", instances: 3, ...fields }], ...spec });
  const stored: ServiceGroup = { ...wanted, status: { services: [{ name: "web", ...status }], conditions: [] } };
  return viewOf(stored, instances, { revisions });
}

const steps = (one: GroupView) => planGroup(one).steps.map(describeStep);

function told(one: GroupView, type: string): string {
  const found = groupReport(one, planGroup(one)).conditions.find((current) => current.type === type);
  return `${found?.status} ${found?.reason} ${found?.message}`;
}

describe("an update that is held", () => {
  const paused = { update: { paused: true } };
  const canary = (count: number) => ({ update: { canary: count } });
  const three = [old(1), old(2), old(3)];
  it.each([
    ["paused: nothing is replaced", paused, three, []],
    [
      "paused: what failed runs again as it was",
      paused,
      [old(1), old(2), ended({ number: 3, name: "dead" })],
      ["create web-3 of shop-web-1 for dead after 1"],
    ],
    [
      "paused: a number that is missing is of the old version",
      paused,
      [old(1), old(2)],
      ["create web-3 of shop-web-1"],
    ],
    [
      "paused: a successor that is on its way goes on",
      paused,
      [old(1), fresh(1), old(2), old(3)],
      ["release old-1: Replaced"],
    ],
    [
      "paused at the first start: it starts",
      paused,
      [],
      ["create web-1 of shop-web-2", "create web-2 of shop-web-2", "create web-3 of shop-web-2"],
    ],
    ["canary: as many as told", canary(1), three, ["create web-1 of shop-web-2 for old-1"]],
    ["canary: two", canary(2), three, ["create web-1 of shop-web-2 for old-1", "create web-2 of shop-web-2 for old-2"]],
    ["canary: no more", canary(1), [fresh(1), old(2), old(3)], []],
    ["canary: not while the first starts either", canary(1), [old(1), starting(1, 5), old(2), old(3)], []],
    [
      "canary: what failed of the old ones runs again as it was",
      canary(1),
      [fresh(1), old(2), ended({ number: 3, name: "dead" })],
      ["create web-3 of shop-web-1 for dead after 1"],
    ],
    [
      "canary: what failed of the new ones runs again as new",
      canary(1),
      [ended({ number: 1, name: "dead", revision: "shop-web-2" }), old(2), old(3)],
      ["create web-1 of shop-web-2 for dead after 1"],
    ],
    [
      "canary 0 lets it go on",
      canary(0),
      [fresh(1), old(2), old(3)],
      ["create web-2 of shop-web-2 for old-2", "create web-3 of shop-web-2 for old-3"],
    ],
    [
      "canary in a stop-first service",
      { ...canary(1), network: { ports: [{ name: "p", hostPort: 80 }] } },
      three,
      ["release old-1: StopFirst"],
    ],
  ] as const)("%s", (_, fields, instances, expected) => {
    // the template is that of the second revision whatever the rest of the service says
    const one = {
      ...view([...instances], fields),
      isSameTemplate: (a: { image?: string }, b: { image?: string }) => a.image === b.image,
    };
    expect(steps(one)).toEqual(expected);
  });

  const stopFirst = { network: { ports: [{ name: "p", hostPort: 80 }] } };
  const tried = (number: number) => available({ number, name: `tried-${number}`, revision: "shop-web-3", age: 5 });
  it.each([
    ["the spec goes back", canary(1), {}, ["create web-1 of shop-web-2 for tried-1"]],
    ["also where one stops first", { ...canary(1), ...stopFirst }, {}, ["release tried-1: StopFirst"]],
    ["but not while it is paused", paused, {}, []],
    ["a restart of it is tried like an update", canary(1), { spec: { restartedAt: at(-1) } }, []],
  ] as const)(
    "a canary that turned out bad goes when %s",
    (_, fields, { spec = {} }: { spec?: Record<string, unknown> }, expected) => {
      const isRestart = "restartedAt" in spec;
      const first = isRestart ? fresh(1, { age: 0 }) : tried(1);
      const all = [first, fresh(2), fresh(3)];
      const one = view(all, fields, spec, { availableRevision: "shop-web-2" });
      const isSame = (a: { image?: string }, b: { image?: string }) => a.image === b.image;
      expect(steps({ ...one, isSameTemplate: isSame })).toEqual(expected);
    },
  );

  it("a canary that missed its deadline is rolled back, also where one stops first", () => {
    const late = [starting(1, 3600), old(2), old(3)];
    const status = { availableRevision: "shop-web-1", failedRevision: "shop-web-2" };
    const one = view(late, { ...canary(1), ...stopFirst }, { rollback: "OnDeadline" }, status);
    const isSame = (a: { image?: string }, b: { image?: string }) => a.image === b.image;
    expect(steps({ ...one, isSameTemplate: isSame })).toEqual(["release new-1: StopFirst"]);
  });

  it("says what it waits for", () => {
    expect(told(view(three, paused), "Progressing")).toBe("False UpdateHeld web is paused with 3 old instances");
    expect(told(view([fresh(1), old(2), old(3)], canary(1)), "Progressing")).toBe(
      "False UpdateHeld web holds at 1 new instances; set update.canary to 0 to go on",
    );
  });

  it("says when instances have to stop first", () => {
    const one = view(three, { network: { ports: [{ name: "p", hostPort: 80 }] } });
    expect(told(one, "Progressing")).toBe(
      "True InstancesChanging web stops each instance before its successor starts: its ports are fixed",
    );
  });
});

describe("an update whose new instances never get healthy", () => {
  const olds = [old(1), old(2), old(3)];
  const one = { update: { maxSurge: 1 } };
  const taken = instance({
    number: 1,
    name: "new-1",
    revision: "shop-web-2",
    leave: "Unhealthy",
  });
  const retries = (instances: readonly Instance[], status: Record<string, unknown>, spec = {}) =>
    planGroup(view(instances, one, spec, status));
  const failed = (seconds: number) => ({ revision: "shop-web-2", failures: 20, lastFailure: at(-seconds) });

  it("counts each that is taken away as a failure", () => {
    const plan = retries([...olds, taken], { revision: "shop-web-2" });
    expect(plan.services.get("web")?.backoff).toEqual({
      failures: 1,
      lastFailure: NOW - 5000,
      revisionName: "shop-web-2",
    });
  });

  it("is tried again at the pace of the back-off", () => {
    const plan = retries(olds, failed(5));
    expect(plan.steps).toEqual([]);
    expect(plan.nextAttempts.get("web")).toBeGreaterThan(NOW);
    expect(retries(olds, failed(20)).steps).toMatchObject([{ type: "createInstance", number: 1, cause: "Retry" }]);
  });

  it("goes back without waiting", () => {
    const status = { ...failed(1), failedRevision: "shop-web-2", availableRevision: "shop-web-1" };
    const { steps: back } = retries([fresh(1), old(2), old(3)], status, { rollback: "OnDeadline" });
    expect(back).toMatchObject([{ type: "createInstance", revisionName: "shop-web-1", cause: "Update" }]);
  });
});

describe("the deadline of a rollout", () => {
  const good = { availableRevision: "shop-web-1", revision: "shop-web-2" };
  const late = [old(1), old(2), old(3), starting(1, 700), starting(2, 700), starting(3, 700)];
  const soon = [old(1), old(2), old(3), starting(1, 599), starting(2, 700), starting(3, 700)];
  const onDeadline = { rollback: "OnDeadline" };
  const olderRevisions = (one: GroupView): GroupView => ({
    ...one,
    revisions: revisions.map((each) => ({ ...each, metadata: { ...each.metadata, creationTimestamp: at(-9000) } })),
  });

  it("is said when nothing went forward for so long, with the next step", () => {
    expect(told(olderRevisions(view(late, {}, {}, good)), "Progressing")).toMatch(
      /^False DeadlineExceeded web: shop-web-2 made no progress for 600 s; .*rollout undo/,
    );
  });

  it("is not said while something does", () => {
    expect(told(olderRevisions(view(soon, {}, {}, good)), "Progressing")).toMatch(/^True InstancesChanging/);
  });

  it("is as long as told", () => {
    const spec = { progressDeadlineSeconds: 800 };
    expect(told(olderRevisions(view(late, {}, spec, good)), "Progressing")).toMatch(/^True InstancesChanging/);
  });

  it("is not put off by instances that take the place of failed ones", () => {
    const retried = starting(1, 100, { annotations: { "rackwright.dev/cause": "Retry" } });
    expect(told(olderRevisions(view([old(1), old(2), old(3), retried], {}, {}, good)), "Progressing")).toMatch(
      /^False DeadlineExceeded/,
    );
  });

  it("passes although the failed one is gone and the next one is not due yet", () => {
    const failed = { ...good, failures: 20, lastFailure: at(-5) };
    expect(told(olderRevisions(view([old(1), old(2), old(3)], {}, {}, failed)), "Progressing")).toMatch(
      /^False DeadlineExceeded/,
    );
  });

  it("is over for good when all were available once", () => {
    const done = { availableRevision: "shop-web-2", revision: "shop-web-2" };
    expect(told(olderRevisions(view(late, {}, {}, done)), "Progressing")).toMatch(/^True InstancesChanging/);
  });

  it("is not missed by what is held back: nothing is waited for", () => {
    const one = olderRevisions(view([old(1), old(2), old(3)], { update: { paused: true } }, {}, good));
    expect(told(one, "Progressing")).toMatch(/^False UpdateHeld/);
  });

  it("wakes the loop", () => {
    expect(planGroup(olderRevisions(view(soon, {}, {}, good))).wakeAt).toBe(NOW + 1000);
  });

  it("does not wake it again once it has passed", () => {
    expect(planGroup(olderRevisions(view(late, {}, {}, good))).wakeAt).toBeUndefined();
  });

  it.each([
    ["without rollback it is said only", {}, []],
    [
      "with rollback what did not come up leaves",
      onDeadline,
      ["release new-1: Replaced", "release new-2: Replaced", "release new-3: Replaced"],
    ],
  ])("%s", (_, spec, expected) => {
    expect(steps(olderRevisions(view(late, {}, spec, good)))).toEqual(expected);
  });

  it("a rollback is noted, and holds while the template is the same", () => {
    const one = olderRevisions(view(late, {}, onDeadline, good));
    expect(groupReport(one, planGroup(one)).services[0]).toMatchObject({
      revision: "shop-web-2",
      failedRevision: "shop-web-2",
      availableRevision: "shop-web-1",
    });
    const noted = { ...good, failedRevision: "shop-web-2" };
    const back = olderRevisions(view([old(1), old(2), old(3)], {}, onDeadline, noted));
    expect(steps(back)).toEqual([]);
    expect(told(back, "Progressing")).toMatch(/^False DeadlineExceeded .*shop-web-1 runs again; change the spec/);
    expect(told(back, "Ready")).toMatch(/^True/);
  });

  it("a rollback that is found goes on before the status names it, also when nothing is waited for any more", () => {
    const found = new Map([["web", "shop-web-2"]]);
    const one = { ...olderRevisions(view([old(1), old(2), old(3)], {}, onDeadline, good)), failedRevisions: found };
    expect(steps(one)).toEqual([]);
    expect(groupReport(one, planGroup(one)).services[0]).toMatchObject({ failedRevision: "shop-web-2" });
  });

  it("those of the failed version that serve go back one after the other, within floor and cap", () => {
    const noted = { ...good, failedRevision: "shop-web-2" };
    const mixed = [fresh(1), old(2), old(3)];
    const update = { update: { maxSurge: 1 } };
    expect(steps(olderRevisions(view(mixed, update, onDeadline, noted)))).toEqual([
      "create web-1 of shop-web-1 for new-1",
    ]);
  });

  it("a changed template goes forward again", () => {
    const noted = { ...good, failedRevision: "shop-web-2" };
    const one = olderRevisions(view([old(1), old(2), old(3)], { image: "a:3" }, onDeadline, noted));
    expect(steps(one)[0]).toBe("revision shop-web-3");
    expect(groupReport(one, planGroup(one)).services[0]).not.toHaveProperty("failedRevision");
  });

  it("without a version that was ever available nothing is rolled back", () => {
    const first = [starting(1, 700), starting(2, 700), starting(3, 700)];
    expect(steps(olderRevisions(view(first, {}, onDeadline, { revision: "shop-web-2" })))).toEqual([]);
  });
});

describe("what counts as progress", () => {
  const since = (...instances: readonly Instance[]) => {
    const service_ = service();
    return (progressAt(view([]), { service: service_, members: instances, revisionName: "shop-web-2" }) - NOW) / 1000;
  };
  const revisionAge = -3600;
  const cause = (text: string) => ({ annotations: { "rackwright.dev/cause": text } });
  it.each([
    ["the revision itself", [], revisionAge],
    ["a new instance", [starting(1, 100)], -100],
    ["not one that only takes the place of a failed one", [starting(1, 100, cause("Restart"))], revisionAge],
    ["nor of an unhealthy one", [starting(1, 100, cause("Unhealthy"))], revisionAge],
    [
      "a step of its life",
      [starting(1, 900, { conditions: [condition("Running", "True", { lastTransitionTime: at(-50) })] })],
      -50,
    ],
    [
      "not a step back",
      [starting(1, 900, { conditions: [condition("Ready", "False", { lastTransitionTime: at(-50) })] })],
      -900,
    ],
    [
      "that one that failed before serves",
      [
        starting(1, 900, {
          ...cause("Restart"),
          conditions: [condition("Published", "True", { lastTransitionTime: at(-50) })],
        }),
      ],
      -50,
    ],
    ["that an old one leaves", [old(1, { leave: "Replaced" })], -5],
    ["not that an old one lives", [old(1, { age: 20 })], revisionAge],
    ["nothing that is to come", [starting(1, -500)], 0],
  ])("%s", (_, instances, seconds) => {
    expect(since(...instances)).toBe(seconds);
  });
});

describe("the last version of which all was available", () => {
  const noted = (instances: readonly Instance[], status: Record<string, unknown> = {}) => {
    const one = view(instances, {}, {}, status);
    return groupReport(one, planGroup(one)).services[0]?.availableRevision;
  };
  it.each([
    ["is noted when all of it serves", [fresh(1), fresh(2), fresh(3)], {}, "shop-web-2"],
    ["not while one is missing", [fresh(1), fresh(2)], {}, undefined],
    ["not while an old one leaves", [fresh(1), fresh(2), fresh(3), old(3, { leave: "Replaced" })], {}, undefined],
    ["not while an old one is there", [fresh(1), fresh(2), fresh(3), old(3)], {}, undefined],
    ["is kept", [fresh(1)], { availableRevision: "shop-web-1" }, "shop-web-1"],
    ["is forgotten with its revision", [fresh(1)], { availableRevision: "shop-web-0" }, undefined],
  ])("%s", (_, instances, status, expected) => {
    expect(noted(instances, status)).toBe(expected);
  });

  const all = [fresh(1), fresh(2), fresh(3)];
  const three = ["shop-web-2", "shop-web-0", "shop-web-1"];
  it.each([
    ["begins with the one that was noted", { availableRevision: "shop-web-1" }, all, ["shop-web-1", "shop-web-2"]],
    ["moves one that serves again to the end", { availableRevisions: three }, all, ["shop-web-1", "shop-web-2"]],
    ["is kept as far as it is stored", { availableRevisions: three }, [fresh(1)], ["shop-web-2", "shop-web-1"]],
  ])("with those before it: the list %s", (_, status, instances, expected) => {
    const one = view(instances, {}, {}, status);
    const [web] = groupReport(one, planGroup(one)).services;
    expect([web?.availableRevisions, web?.availableRevision]).toEqual([expected, expected.at(-1)]);
  });
});

describe("R22 the history of revisions", () => {
  const many = Array.from({ length: 6 }, (_, index) => revision(service({ image: `a:${index + 1}` }), index + 1));
  const deleted = (limit: number, { image = "a:6", instances = [] as readonly Instance[], status = {} } = {}) => {
    const wanted = group({ services: [{ name: "web", image }], revisionHistoryLimit: limit });
    const stored: ServiceGroup = { ...wanted, status: { services: [{ name: "web", ...status }], conditions: [] } };
    return planHistory(viewOf(stored, instances, { revisions: many }), new Set()).map(describeStep);
  };
  const gone = (...numbers: readonly number[]) => numbers.map((number) => `delete revision shop-web-${number}`);
  it.each([
    ["keeps as many old ones as told, the newest", 2, {}, gone(1, 2, 3)],
    ["keeps all within the limit", 5, {}, []],
    ["keeps the current one only", 0, {}, gone(1, 2, 3, 4, 5)],
    ["keeps what an Instance refers to", 0, { instances: [available({ revision: "shop-web-2" })] }, gone(1, 3, 4, 5)],
    [
      "keeps what a leaving Instance refers to",
      0,
      { instances: [available({ revision: "shop-web-2", leave: "Replaced" })] },
      gone(1, 3, 4, 5),
    ],
    ["keeps what a rollback goes back to", 0, { status: { availableRevision: "shop-web-3" } }, gone(1, 2, 4, 5)],
    ["keeps what missed its deadline", 0, { status: { failedRevision: "shop-web-3" } }, gone(1, 2, 4, 5)],
    [
      "keeps the current one when that is an old one, and the newest for its number",
      0,
      { image: "a:2" },
      gone(1, 3, 4, 5),
    ],
  ])("%s", (_, limit, more, expected) => {
    expect(deleted(limit, more)).toEqual(expected);
  });

  it("a plan that creates an instance of a revision does not delete that", () => {
    const wanted = group({ services: [{ name: "web", image: "a:3" }], revisionHistoryLimit: 0 });
    expect(steps(viewOf(wanted, [], { revisions: many }))).toEqual(["create web-1 of shop-web-3", ...gone(1, 2, 4, 5)]);
  });
});
