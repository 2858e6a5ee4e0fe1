import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import {
  at,
  available,
  ended,
  group,
  instance,
  NOW,
  placed,
  revision,
  service,
  unhealthy,
  unreachable,
} from "../../testing/objects.js";
import type { GroupView } from "../life/model.js";
import { planGroup } from "../plan.js";
import { groupReport } from "../status.js";
import { describeStep, viewOf } from "../testing.js";

const JOB = { name: "web", mode: "Job", job: { completions: 3, backoffLimit: 2 } };

function view(
  instances: readonly Instance[],
  fields: Record<string, unknown> = {},
  rest: Partial<GroupView> = {},
  spec = {},
) {
  return viewOf(group({ services: [{ ...JOB, ...fields }], ...spec }), instances, rest);
}

const steps = (one: GroupView) => planGroup(one).steps.map(describeStep);

function told(one: GroupView, type: string): string {
  const found = groupReport(one, planGroup(one)).conditions.find((condition) => condition.type === type);
  return `${found?.status} ${found?.reason} ${found?.message}`;
}

const success = (number: number) => ended({ number, name: `done-${number}`, state: "Finished", ranFor: 1 });
const failure = (number: number, before = 0, fields = {}) =>
  ended({ number, name: `failed-${number}`, annotations: { "rackwright.dev/restarts": String(before) }, ...fields });
const running = (number: number) => available({ number, name: `run-${number}` });
const created = (number: number, rest = "") => `create web-${number} of shop-web-1${rest}`;

describe("a job", () => {
  it.each([
    ["starts with its first number", [], {}, [created(1)]],
    ["runs as many at once as instances says", [], { instances: 2 }, [created(1), created(2)]],
    ["never more than are still to be done", [success(1), success(2)], { instances: 5 }, [created(3)]],
    ["goes on with the next number", [success(1)], {}, [created(2)]],
    ["waits while enough run", [success(1), running(2)], {}, []],
    ["keeps the record of each success", [success(1), success(2), success(3)], {}, []],
    ["a quick success is a success", [success(1), success(2)], {}, [created(3)]],
    ["tries again what failed", [failure(1)], {}, [created(1, " for failed-1 after 1")]],
    ["after its delay", [failure(1, 0, { endedAgo: 1 })], { restart: { delaySeconds: 5 } }, []],
    ["lets the failed one go beside its successor", [failure(1), running(1)], {}, ["release failed-1: Replaced"]],
    ["is given up after more failures than the limit", [failure(1, 2)], {}, []],
    ["counts the failures of all numbers", [failure(1, 1), failure(2, 0)], { instances: 2 }, []],
    ["with Never the first failure is the last", [failure(1)], { restart: { policy: "Never" } }, []],
    ["Always means until it succeeds", [success(1), success(2), success(3)], { restart: { policy: "Always" } }, []],
    [
      "an end that nobody is to blame for does not count",
      [ended({ name: "gone", state: "Gone", annotations: { "rackwright.dev/restarts": "2" } })],
      {},
      [created(1, " for gone after 2")],
    ],
    [
      "a record that a person deletes is run again",
      [success(1), success(2), ended({ number: 3, name: "again", state: "Finished", isDeleted: true })],
      {},
      ["release again: Terminated"],
    ],
    [
      "a running one that a person deletes leaves",
      [available({ name: "run-1", isDeleted: true })],
      {},
      ["release run-1: StopFirst"],
    ],
    [
      "a number is not run beside its dying task",
      [available({ name: "old", leave: "StopFirst" })],
      { instances: 2 },
      [created(2)],
    ],
    ["nor another one, when one at a time is wanted", [available({ name: "old", leave: "StopFirst" })], {}, []],
    ["but beside what nobody reaches", [unreachable({ name: "old", leave: "StopFirst" })], {}, [created(2)]],
    ["what is out of reach gets a successor", [unreachable({ name: "lost" })], {}, [created(1, " for lost")]],
    [
      "less at once: what waits leaves",
      [running(1), instance({ number: 2, name: "waits" })],
      {},
      ["release waits: ScaledDown"],
    ],
  ] as const)("%s", (_, instances, fields, expected) => {
    expect(steps(view([...instances], fields))).toEqual(expected);
  });

  it("runs again when its template changes, after what runs of the old one has ended", () => {
    const revisions = [revision(service({ ...JOB, image: "a:1" }), 1)];
    const changed = { image: "a:2" };
    expect(steps(view([success(1), running(2)], changed, { revisions }))).toEqual([
      "release done-1: Terminated",
      "release run-2: Replaced",
    ]);
    const leaving = available({ number: 2, name: "run-2", leave: "Replaced" });
    expect(steps(view([leaving], changed, { revisions }))).toEqual([]);
    expect(steps(view([], changed, { revisions }))).toEqual(["revision shop-web-2", "create web-1 of shop-web-2"]);
  });

  it("runs again when a restart is asked for", () => {
    const spec = { restartedAt: at(-5) };
    expect(steps(view([success(1)], {}, {}, spec))).toEqual(["release done-1: Terminated", created(1)]);
  });

  it("keeps what succeeded while the group is suspended, and goes on with the rest", () => {
    const spec = { suspend: true };
    expect(steps(view([success(1), running(2)], {}, {}, spec))).toEqual(["release run-2: Suspended"]);
    expect(told(view([success(1)], {}, {}, spec), "Ready")).toMatch(/^True Suspended/);
    expect(steps(view([success(1)]))).toEqual([created(2)]);
  });

  const checked = { instances: 4, job: { completions: 4 }, healthChecks: [{ name: "a", tcpSocket: { port: 1 } }] };
  const sick = (number: number, name = `sick-${number}`) =>
    unhealthy({
      number,
      name,
      status: { health: { isHealthy: false, consecutiveFailures: 3, since: at(-60 - 300 * number) } },
    });

  it("lets no more go for bad health at once than the budget of its service says", () => {
    expect(steps(view([sick(1), sick(2), sick(3), sick(4)], checked))).toEqual(["release sick-1: Unhealthy"]);
  });

  it("counts what was let go for bad health as failures, and waits for the back-off", () => {
    const gone = [{ number: 1, revisionName: "shop-web-1", restarts: 1, at: NOW - 500 }];
    const releases = new Map([["web", gone]]);
    const one = { ...checked, instances: 1 };
    const soon = planGroup(view([], one, { healthReleases: releases }));
    expect([soon.steps, soon.nextAttempts.get("web")]).toEqual([[], NOW + 500]);
    const later = new Map([["web", gone.map((release) => ({ ...release, at: NOW - 1000 }))]]);
    expect(steps(view([], one, { healthReleases: later }))).toEqual([created(1, " after 2")]);
    expect(steps(view([], one, { healthReleases: later }, { restartedAt: at(-0.5) }))).toEqual([created(1)]);
  });

  it("lets a successor run on while its predecessor stays out of reach, also when nobody is believed", () => {
    const lost = unreachable({ name: "lost" });
    const starts = instance({ name: "starts", age: 5, status: placed("starts") });
    expect(steps(view([lost, starts], {}, { isRackBlind: true }))).toEqual([]);
    expect(steps(view([lost, starts], { unreachable: { replaceAfterSeconds: -1 } }))).toEqual([]);
  });

  it("lets its records go with the group", () => {
    const deleted = group({ services: [JOB] }, { deletionTimestamp: at(-1) });
    expect(steps(viewOf(deleted, [success(1)]))).toEqual(["release done-1: GroupDeleted"]);
  });
});

describe("what is told of a job", () => {
  const counts = (one: GroupView) => groupReport(one, planGroup(one)).services[0];

  it("counts successes and failures", () => {
    expect(counts(view([success(1), failure(2, 1)]))).toMatchObject({ succeeded: 1, failed: 2, desired: 1 });
    expect(counts(view([success(1), success(2), success(3)]))).toMatchObject({ succeeded: 3, failed: 0, desired: 0 });
  });

  it("the group is Ready when every job is complete", () => {
    expect(told(view([success(1), success(2)]), "Ready")).toBe(
      "False ServicesNotAvailable web: 2 of 3 done, 0 failures",
    );
    expect(told(view([success(1), success(2), success(3)]), "Ready")).toMatch(/^True/);
    expect(told(view([success(1), success(2), success(3)]), "Available")).toMatch(/^True/);
  });

  it("says that it failed, and how to go on", () => {
    expect(told(view([failure(1, 2)]), "Ready")).toBe(
      "False JobFailed web: 0 of 3 done, 3 failures of at most 2; change its template to run it again",
    );
  });
});
