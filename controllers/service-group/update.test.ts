import { describe, expect, it } from "vitest";
import type { Instance } from "../../api-types/instance.js";
import { available, ended, group, instance, unhealthy, unreachable } from "../testing/objects.js";
import type { GroupView } from "./life/model.js";
import { planGroup } from "./plan.js";
import { describeStep, onNodes, viewOf } from "./testing.js";

type Row = readonly [
  name: string,
  service: Record<string, unknown>,
  instances: readonly Instance[],
  steps: readonly string[],
  view?: Partial<GroupView>,
];

/** Every instance that is not of `shop-web-1` is outdated. */
function check(rows: readonly Row[]): void {
  for (const [name, service, instances, steps, view] of rows) {
    it(name, () => {
      const healthChecks = [{ name: "c", tcpSocket: { port: 1 } }];
      const plan = planGroup(viewOf(group({ services: [{ name: "web", healthChecks, ...service }] }), instances, view));
      expect(plan.steps.map(describeStep)).toEqual(steps);
    });
  }
}

const outdated = (number: number) => available({ number, name: `old-${number}`, revision: "shop-web-0" });
const current = (number: number) => available({ number, name: `new-${number}`, age: 5 });
const starting = (number: number) => instance({ number, name: `new-${number}`, age: 5 });
const two = { instances: 2 };
const oneMore = { instances: 2, update: { maxSurge: 1 } };

describe("rolling update", () => {
  check([
    [
      "begins with as many numbers as maxSurge has room for: all, unless told otherwise",
      two,
      [outdated(1), outdated(2)],
      ["create web-1 of shop-web-1 for old-1", "create web-2 of shop-web-1 for old-2"],
    ],
    [
      "begins with one number where maxSurge is 1",
      oneMore,
      [outdated(1), outdated(2)],
      ["create web-1 of shop-web-1 for old-1"],
    ],
    ["goes on only when the new one is available", oneMore, [outdated(1), starting(1), outdated(2)], []],
    ["lets the old one go then", oneMore, [outdated(1), current(1), outdated(2)], ["release old-1: Replaced"]],
    [
      "a dying old one takes room until its end is confirmed",
      oneMore,
      [available({ number: 1, name: "old-1", leave: "Replaced" }), current(1), outdated(2)],
      [],
    ],
    [
      "takes the next number when nothing else is in change",
      oneMore,
      [current(1), outdated(2)],
      ["create web-2 of shop-web-1 for old-2"],
    ],
    ["waits while another number is not available", oneMore, [outdated(1), starting(1), outdated(2)], []],
    [
      "begins with what is not available anyway",
      oneMore,
      [outdated(1), instance({ number: 2, name: "idle", revision: "shop-web-0" })],
      ["create web-2 of shop-web-1 for idle"],
    ],
    [
      "lets what waits for a node go as soon as its successor waits, too",
      oneMore,
      [outdated(1), instance({ number: 2, name: "idle", revision: "shop-web-0" }), starting(2)],
      ["release idle: Replaced"],
    ],
    ["waits for dependencies", { ...two, dependsOn: ["db"] }, [outdated(1), outdated(2)], []],
    [
      "stops first with a fixed host port",
      { ...two, network: { ports: [{ name: "p", hostPort: 80 }] } },
      [outdated(1), outdated(2)],
      ["release old-1: StopFirst"],
    ],
    [
      "waits for the end of what had to stop first",
      { ...two, network: { ports: [{ name: "p", hostPort: 80 }] } },
      [available({ number: 1, name: "old-1", leave: "StopFirst" }), outdated(2)],
      [],
    ],
    [
      "creates the missing number of a stop-first update before it goes on",
      { ...two, network: { ports: [{ name: "p", hostPort: 80 }] } },
      [ended({ number: 1, name: "old-1", leave: "StopFirst" }), outdated(2)],
      ["create web-1 of shop-web-1"],
    ],
    [
      "stops first with one on each node",
      { mode: "EachNode" },
      [outdated(1), outdated(2)],
      ["release old-1: StopFirst"],
      onNodes(2),
    ],
    [
      "a number that a person deleted is replaced besides",
      oneMore,
      [outdated(1), available({ number: 2, name: "gone", isDeleted: true })],
      ["create web-2 of shop-web-1 for gone"],
    ],
  ]);
});

describe("a successor that will not do", () => {
  check([
    [
      "one of an abandoned version leaves, so that the next version can begin",
      {},
      [outdated(1), instance({ name: "bad", revision: "shop-web-00", age: 5 })],
      ["release bad: Replaced"],
    ],
    [
      "an unhealthy one leaves while the old one serves",
      {},
      [outdated(1), unhealthy({ name: "bad", age: 5, isPublished: false })],
      ["release bad: Unhealthy"],
    ],
    [
      "one on a lost node leaves while the old one serves",
      {},
      [outdated(1), unreachable({ name: "bad", age: 5 })],
      ["release bad: Replaced"],
    ],
    [
      "one that only needs more time stays",
      {},
      [outdated(1), unhealthy({ name: "slow", age: 5, isPublished: false, failures: 1 })],
      [],
    ],
    [
      "one that a person deleted stays until it is available",
      {},
      [outdated(1), instance({ name: "new", age: 5, isDeleted: true })],
      [],
    ],
    [
      "R11 the Published one of two bad ones stays, and gets a successor",
      {},
      [unreachable({ name: "lost", revision: "shop-web-0" }), unhealthy({ name: "bad", age: 5 })],
      ["create web-1 of shop-web-1 for bad"],
    ],
    [
      "one that ended is tried again while the old one serves",
      {},
      [outdated(1), ended({ name: "bad", age: 5, ranFor: 1 })],
      ["create web-1 of shop-web-1 for bad after 1"],
    ],
    [
      "one that ended leaves where its bad predecessor takes the only room",
      { network: { ports: [{ name: "p", hostPort: 80 }] } },
      [unhealthy({ name: "old", isPublished: false }), ended({ name: "bad", age: 5 })],
      ["release bad: Replaced"],
    ],
    [
      "the ended one leaves beside its own successor",
      {},
      [outdated(1), ended({ name: "bad", age: 50 }), starting(1)],
      ["release bad: Replaced"],
    ],
  ]);
});

describe("R6 make before break", () => {
  const service = { instances: 1 };
  it.each([
    ["not placed", instance({ name: "new", age: 5 })],
    ["running, not published", unhealthy({ name: "new", age: 5, isPublished: false, failures: 0 })],
    ["published, not ready", unhealthy({ name: "new", age: 5, failures: 1 })],
  ])("an old one stays while its successor is %s", (_, next) => {
    const view = viewOf(group({ services: [{ name: "web", ...service }] }), [outdated(1), next]);
    expect(planGroup(view).steps).toEqual([]);
  });
});

describe("the age of a number", () => {
  const since = (...instances: readonly Instance[]) =>
    planGroup(viewOf(group({ services: [{ name: "web" }] }), instances)).steps.flatMap((step) =>
      step.type === "createInstance" ? [step.slotSince] : [],
    );
  const aged = { "rackwright.dev/slot-since": "2025-01-01T00:00:00Z" };
  it.each([
    ["begins with its first instance", [], undefined],
    [
      "is handed on from there",
      [available({ name: "a", age: 60, revision: "shop-web-0" })],
      "2026-01-01T11:59:00.000Z",
    ],
    [
      "is handed on again",
      [available({ name: "a", revision: "shop-web-0", annotations: aged })],
      "2025-01-01T00:00:00Z",
    ],
    ["survives a stop first", [ended({ name: "a", leave: "StopFirst", annotations: aged })], "2025-01-01T00:00:00Z"],
    ["ends when less is wanted", [ended({ name: "a", leave: "ScaledDown", annotations: aged })], undefined],
  ])("%s", (_, instances, expected) => {
    expect(since(...instances)).toEqual([expected]);
  });
});
