import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { keyOf } from "../../../api-types/life.js";
import type { ServiceGroup } from "../../../api-types/service-group.js";
import { servicePortKeys } from "../../service-ports.js";
import { at, available, condition, ended, group, instance } from "../../testing/objects.js";
import { planGroup } from "../plan.js";
import { groupReport } from "../status.js";
import { describeStep, viewOf } from "../testing.js";
import { cycleThrough, groupBlockers, groupDependencies, hasStoppingDependents, serviceBlockers } from "./order.js";
import { portBlockers } from "./ports.js";

type Spec = Record<string, unknown>;

function named(name: string, spec: Spec = {}, metadata = {}): ServiceGroup {
  return group(spec, { name, ...metadata });
}

const finder = (...groups: readonly ServiceGroup[]) => {
  const byKey = new Map(groups.map((one) => [keyOf(one), one]));
  return (key: string) => byKey.get(key);
};

function withStatus(one: ServiceGroup, isAvailable: boolean, fields: Record<string, unknown> = {}): ServiceGroup {
  const conditions = [condition("Available", isAvailable ? "True" : "False", { observedGeneration: 1 })];
  return { ...one, status: { observedGeneration: 1, conditions, ...fields } };
}

describe("a group that depends on another one", () => {
  const web = named("web", { dependsOn: ["db"] });
  it.each([
    ["that is available", withStatus(named("db"), true), []],
    ["that is not", withStatus(named("db"), false), [{ type: "notAvailable", name: "default/db" }]],
    ["that said nothing yet", named("db"), [{ type: "notAvailable", name: "default/db" }]],
    ["that does not exist", undefined, [{ type: "unknown", name: "default/db" }]],
    ["that is suspended", named("db", { suspend: true }), []],
    ["without copies", named("db", { replicas: 0 }), []],
    [
      "that said so before its last change",
      withStatus(named("db", {}, { generation: 2 }), true),
      [{ type: "notAvailable", name: "default/db" }],
    ],
    [
      "that is being deleted",
      named("db", {}, { deletionTimestamp: at(-1) }),
      [{ type: "notAvailable", name: "default/db" }],
    ],
  ])("%s", (_, db, expected) => {
    expect(groupBlockers(web, finder(web, ...(db === undefined ? [] : [db])))).toEqual(expected);
  });

  it("in another namespace", () => {
    const other = withStatus(named("db", {}, { namespace: "data" }), true);
    expect(groupBlockers(named("web", { dependsOn: ["data/db"] }), finder(other))).toEqual([]);
  });
});

describe("a service that depends on one of another group", () => {
  const web = named("web", { services: [{ name: "front", dependsOn: ["store/db"] }] });
  const store = (spec: Spec = {}) => named("store", { services: [{ name: "db" }, { name: "cache" }], ...spec });
  const counts = (available: number, desired = 1) => ({
    services: [
      { name: "db", available, desired },
      { name: "cache", available: 0, desired: 1 },
    ],
  });
  it.each([
    ["that has all it wants", withStatus(store(), false, counts(1)), []],
    ["that has less", withStatus(store(), false, counts(0)), [{ type: "notAvailable", name: "store/db" }]],
    ["that said nothing yet", store(), [{ type: "notAvailable", name: "store/db" }]],
    ["that was scaled to zero", store({ scale: { db: 0 } }), []],
    ["whose group is suspended", store({ suspend: true }), []],
    ["whose group does not exist", undefined, [{ type: "unknown", name: "store/db" }]],
    ["that its group does not have", named("store"), [{ type: "unknown", name: "store/db" }]],
    [
      "a job that is not complete",
      withStatus(named("store", { services: [{ name: "db", mode: "Job" }] }), false, {
        services: [{ name: "db", succeeded: 0 }],
      }),
      [{ type: "notAvailable", name: "store/db" }],
    ],
    [
      "a job that is",
      withStatus(named("store", { services: [{ name: "db", mode: "Job" }] }), false, {
        services: [{ name: "db", succeeded: 1 }],
      }),
      [],
    ],
  ])("%s", (_, other, expected) => {
    const [front] = web.spec.services;
    if (front === undefined) throw new Error("the group has a service");
    expect(serviceBlockers(web, front, finder(web, ...(other === undefined ? [] : [other])))).toEqual(expected);
  });

  it("is woken by that group", () => {
    expect(groupDependencies(web)).toEqual(["default/store"]);
    expect(groupDependencies(named("web", { dependsOn: ["a", "ns/b"] }))).toEqual(["default/a", "ns/b"]);
  });
});

describe("a cycle between groups", () => {
  const chain = (...names: readonly string[]) =>
    names.map((name, index) => {
      const next = names[index + 1];
      return named(name, next === undefined ? {} : { dependsOn: [next] });
    });
  const onService = (name: string, on: string, own = "web") =>
    named(name, { services: [{ name: own, dependsOn: [on] }, { name: "other" }] });
  it.each([
    ["none", chain("a", "b", "c"), undefined],
    [
      "of two",
      [named("a", { dependsOn: ["b"] }), named("b", { dependsOn: ["a"] })],
      ["default/a", "default/b", "default/a"],
    ],
    [
      "of three",
      [named("a", { dependsOn: ["b"] }), named("b", { dependsOn: ["c"] }), named("c", { dependsOn: ["a"] })],
      ["default/a", "default/b", "default/c", "default/a"],
    ],
    [
      "that it only depends on is not its own",
      [named("a", { dependsOn: ["b"] }), named("b", { dependsOn: ["c"] }), named("c", { dependsOn: ["b"] })],
      undefined,
    ],
    ["of services", [onService("a", "b/web"), onService("b", "a/web")], ["default/a", "default/b", "default/a"]],
    [
      "services that wait for different ones are none",
      [onService("a", "b/other"), onService("b", "a/other")],
      undefined,
    ],
    [
      "of a service and a group",
      [onService("a", "b/web"), named("b", { dependsOn: ["a"] })],
      ["default/a", "default/b", "default/a"],
    ],
    ["over what does not exist is none", [named("a", { dependsOn: ["ghost"] })], undefined],
    [
      "over a service of its own",
      [
        named("a", {
          services: [
            { name: "x", dependsOn: ["b/web"] },
            { name: "y", dependsOn: ["x"] },
          ],
        }),
        named("b", { services: [{ name: "web", dependsOn: ["a/y"] }] }),
      ],
      ["default/a", "default/b", "default/a"],
    ],
  ])("%s", (_, groups, expected) => {
    const [first] = groups;
    if (first === undefined) throw new Error("there is a group");
    expect(cycleThrough(first, finder(...groups))).toEqual(expected);
  });

  it("starts nothing, stops nothing, and is named", () => {
    const blocked = viewOf(group({ services: [{ name: "web", instances: 2 }] }), [available({ name: "one" })], {
      blockers: [{ type: "cycle", names: ["default/a", "default/b", "default/a"] }],
    });
    expect(planGroup(blocked).steps).toEqual([]);
    const { conditions } = groupReport(blocked, planGroup(blocked));
    expect(conditions.find(({ type }) => type === "Blocked")).toMatchObject({
      status: "True",
      reason: "DependencyCycle",
      message: "is part of a cycle of dependencies: default/a → default/b → default/a; remove one of them",
    });
  });

  it("a long chain is no burden", () => {
    const names = Array.from({ length: 2000 }, (_, index) => `g${index}`);
    const groups = chain(...names);
    const [first] = groups;
    expect(first && cycleThrough(first, finder(...groups))).toBeUndefined();
  });
});

describe("order inside a group", () => {
  const two = (spec: Spec = {}, db: Spec = {}) =>
    group({
      services: [
        { name: "db", ...db },
        { name: "web", dependsOn: ["db"] },
      ],
      ...spec,
    });
  const db = (fields = {}) => available({ service: "db", name: "db", ...fields });
  const web = (fields = {}) => available({ name: "web", ...fields });
  const steps = (one: ServiceGroup, instances: readonly Instance[]) =>
    planGroup(viewOf(one, instances)).steps.map(describeStep);
  const outdated = { revision: "shop-db-0" };
  const outdatedWeb = { revision: "shop-web-0" };
  it.each([
    ["the dependency is updated first", two(), [db(outdated), web(outdatedWeb)], ["create db-1 of shop-db-1 for db"]],
    ["and wholly", two(), [db(outdated), db({ name: "db-new", age: 5 }), web(outdatedWeb)], ["release db: Replaced"]],
    ["then the dependent", two(), [db(), web(outdatedWeb)], ["create web-1 of shop-web-1 for web"]],
    [
      "not while the dependency is not available",
      two(),
      [instance({ service: "db", name: "db" }), web(outdatedWeb)],
      [],
    ],
    [
      "a paused dependency holds nobody up",
      two({}, { update: { paused: true } }),
      [db(outdated), web(outdatedWeb)],
      ["create web-1 of shop-web-1 for web"],
    ],
    [
      "what failed is not started while its dependency is away",
      two(),
      [ended({ service: "db", name: "db", endedAgo: 0 }), ended({ name: "web" })],
      [],
    ],
    [
      "a later failure of the dependency stops nothing",
      two(),
      [ended({ service: "db", name: "db", endedAgo: 0 }), web()],
      [],
    ],
    ["to zero: dependents first", two({ scale: { db: 0, web: 0 } }), [db(), web()], ["release web: ScaledDown"]],
    ["to zero: then what they depended on", two({ scale: { db: 0, web: 0 } }), [db()], ["release db: ScaledDown"]],
    ["to zero alone: its dependents stay", two({ scale: { db: 0 } }), [db(), web()], ["release db: ScaledDown"]],
    [
      "a job that is complete",
      two({}, { mode: "Job" }),
      [ended({ service: "db", name: "db", state: "Finished" })],
      ["create web-1 of shop-web-1"],
    ],
    ["a job that runs is not complete", two({}, { mode: "Job" }), [db()], []],
  ])("%s", (_, one, instances, expected) => {
    expect(steps(one, instances)).toEqual(expected);
  });

  it("across groups: those that depend on it stop first, when both stop", () => {
    const left = new Map([["default/front", [available({ name: "x" })]]]);
    const instancesOf = (one: ServiceGroup) => left.get(keyOf(one)) ?? [];
    expect(hasStoppingDependents([named("front", { suspend: true })], instancesOf)).toBe(true);
    expect(hasStoppingDependents([named("front", {}, { deletionTimestamp: at(-1) })], instancesOf)).toBe(true);
    expect(hasStoppingDependents([named("front")], instancesOf)).toBe(false);
    expect(hasStoppingDependents([named("idle", { suspend: true })], instancesOf)).toBe(false);
  });
});

describe("what a blocked group says", () => {
  const told = (blockers: Parameters<typeof viewOf>[2]) => {
    const one = viewOf(group(), [], blockers);
    const found = groupReport(one, planGroup(one)).conditions.find(({ type }) => type === "Blocked");
    return `${found?.status} ${found?.reason} ${found?.message}`;
  };
  it.each([
    [
      "unknown",
      { blockers: [{ type: "unknown", name: "default/db" }] },
      "True DependencyUnknown waits for default/db, which does not exist; it goes on when that is created",
    ],
    [
      "not available",
      { blockers: [{ type: "notAvailable", name: "default/db" }] },
      "True DependencyNotAvailable waits for default/db",
    ],
    [
      "a port of somebody else",
      { serviceBlockers: () => [{ type: "portTaken", port: 80, owner: "default/first/web" }] },
      "True ServicePortTaken service port 80 belongs to default/first/web; choose another one",
    ],
  ] as const)("%s", (_, blockers, expected) => {
    expect(told(blockers as Parameters<typeof viewOf>[2])).toBe(expected);
  });
});

describe("service ports", () => {
  const onPort = (name: string, port: number, age: number) =>
    named(
      name,
      { services: [{ name: "web", network: { ports: [{ name: "p", servicePort: port }] } }] },
      { creationTimestamp: at(-age) },
    );
  const blockers = (one: ServiceGroup, ...all: readonly ServiceGroup[]) => {
    const [first] = one.spec.services;
    if (first === undefined) throw new Error("the group has a service");
    return portBlockers(one, first, (key) => all.filter((other) => servicePortKeys(other).includes(key)));
  };
  const older = onPort("older", 80, 100);
  const younger = onPort("younger", 80, 50);

  it("belong to the oldest group of the rack", () => {
    expect(blockers(older, older, younger)).toEqual([]);
    expect(blockers(younger, older, younger)).toEqual([{ type: "portTaken", port: 80, owner: "default/older/web" }]);
  });

  it("of one age belong to the first name", () => {
    const twin = onPort("a-twin", 80, 100);
    expect(blockers(older, older, twin)).toEqual([{ type: "portTaken", port: 80, owner: "default/a-twin/web" }]);
  });

  it("that are different disturb nobody", () => {
    expect(blockers(younger, onPort("older", 81, 100), younger)).toEqual([]);
  });

  it("that are still to be assigned have no owner", () => {
    expect(servicePortKeys(onPort("new", 0, 1))).toEqual([]);
  });

  it("keep the loser from starting, and stop nothing of it", () => {
    const running = available({ name: "one" });
    const taken = { serviceBlockers: () => [{ type: "portTaken", port: 80, owner: "o" } as const] };
    expect(planGroup(viewOf(group({ services: [{ name: "web", instances: 2 }] }), [running], taken)).steps).toEqual([]);
  });
});
