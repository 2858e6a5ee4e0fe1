import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { at, available, group, instance, NOW, placed, revision, service, unreachable } from "../../testing/objects.js";
import type { GroupView } from "../life/model.js";
import { planGroup } from "../plan.js";
import { groupReport } from "../status.js";
import { describeStep, onNodes, viewOf } from "../testing.js";
import { isBlind, replacementDueAt } from "./reach.js";

const AWAY = { "rackwright.dev/cause": "Unreachable" };

function plan(instances: readonly Instance[], fields: Record<string, unknown> = {}, view: Partial<GroupView> = {}) {
  return planGroup(viewOf(group({ services: [{ name: "web", ...fields }] }), instances, view));
}

const steps = (...parts: Parameters<typeof plan>) => plan(...parts).steps.map(describeStep);

describe("each has its own time", () => {
  const due = (fields: Record<string, unknown>) => {
    const time = replacementDueAt(service(fields), unreachable({ seconds: 10 }), (_, at) => at);
    return time === undefined ? undefined : (time - NOW) / 1000;
  };
  it.each([
    ["30 s", {}, 20],
    ["at once", { unreachable: { replaceAfterSeconds: 0 } }, -10],
    ["never", { unreachable: { replaceAfterSeconds: -1 } }, undefined],
    ["never with volumes", { volumes: [{ hostPath: "/a", containerPath: "/b" }] }, undefined],
  ])("%s", (_, fields, expected) => {
    expect(due(fields)).toBe(expected);
  });
});

describe("a task that comes back is accepted or removed exactly once", () => {
  const back = available({ name: "old" });
  const next = (state: "waiting" | "available", annotations: Record<string, string> = AWAY) => {
    const fields = { name: "new", age: 5, replaces: "old", annotations };
    return state === "waiting" ? instance(fields) : available(fields);
  };
  it.each([
    ["before its successor serves: the successor goes", [back, next("waiting")], ["release new: Replaced"]],
    ["after its successor serves: it goes itself", [back, next("available")], ["release old: Replaced"]],
    ["not yet back: both stay", [unreachable({ name: "old" }), next("waiting")], []],
    [
      "back, but its successor was let go already",
      [
        back,
        {
          ...next("waiting"),
          metadata: {
            ...next("waiting").metadata,
            deletionTimestamp: at(-1),
            annotations: { ...AWAY, "rackwright.dev/leave": "Replaced" },
          },
        },
      ],
      [],
    ],
    [
      "back and outdated: the successor goes on",
      [available({ name: "old", revision: "shop-web-0" }), next("waiting")],
      [],
    ],
    [
      "back and deleted by a person: the successor goes on",
      [available({ name: "old", isDeleted: true }), next("waiting")],
      [],
    ],
    [
      "well again after bad health: the successor goes on",
      [back, next("waiting", { "rackwright.dev/cause": "Unhealthy" })],
      [],
    ],
    [
      "its successor failed meanwhile: it goes",
      [back, { ...next("waiting"), status: { lastStatus: { state: "Failed", at: at(-1) }, conditions: [] } }],
      ["release new: Replaced"],
    ],
  ])("%s", (_, instances, expected) => {
    expect(steps(instances)).toEqual(expected);
  });
});

describe("what stays out of reach is forgotten", () => {
  const gone = (seconds: number, leave: string | undefined) =>
    unreachable({ name: "old", seconds, ...(leave === undefined ? {} : { leave }) });
  const serving = available({ name: "new", age: 5 });
  it.each([
    ["after 900 s, when it was let go", gone(900, "Replaced"), {}, ["forget old"]],
    ["not before", gone(899, "Replaced"), {}, []],
    ["as long as told", gone(60, "Replaced"), { unreachable: { forgetAfterSeconds: 60 } }, ["forget old"]],
    ["once", gone(2000, "Forgotten"), {}, []],
    ["also when less is wanted", gone(900, "ScaledDown"), {}, ["forget old"]],
  ])("%s", (_, old, fields, expected) => {
    expect(steps([old, serving], fields)).toEqual(expected);
  });

  it("also when its service is named no more, as its template says", () => {
    const template = service({ name: "old", unreachable: { forgetAfterSeconds: 60 } });
    const revisions = [revision(service()), revision(template)];
    const lost = (seconds: number) => unreachable({ name: "o", service: "old", seconds, leave: "ServiceRemoved" });
    expect(steps([lost(60), serving], {}, { revisions })).toEqual(["forget o"]);
    const soon = plan([lost(50), serving], {}, { revisions });
    expect([soon.steps, soon.wakeAt]).toEqual([[], NOW + 10_000]);
  });

  it("one that was never let go is not", () => {
    const volumes = { volumes: [{ hostPath: "/a", containerPath: "/b" }] };
    expect(steps([gone(1e6, undefined)], volumes)).toEqual([]);
  });

  it("takes no room meanwhile: its number is used again", () => {
    const lost = unreachable({ name: "old", leave: "StopFirst" });
    expect(steps([lost], { update: { maxSurge: 0, maxUnavailable: 1 } })).toEqual(["create web-1 of shop-web-1"]);
  });

  it("tells when it is due", () => {
    expect(plan([gone(800, "Replaced"), serving]).wakeAt).toBe(NOW + 100_000);
  });
});

describe("R3 a blind observer", () => {
  const lost = (count: number, apart = 0) =>
    Array.from({ length: count }, (_, index) =>
      unreachable({ name: `l${index}`, number: index + 1, seconds: 60 + index * apart }),
    );
  it.each([
    ["3 of 9 at once", lost(3), 9, true],
    ["3 of 10", lost(3), 10, false],
    ["2 of 2", lost(2), 2, false],
    ["3 of 9 one after the other", lost(3, 100), 9, false],
  ])("%s", (_, instances, placedCount, expected) => {
    expect(isBlind(instances, placedCount)).toBe(expected);
  });

  it("replaces nobody, and says so with the next step", () => {
    const view = viewOf(group(), [unreachable({ name: "a" })], { isRackBlind: true });
    expect(planGroup(view).steps).toEqual([]);
    const held = groupReport(view, planGroup(view)).conditions.find(({ type }) => type === "Held");
    expect(held).toMatchObject({ status: "True", reason: "ManyUnreachable" });
    expect(held?.message).toMatch(/DisruptionOverride/);
  });
});

describe("a node that is drained", () => {
  const on = (name: string, number: number, node: string, fields = {}) =>
    available({ name, number, status: placed(name, node), ...fields });
  const drained = (deadlineAt?: number): Partial<GroupView> => ({
    drainOf: (node) => (node === "n1" ? { deadlineAt } : undefined),
  });
  const two = { instances: 2 };
  const both = [on("a", 1, "n1"), on("b", 2, "n2")];
  const unique = { ...two, placement: { constraints: [{ attribute: "hostname", operator: "Unique" }] } };
  const each = { mode: "EachNode" };
  const noMore = { isMatchingNode: (_: unknown, node: string) => node !== "n1", ...onNodes(1) };
  it.each([
    ["successors elsewhere first", two, both, drained(), ["create web-1 of shop-web-1 for a"]],
    [
      "its instance leaves when that serves",
      two,
      [...both, on("new", 1, "n3", { age: 5 })],
      drained(),
      ["release a: Replaced"],
    ],
    [
      "a fixed port is free elsewhere",
      { ...two, network: { ports: [{ name: "p", hostPort: 80 }] } },
      both,
      drained(),
      ["create web-1 of shop-web-1 for a"],
    ],
    ["Unique with a free node", unique, both, { ...drained(), ...onNodes(2) }, ["create web-1 of shop-web-1 for a"]],
    [
      "Unique without one: it leaves first, one at a time",
      unique,
      both,
      { ...drained(), ...onNodes(1) },
      ["release a: StopFirst"],
    ],
    ["at the deadline what is left leaves at once", two, both, drained(NOW), ["release a: Drained"]],
    [
      "before it nothing leaves early",
      two,
      [...both, instance({ name: "new", number: 1, age: 5 })],
      drained(NOW + 1000),
      [],
    ],
    [
      "at the deadline only the successor stays",
      two,
      [...both, instance({ name: "new", number: 1, age: 5 })],
      drained(NOW),
      ["release a: Drained"],
    ],
    ["one on each node: it leaves", each, both, { ...drained(), ...noMore }, ["release a: Drained"]],
    [
      "no more are replaced at once than maxSurge lets",
      { instances: 2, update: { maxSurge: 1 } },
      [on("a", 1, "n1"), on("b", 2, "n1")],
      drained(),
      ["create web-1 of shop-web-1 for a"],
    ],
    [
      "a drain that is called off: the successor goes",
      two,
      [...both, instance({ name: "new", number: 1, age: 5, annotations: { "rackwright.dev/cause": "Drained" } })],
      {},
      ["release new: Replaced"],
    ],
  ] as const)("%s", (_, fields, instances, view, expected) => {
    expect(steps([...instances], fields, view as Partial<GroupView>)).toEqual(expected);
  });

  it("tells when the deadline is", () => {
    expect(plan(both, two, drained(NOW + 5000)).wakeAt).toBe(NOW + 5000);
  });
});
