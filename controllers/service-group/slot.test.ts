import { describe, expect, it } from "vitest";
import type { Instance } from "../../api-types/instance.js";
import { ANNOTATION } from "../../api-types/well-known.js";
import { at, available, condition, ended, group, instance, NOW, unhealthy, unreachable } from "../testing/objects.js";
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

function check(rows: readonly Row[]): void {
  for (const [name, service, instances, steps, view] of rows) {
    it(name, () => {
      expect(plan(service, instances, view).steps.map(describeStep)).toEqual(steps);
    });
  }
}

function plan(service: Record<string, unknown>, instances: readonly Instance[], view: Partial<GroupView> = {}) {
  const healthChecks = [{ name: "c", tcpSocket: { port: 1 } }];
  return planGroup(viewOf(group({ services: [{ name: "web", healthChecks, ...service }] }), instances, view));
}

const restarts = (count: number) => ({ "rackwright.dev/restarts": String(count) });
const created = (name: string, after: number) => `create web-1 of shop-web-1 for ${name} after ${after}`;
const successor = (name: string) => `create web-1 of shop-web-1 for ${name}`;

describe("restart of an ended instance", () => {
  check([
    ["waits for the delay", { restart: { delaySeconds: 30 } }, [ended({ name: "a", endedAgo: 29 })], []],
    [
      "starts a successor of the same number after the delay",
      { restart: { delaySeconds: 30 } },
      [ended({ name: "a", endedAgo: 30 })],
      [created("a", 1)],
    ],
    [
      "keeps counting after a short run",
      { restart: { backoff: { initialSeconds: 1, factor: 1 } } },
      [ended({ name: "a", endedAgo: 10, ranFor: 59, annotations: restarts(9) })],
      [created("a", 10)],
    ],
    [
      "an annotation that is no number counts as none",
      {},
      [ended({ name: "a", annotations: { "rackwright.dev/restarts": "many" }, ranFor: 1 })],
      [created("a", 1)],
    ],
    [
      "one that never ran is restarted too",
      {},
      [ended({ name: "a", status: { startedAt: undefined } })],
      [created("a", 1)],
    ],
    ["does not start before what it depends on", { dependsOn: ["db"] }, [ended({ name: "a" })], []],
    ["Always restarts a clean end", {}, [ended({ name: "a", state: "Finished" })], [created("a", 1)]],
    [
      "OnFailure leaves a clean end alone",
      { restart: { policy: "OnFailure" } },
      [ended({ name: "a", state: "Finished" })],
      [],
    ],
    ["OnFailure restarts a failure", { restart: { policy: "OnFailure" } }, [ended({ name: "a" })], [created("a", 1)]],
    [
      "OnFailure takes an end within 10 s for a failure",
      { restart: { policy: "OnFailure" } },
      [ended({ name: "a", state: "Finished", ranFor: 9 })],
      [created("a", 1)],
    ],
    ["Never restarts nothing", { restart: { policy: "Never" } }, [ended({ name: "a" })], []],
    [
      "a finished one that a person deletes frees its number",
      { restart: { policy: "Never" } },
      [ended({ name: "a", isDeleted: true })],
      ["release a: Terminated"],
    ],
    [
      "the ended one leaves once its successor is there",
      {},
      [ended({ name: "a" }), instance({ name: "b", age: 5, replaces: "a" })],
      ["release a: Replaced"],
    ],
    [
      "the last Published one stays until its successor is available",
      {},
      [
        ended({ name: "a", conditions: [condition("Published", "True")] }),
        instance({ name: "b", age: 5, replaces: "a" }),
      ],
      [],
    ],
    [
      "then it leaves",
      {},
      [
        ended({ name: "a", conditions: [condition("Published", "True")] }),
        available({ name: "b", age: 5, replaces: "a" }),
      ],
      ["release a: Replaced"],
    ],
  ]);

  it.each([
    ["an hour ahead", -3600],
    ["an hour behind", 3600],
  ])("R30 a back end whose clock is %s changes nothing", (_, endedAgo) => {
    const noted = (seconds: number) => [condition("Running", "False", { lastTransitionTime: at(-seconds) })];
    const restart = { delaySeconds: 30 };
    const steps = (seconds: number) =>
      plan({ restart }, [ended({ name: "a", endedAgo, conditions: noted(seconds) })]).steps.map(describeStep);
    expect([steps(29), steps(30)]).toEqual([[], [created("a", 1)]]);
  });

  it("tells when the next attempt is due", () => {
    const waiting = plan({ restart: { delaySeconds: 30 } }, [ended({ name: "a", endedAgo: 10 })]);
    expect(waiting.nextAttempts.get("web")).toBe(NOW + 20_000);
  });

  it("tells the earliest of several attempts", () => {
    const members = [ended({ name: "a", endedAgo: 10 }), ended({ name: "b", number: 2, endedAgo: 20 })];
    expect(plan({ instances: 2, restart: { delaySeconds: 30 } }, members).nextAttempts.get("web")).toBe(NOW + 10_000);
  });
});

describe("replacement of a living instance", () => {
  const hostPort = { network: { ports: [{ name: "http", hostPort: 8080 }] } };
  const unique = { placement: { constraints: [{ attribute: "hostname", operator: "UNIQUE" }] } };
  const each = { mode: "EachNode" };
  check([
    [
      "one that a person deleted gets its successor first",
      {},
      [available({ name: "a", isDeleted: true })],
      [successor("a")],
    ],
    [
      "and leaves when that is available",
      {},
      [available({ name: "a", isDeleted: true }), available({ name: "b", age: 5 })],
      ["release a: Replaced"],
    ],
    ["not before", {}, [available({ name: "a", isDeleted: true }), instance({ name: "b", age: 5 })], []],
    [
      "leaves first where Unique leaves no room",
      unique,
      [available({ name: "a", isDeleted: true })],
      ["release a: StopFirst"],
      onNodes(1),
    ],
    [
      "Unique with a free node starts first",
      unique,
      [available({ name: "a", isDeleted: true })],
      [successor("a")],
      onNodes(2),
    ],
    [
      "leaves first with one on each node",
      each,
      [available({ name: "a", isDeleted: true })],
      ["release a: StopFirst"],
      onNodes(1),
    ],
    [
      "leaves first with a fixed host port",
      hostPort,
      [available({ name: "a", isDeleted: true })],
      ["release a: StopFirst"],
    ],
    ["an unhealthy one gets a successor and stays", {}, [unhealthy({ name: "a" })], [successor("a")]],
    ["fewer failures than the threshold change nothing", {}, [unhealthy({ name: "a", failures: 2 })], []],
    [
      "the threshold is the check's",
      { healthChecks: [{ name: "c", tcpSocket: { port: 1 }, failureThreshold: 5 }] },
      [unhealthy({ name: "a", failures: 4 })],
      [],
    ],
    [
      "threshold 0 never replaces",
      { healthChecks: [{ name: "c", tcpSocket: { port: 1 }, failureThreshold: 0 }] },
      [unhealthy({ name: "a", failures: 99 })],
      [],
    ],
    ["R11 the last unhealthy Published one does not leave first", each, [unhealthy({ name: "a" })], [], onNodes(1)],
    [
      "an unhealthy one leaves first beside an available one",
      { ...hostPort, instances: 2 },
      [unhealthy({ name: "a" }), available({ name: "b", number: 2 })],
      ["release a: Unhealthy"],
    ],
    [
      "an unhealthy one that was never Published leaves first",
      hostPort,
      [unhealthy({ name: "a", isPublished: false })],
      ["release a: Unhealthy"],
    ],
  ]);
});

describe("R2 an unreachable instance is not dead", () => {
  const volumes = { volumes: [{ hostPath: "/a", containerPath: "/b" }] };
  check([
    ["stays alone for 30 s", {}, [unreachable({ name: "a", seconds: 29 })], []],
    ["gets a successor after 30 s and stays", {}, [unreachable({ name: "a", seconds: 30 })], [successor("a")]],
    ["Lost counts as unreachable", {}, [unreachable({ name: "a", state: "Lost" })], [successor("a")]],
    ["Unknown counts as unreachable", {}, [unreachable({ name: "a", state: "Unknown" })], [successor("a")]],
    ["waits as long as told", { unreachable: { replaceAfterSeconds: 90 } }, [unreachable({ name: "a" })], []],
    ["-1 waits for ever", { unreachable: { replaceAfterSeconds: -1 } }, [unreachable({ name: "a", seconds: 1e6 })], []],
    ["volumes wait for ever", volumes, [unreachable({ name: "a", seconds: 1e6 })], []],
    [
      "volumes wait as long as told",
      { ...volumes, unreachable: { replaceAfterSeconds: 0 } },
      [unreachable({ name: "a" })],
      [successor("a")],
    ],
    ["stays until its successor is available", {}, [unreachable({ name: "a" }), instance({ name: "b", age: 5 })], []],
    ["leaves then", {}, [unreachable({ name: "a" }), available({ name: "b", age: 5 })], ["release a: Replaced"]],
    ["with one on each node it stays", { mode: "EachNode" }, [unreachable({ name: "a" })], [], onNodes(1)],
    [
      "a fixed port does not keep its successor from another node",
      { network: { ports: [{ name: "p", hostPort: 80 }] } },
      [unreachable({ name: "a" })],
      [successor("a")],
    ],
  ]);

  it("tells when it is due", () => {
    expect(plan({}, [unreachable({ name: "a", seconds: 10 })]).nextAttempts.get("web")).toBe(NOW + 20_000);
  });
});

describe("restartedAt", () => {
  const restarted = (seconds: number, age: number) =>
    planGroup(
      viewOf(group({ services: [{ name: "web" }], restartedAt: at(seconds) }), [available({ name: "a", age })]),
    ).steps.map(describeStep);

  it.each([
    ["replaces what is older", -10, 60, [successor("a")]],
    ["leaves what is younger", -60, 10, []],
    ["replaces what was there before, in the same second", -10.4, 11, [successor("a")]],
    ["is not obeyed before its time: its successors would be older than it, too", 3600, 60, []],
  ])("%s", (_, seconds, age, steps) => {
    expect(restarted(seconds, age)).toEqual(steps);
  });

  it.each([
    ["leaves what was created for it, however old the server calls it", at(-10.4), []],
    ["replaces what was created for another one", at(-60), [successor("a")]],
  ])("%s", (_, noted, steps) => {
    const wanted = group({ services: [{ name: "web" }], restartedAt: at(-10.4) });
    const annotations = { [ANNOTATION.restartedAt]: noted };
    const plan = planGroup(viewOf(wanted, [available({ name: "a", age: 11, annotations })]));
    expect(plan.steps.map(describeStep)).toEqual(steps);
  });
});
