import { describe, expect, it } from "vitest";
import type { Service, ServiceGroup } from "../../api-types/service-group.js";
import { at, available, condition, ended, group, instance, NOW, revision, unhealthy } from "../testing/objects.js";
import type { GroupView } from "./life/model.js";
import { planGroup } from "./plan.js";
import { groupReport } from "./status.js";
import { onNodes, viewOf } from "./testing.js";

function report(view: GroupView, blockedBy: readonly string[] = []) {
  const blockers = blockedBy.map((name) => ({ type: "notAvailable", name }) as const);
  const blocked = { ...view, blockers: [...view.blockers, ...blockers] };
  return groupReport(blocked, planGroup(blocked));
}

function told(view: GroupView, type: string, blockedBy: readonly string[] = []): string {
  const found = report(view, blockedBy).conditions.find((one) => one.type === type);
  return [found?.status, found?.reason, found?.message].filter(Boolean).join(" | ");
}

const two = group({ services: [{ name: "web", instances: 2 }] });
const one = available({ name: "one" });
const other = available({ name: "other", number: 2 });

describe("counts", () => {
  it("are those of a service", () => {
    const members = [
      one,
      unhealthy({ name: "sick", number: 2 }),
      ended({ name: "dead", number: 3 }),
      available({ name: "gone", number: 4, leave: "ScaledDown" }),
    ];
    expect(report(viewOf(two, members)).services).toEqual([
      {
        name: "web",
        desired: 2,
        running: 2,
        ready: 1,
        available: 1,
        updated: 2,
        revision: "shop-web-1",
        failures: 1,
        lastFailure: at(-10),
      },
    ]);
  });

  it("count an old and a new instance of one number once", () => {
    const members = [one, available({ name: "new", age: 5 })];
    expect(report(viewOf(two, members)).services[0]).toMatchObject({ available: 1, running: 2 });
  });

  it("name the revision that holds today's template, also after going back", () => {
    const before = group({ services: [{ name: "web", image: "a:2" }] }).spec.services.map((service) =>
      revision(service, 2),
    );
    const view = viewOf(group(), [one], { revisions: [...viewOf(group(), []).revisions, ...before] });
    expect(report(view).services[0]).toMatchObject({ revision: "shop-web-1", updated: 1 });
  });

  it("want no more of what ended as its restart policy lets it", () => {
    const once = group({ services: [{ name: "web", restart: { policy: "OnFailure" } }] });
    const view = viewOf(once, [ended({ name: "done", state: "Finished" })]);
    expect(report(view).services[0]).toMatchObject({ desired: 0, available: 0 });
    expect(told(view, "Ready")).toMatch(/^True/);
    expect(told(viewOf(once, [ended({ name: "dead", state: "Failed" })]), "Ready")).toMatch(/^False/);
  });

  it("say when a failed instance is started again", () => {
    const view = viewOf(group({ services: [{ name: "web", restart: { delaySeconds: 60 } }] }), [
      ended({ name: "dead", endedAgo: 10 }),
    ]);
    expect(report(view).services[0]?.nextAttempt).toBe(new Date(NOW + 50_000).toISOString());
  });

  it.each([
    [
      "whole copies",
      group({ services: [{ name: "web", instances: 2 }, { name: "db" }], replicas: 2 }),
      [one, other, available({ service: "db", name: "db" })],
      1,
    ],
    ["no more than wanted", group(), [one, other], 1],
    ["none while one service lacks", group({ services: [{ name: "web" }, { name: "db" }] }), [one], 0],
    [
      "a service scaled to zero lacks nothing",
      group({ services: [{ name: "web" }, { name: "db" }], scale: { db: 0 } }),
      [one],
      1,
    ],
  ])("replicas: %s", (_, wanted, members, replicas) => {
    expect(report(viewOf(wanted, members)).replicas).toBe(replicas);
  });

  it("count a service with one on each node as one copy", () => {
    const each = group({ services: [{ name: "web", mode: "EachNode" }] });
    expect(report(viewOf(each, [one], onNodes(2))).replicas).toBe(0);
    expect(report(viewOf(each, [one, other], onNodes(2))).replicas).toBe(1);
  });
});

function serviceIn({ services }: ServiceGroup["spec"]): Service {
  const [service] = services;
  if (service === undefined) throw new Error("a group has a service");
  return service;
}

describe("conditions", () => {
  const suspended = group({ suspend: true });
  const waiting = instance({
    conditions: [
      condition("Scheduled", "False", { reason: "NoNodeFits", message: "3 offering nodes refused: 3 by cpu" }),
    ],
  });
  const unnamed = instance({
    name: "unnamed",
    number: 2,
    conditions: [
      ...["Scheduled", "Running", "Ready", "Routed"].map((type) => condition(type, "True")),
      condition("Published", "False", {
        reason: "AwaitingConfirmation",
        message: "ns/x-1 claims the name and is older",
      }),
    ],
  });
  const pending = instance({
    name: "pending",
    number: 2,
    conditions: [
      condition("Running", "True"),
      condition("Ready", "False", { reason: "HealthPending", message: "health check page has not passed yet" }),
    ],
  });
  const canary = group({ services: [{ name: "web", image: "a:2", instances: 2, update: { canary: 1 } }] });
  const newer = { revisions: [two, canary].map(({ spec }, index) => revision(serviceIn(spec), index + 1)) };
  const job = group({ services: [{ name: "web", mode: "Job", job: { backoffLimit: 0 } }] });
  const chain = group({ services: [{ name: "db" }, { name: "web", dependsOn: ["db"] }] });
  const rows: readonly (readonly [string, GroupView, string, string, (readonly string[])?])[] = [
    ["ready", viewOf(two, [one, other]), "Ready", "True | ServicesAvailable"],
    ["not ready", viewOf(two, [one]), "Ready", "False | ServicesNotAvailable | web: 1 of 2 available"],
    ["suspended", viewOf(suspended, []), "Ready", "True | Suspended"],
    [
      "suspended, not yet stopped",
      viewOf(suspended, [one]),
      "Ready",
      "False | Suspended | 1 instances are still leaving",
    ],
    [
      "not ready for the name that another one has",
      viewOf(two, [one, unnamed]),
      "Ready",
      "False | ServicesNotAvailable | web: 1 of 2 available; unnamed: ns/x-1 claims the name and is older",
    ],
    [
      "not ready for its health",
      viewOf(two, [one, pending]),
      "Ready",
      "False | ServicesNotAvailable | web: 1 of 2 available; pending: health check page has not passed yet",
    ],
    ["available", viewOf(two, [one, other]), "Available", "True | AllServicesAvailable"],
    ["not available", viewOf(two, []), "Available", "False | ServicesMissing | web: 0 of 2 available"],
    ["a suspended group counts as available", viewOf(suspended, []), "Available", "True | AllServicesAvailable"],
    ["settled", viewOf(two, [one, other]), "Progressing", "False | Settled"],
    [
      "changing while something leaves",
      viewOf(two, [one, other, available({ name: "old", leave: "Replaced" })]),
      "Progressing",
      "True | InstancesChanging",
    ],
    [
      "changing while its canary does not serve yet",
      viewOf(canary, [one, other, instance({ name: "new", revision: "shop-web-2", age: 5 })], newer),
      "Progressing",
      "True | InstancesChanging | web holds at 1 new instances; set update.canary to 0 to go on",
    ],
    [
      "late, with what the new instance waits for",
      viewOf(canary, [one, other, { ...pending, spec: { ...pending.spec, revisionName: "shop-web-2" } }], newer),
      "Progressing",
      "False | DeadlineExceeded | web: shop-web-2 made no progress for 600 s; pending: health check page has not passed yet; change the spec, or go back with `rackctl rollout undo`",
    ],
    [
      "held at its canary",
      viewOf(canary, [available({ name: "new", revision: "shop-web-2" }), other], newer),
      "Progressing",
      "False | UpdateHeld | web holds at 1 new instances; set update.canary to 0 to go on",
    ],
    ["settled when a job gave up", viewOf(job, [ended({ name: "dead" })]), "Progressing", "False | Settled"],
    ["not blocked", viewOf(two, []), "Blocked", "False | DependenciesMet"],
    ["blocked by other groups", viewOf(two, []), "Blocked", "True | DependencyNotAvailable | waits for ns/a", ["ns/a"]],
    [
      "blocked by a service of the group",
      viewOf(chain, []),
      "Blocked",
      "True | DependencyNotAvailable | waits for db (service web)",
    ],
    ["all placed", viewOf(two, [one]), "Unschedulable", "False | AllPlaced"],
    [
      "waiting for a node",
      viewOf(two, [waiting]),
      "Unschedulable",
      "True | InstancesWait | 1 instance waits; shop-web-1-a: 3 offering nodes refused: 3 by cpu",
    ],
  ];
  for (const [name, view, type, expected, blockedBy] of rows) {
    it(name, () => {
      expect(told(view, type, blockedBy)).toBe(expected);
    });
  }

  it("carry the generation they speak of", () => {
    const conditions = report(viewOf(group({}, { generation: 7 }), [])).conditions;
    expect(new Set(conditions.map(({ observedGeneration }) => observedGeneration))).toEqual(new Set([7]));
  });
});
