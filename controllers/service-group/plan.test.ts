import { describe, expect, it } from "vitest";
import { at, available, ended, group, instance, service, unhealthy } from "../testing/objects.js";
import type { GroupView } from "./life/model.js";
import { planGroup } from "./plan.js";
import { describeStep, onNodes, viewOf } from "./testing.js";

type Row = readonly [name: string, view: GroupView, steps: readonly string[]];

function check(rows: readonly Row[]): void {
  it.each(rows)("%s", (_, view, steps) => {
    expect(planGroup(view).steps.map(describeStep)).toEqual(steps);
  });
}

/** A group of one service `web` with these fields. */
function web(fields: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) {
  return group({ services: [{ name: "web", ...fields }], ...spec });
}

const numbers = (...list: number[]) =>
  list.map((number) => available({ number, name: `web-${number}`, age: 1000 - number }));

describe("creation", () => {
  check([
    [
      "creates the first revision before the first instance",
      viewOf(web(), [], { revisions: [] }),
      ["revision shop-web-1", "create web-1 of shop-web-1"],
    ],
    ["uses the revision that holds today's template", viewOf(web(), []), ["create web-1 of shop-web-1"]],
    [
      "creates every missing number",
      viewOf(web({ instances: 3 }), numbers(2)),
      ["create web-1 of shop-web-1", "create web-3 of shop-web-1"],
    ],
    ["takes the lowest free number", viewOf(web({ instances: 3 }), numbers(1, 3)), ["create web-2 of shop-web-1"]],
    [
      "counts numbers from ordinals.start in ordinals.step",
      viewOf(web({ instances: 3, ordinals: { start: 10, step: 5 } }), numbers(15)),
      ["create web-10 of shop-web-1", "create web-20 of shop-web-1"],
    ],
    [
      "lets what waits with a number that is no longer one of them go, and keeps what runs",
      viewOf(web({ instances: 2, ordinals: { start: 10 } }), [instance({ number: 1 }), ...numbers(2)]),
      ["release shop-web-1-a: ScaledDown", "create web-10 of shop-web-1"],
    ],
    [
      "never exceeds ordinals.slots",
      viewOf(web({ instances: 5, ordinals: { slots: 2 } }), []),
      ["create web-1 of shop-web-1", "create web-2 of shop-web-1"],
    ],
    [
      "multiplies by the copies of the group",
      viewOf(web({ instances: 2 }, { replicas: 2 }), numbers(1, 2, 3)),
      ["create web-4 of shop-web-1"],
    ],
    [
      "obeys scale{} rather than instances",
      viewOf(web({ instances: 5 }, { scale: { web: 1 } }), []),
      ["create web-1 of shop-web-1"],
    ],
    ["creates nothing for a service scaled to zero", viewOf(web({}, { scale: { web: 0 } }), []), []],
    ["creates nothing for a suspended group", viewOf(web({}, { suspend: true }), []), []],
    ["a converged group has nothing to do", viewOf(web({ instances: 3 }), numbers(1, 2, 3)), []],
    ["an instance that waits for a node is not created twice", viewOf(web(), [instance()]), []],
  ]);
});

describe("one on each node", () => {
  const each = web({ mode: "EachNode" });
  const strayed = { isMatchingNode: (_: unknown, node: string) => node !== "n1" };
  check([
    [
      "creates as many as there are matching nodes",
      viewOf(each, [], onNodes(2)),
      ["create web-1 of shop-web-1", "create web-2 of shop-web-1"],
    ],
    ["follows a new node", viewOf(each, numbers(1, 2), onNodes(3)), ["create web-3 of shop-web-1"]],
    [
      "lets the instance of a removed node go",
      viewOf(each, numbers(1), { ...onNodes(0), ...strayed }),
      ["release web-1: ScaledDown"],
    ],
    [
      "replaces a node by another one",
      viewOf(
        each,
        [
          available({ name: "web-1" }),
          available({ number: 2, name: "web-2", status: { placement: { node: "n2", agentID: "a", taskID: "t" } } }),
        ],
        {
          ...onNodes(2),
          ...strayed,
        },
      ),
      ["release web-1: NodeRemoved", "create web-1 of shop-web-1"],
    ],
    ["is empty with no copies", viewOf(web({ mode: "EachNode" }, { replicas: 0 }), []), []],
  ]);
});

describe("shrinking", () => {
  const two = (fields: Record<string, unknown> = {}) => web({ instances: 1, ...fields });
  const old = available({ number: 1, name: "old", age: 900 });
  const young = available({ number: 2, name: "young", age: 100 });
  const cheap = { "rackwright.dev/deletion-cost": "-5" };
  check([
    ["the youngest leaves first", viewOf(two(), [old, young]), ["release young: ScaledDown"]],
    [
      "the oldest leaves first when asked",
      viewOf(two({ killSelection: "OldestFirst" }), [old, young]),
      ["release old: ScaledDown"],
    ],
    [
      "the highest number leaves first when asked",
      viewOf(two({ killSelection: "HighestNumberFirst" }), [available({ number: 7, name: "seven", age: 900 }), young]),
      ["release seven: ScaledDown"],
    ],
    [
      "the cheapest to delete leaves before the youngest",
      viewOf(two(), [available({ name: "cheap", age: 900, annotations: cheap }), young]),
      ["release cheap: ScaledDown"],
    ],
    [
      "one that is not available leaves before the cheapest",
      viewOf(two(), [
        instance({ name: "idle", age: 900 }),
        available({ number: 2, name: "cheap", annotations: cheap }),
      ]),
      ["release idle: ScaledDown"],
    ],
    [
      "an unhealthy one leaves before one that is not available yet",
      viewOf(two({ healthChecks: [{ name: "c", tcpSocket: { port: 1 } }] }), [
        unhealthy({ name: "sick", age: 900 }),
        instance({ number: 2, name: "idle", age: 100 }),
      ]),
      ["release sick: ScaledDown"],
    ],
    [
      "an ended one leaves as Terminated",
      viewOf(web({ instances: 1 }), [ended({ number: 2, name: "dead" }), old]),
      ["release dead: Terminated"],
    ],
    [
      "a cost that is no number counts as none",
      viewOf(two(), [
        available({ name: "odd", age: 900, annotations: { "rackwright.dev/deletion-cost": "x" } }),
        young,
      ]),
      ["release young: ScaledDown"],
    ],
    [
      "old and new of a number leave together",
      viewOf(two(), [
        old,
        available({ number: 2, name: "two-old", age: 100, revision: "shop-web-0" }),
        instance({ number: 2, name: "two-new", age: 50 }),
      ]),
      ["release two-old: ScaledDown", "release two-new: ScaledDown"],
    ],
    [
      "instances already leaving do not count",
      viewOf(two(), [old, available({ number: 2, name: "gone", leave: "ScaledDown" })]),
      [],
    ],
  ]);
});

describe("stopping", () => {
  const chain = (spec: Record<string, unknown>, metadata = {}) =>
    group({ services: [{ name: "db" }, { name: "web", dependsOn: ["db"] }], ...spec }, metadata);
  const db = available({ service: "db", name: "db" });
  const front = available({ name: "front" });
  const deleted = { deletionTimestamp: at(-1) };
  check([
    [
      "suspends everything",
      viewOf(web({}, { suspend: true }), [available({ name: "one" })]),
      ["release one: Suspended"],
    ],
    ["stops dependents first", viewOf(chain({ suspend: true }), [db, front]), ["release front: Suspended"]],
    [
      "waits until dependents are gone",
      viewOf(chain({ suspend: true }), [db, available({ name: "front", leave: "Suspended" })]),
      [],
    ],
    ["stops what nothing depends on any more", viewOf(chain({ suspend: true }), [db]), ["release db: Suspended"]],
    [
      "a dependent that stays does not hold a service scaled to zero",
      viewOf(chain({ scale: { db: 0 } }), [db, front]),
      ["release db: ScaledDown"],
    ],
    ["deletes in reverse order", viewOf(chain({}, deleted), [db, front]), ["release front: GroupDeleted"]],
    [
      "waits for groups that depend on it and are deleted too",
      viewOf(chain({}, deleted), [db], { hasDyingDependents: true }),
      [],
    ],
    [
      "lets instances of a removed service go",
      viewOf(web(), [...numbers(1), available({ service: "gone", name: "gone" })]),
      ["release gone: ServiceRemoved"],
    ],
    [
      "scale to zero leaves the last Published one go",
      viewOf(web({ instances: 0 }), numbers(1)),
      ["release web-1: ScaledDown"],
    ],
  ]);
});

describe("starting in order", () => {
  const chain = group({
    services: [
      { name: "db", instances: 2 },
      { name: "web", dependsOn: ["db"] },
    ],
  });
  const db = (number: number) => available({ service: "db", number, name: `db-${number}` });
  check([
    ["starts what others depend on first", viewOf(chain, []), ["create db-1 of shop-db-1", "create db-2 of shop-db-1"]],
    [
      "waits until all of it is available",
      viewOf(chain, [db(1), instance({ service: "db", number: 2, name: "db-2" })]),
      [],
    ],
    [
      "counts numbers, not instances: an old and a new one of a number are one",
      viewOf(chain, [
        db(1),
        available({ service: "db", number: 1, name: "db-1-new", age: 1, replaces: "db-1" }),
        instance({ service: "db", number: 2, name: "db-2" }),
      ]),
      ["release db-1: Replaced"],
    ],
    ["starts dependents then", viewOf(chain, [db(1), db(2)]), ["create web-1 of shop-web-1"]],
    [
      "a dependency scaled to zero counts as available",
      viewOf(group({ services: chain.spec.services, scale: { db: 0 } }), []),
      ["create web-1 of shop-web-1"],
    ],
    [
      "a later failure of a dependency stops nothing",
      viewOf(chain, [db(1), ended({ service: "db", number: 2, name: "db-2", endedAgo: 0 }), ...numbers(1)]),
      [],
    ],
    ["waits for other groups", viewOf(chain, [], { blockers: [{ type: "notAvailable", name: "ns/a" }] }), []],
    [
      "a dependency that does not exist holds",
      viewOf(group({ services: [{ name: "web", dependsOn: ["nobody"] }] }), []),
      [],
    ],
  ]);

  it("names the services that wait", () => {
    expect(planGroup(viewOf(chain, [])).waiting).toEqual(["web"]);
    expect(planGroup(viewOf(chain, [db(1), db(2), ...numbers(1)])).waiting).toEqual([]);
  });
});

describe("revisions", () => {
  const before = service({ image: "a:1" });
  const revisions = viewOf(group({ services: [before] }), []).revisions;
  const running = [available({ name: "one" })];
  check([
    [
      "a label-only edit restarts nothing",
      viewOf(web({ image: "a:1", labels: { team: "x" } }), running, { revisions }),
      [
        'relabel one {"metadata":{"labels":{"team":"x"},"annotations":{"rackwright.dev/from-service":"[[\\"team\\"],[]]"}}}',
      ],
    ],
    ["an edit in place restarts nothing", viewOf(web({ image: "a:1", drainSeconds: 30 }), running, { revisions }), []],
    [
      "another image is a new revision",
      viewOf(web({ image: "a:2" }), running, { revisions }),
      ["revision shop-web-2", "create web-1 of shop-web-2 for one"],
    ],
    [
      "going back uses the old revision again",
      viewOf(web({ image: "a:1" }), [available({ name: "one", revision: "shop-web-2" })], { revisions }),
      ["create web-1 of shop-web-1 for one"],
    ],
  ]);
});
