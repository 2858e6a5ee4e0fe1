import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Instance } from "../../api-types/instance.js";
import type { Condition } from "../../api-types/meta/object.js";
import { ANNOTATION, FINALIZER } from "../../api-types/well-known.js";
import { planEnd } from "../instance/plan.js";
import { at, available, condition, ended, instance, NOW, service } from "../testing/objects.js";
import { type EndpointsView, planEndpoints } from "./plan.js";
import { ALL_LAYERS, describeStep, namesGoing, namesThere, routeGoing, routeThere, viewOf } from "./testing.js";

const { dns, route, task } = FINALIZER;
const DRAINED = service({ network: { mode: "Routed" }, drainSeconds: 20 });
const HOST = service({ network: { mode: "Host" }, drainSeconds: 20 });

type Expected = {
  readonly steps: readonly string[];
  readonly leaving: string;
  readonly drainUntil?: string;
  readonly wait?: number;
};
type Row = readonly [name: string, fields: Partial<EndpointsView>, expected: Expected];

function check(rows: readonly Row[]): void {
  it.each(rows)("%s", (_, fields, { steps, leaving, drainUntil, wait }) => {
    const plan = planEndpoints(viewOf({ service: DRAINED, ...fields }));
    expect(plan.steps.map(describeStep)).toEqual(steps);
    expect(plan.conditions.find(({ type }) => type === "Leaving")).toMatchObject({ status: "True", reason: leaving });
    expect(plan.drainUntil).toBe(drainUntil);
    expect(plan.requeueAfterMs).toBe(wait);
  });
}

const going = { name: "web", leave: "Replaced", finalizers: ALL_LAYERS };
const leaving = available(going);
/** The name is gone, and it was stored when draining ends. */
const drainingUntil = (seconds: number, finalizers = ALL_LAYERS) =>
  available({ ...going, finalizers, status: { drainUntil: at(seconds) } });
const nameless = { dnsRecord: undefined };

describe("R6 leaving, each layer after the one before it", () => {
  check([
    ["the name first", { instance: leaving }, { steps: ["delete names"], leaving: "WithdrawingName" }],
    [
      "waits until the name is gone",
      { instance: leaving, dnsRecord: namesGoing },
      { steps: [], leaving: "WithdrawingName" },
    ],
    [
      "then the anycast route leads elsewhere",
      { instance: leaving, ...nameless, isHeldByAnycast: true },
      { steps: [], leaving: "WithdrawingAnycast" },
    ],
    [
      "only after the name is gone",
      { instance: leaving, dnsRecord: namesGoing, isHeldByAnycast: true },
      { steps: [], leaving: "WithdrawingName" },
    ],
    [
      "waits for what clients may know when the anycast route leads elsewhere at last",
      {
        instance: available({ ...going, conditions: [condition("Leaving", "True", { reason: "WithdrawingAnycast" })] }),
        ...nameless,
      },
      { steps: [], leaving: "WaitingForTtl", drainUntil: at(26), wait: 6000 },
    ],
    [
      "does not wait for an anycast route that a person gave up",
      {
        instance: available({ ...going, annotations: { [ANNOTATION.release]: "route" } }),
        ...nameless,
        isHeldByAnycast: true,
      },
      { steps: [], leaving: "WaitingForTtl", drainUntil: at(26), wait: 6000 },
    ],
    [
      "then the time to live and a second",
      { instance: leaving, ...nameless },
      { steps: [], leaving: "WaitingForTtl", drainUntil: at(26), wait: 6000 },
    ],
    [
      "waits for the rest of it after a restart",
      { instance: drainingUntil(22), ...nameless },
      { steps: [], leaving: "WaitingForTtl", drainUntil: at(22), wait: 2000 },
    ],
    [
      "then drains with its route in place",
      { instance: drainingUntil(20), ...nameless },
      { steps: ["release dns"], leaving: "Draining", drainUntil: at(20), wait: 20_000 },
    ],
    [
      "then the route",
      { instance: drainingUntil(0, [route, task]), ...nameless },
      { steps: ["delete route"], leaving: "WithdrawingRoute", drainUntil: at(0) },
    ],
    [
      "waits until the route is gone",
      { instance: drainingUntil(0, [route, task]), ...nameless, route: routeGoing },
      { steps: [], leaving: "WithdrawingRoute", drainUntil: at(0) },
    ],
    [
      "then lets the task end",
      { instance: drainingUntil(-5, [route, task]), ...nameless, route: undefined },
      { steps: ["release route"], leaving: "Ending", drainUntil: at(-5) },
    ],
    [
      "nothing is left to do",
      { instance: drainingUntil(-5, [task]), ...nameless, route: undefined },
      { steps: [], leaving: "Ending", drainUntil: at(-5) },
    ],
    [
      "a service on the node's network drains, too, and keeps its task for it",
      { instance: drainingUntil(20, [dns, task]), service: HOST, ...nameless, route: undefined },
      { steps: [], leaving: "Draining", drainUntil: at(20), wait: 20_000 },
    ],
    [
      "a Host service has no route to wait for",
      { instance: drainingUntil(0, [dns, task]), ...nameless, route: undefined },
      { steps: ["release dns"], leaving: "Ending", drainUntil: at(0) },
    ],
    [
      "a restart between the name's end and the first look at the clock loses nothing",
      {
        instance: instance({ ...going, conditions: [condition("Leaving", "True", { reason: "WithdrawingName" })] }),
        ...nameless,
      },
      { steps: [], leaving: "WaitingForTtl", drainUntil: at(26), wait: 6000 },
    ],
    [
      "one that was never in DNS need not wait",
      { instance: instance(going), ...nameless },
      { steps: ["release dns", "delete route"], leaving: "WithdrawingRoute" },
    ],
    [
      "one whose service has no names need not wait",
      {
        instance: instance({ ...going, conditions: [condition("Published", "True", { reason: "NotUsed" })] }),
        ...nameless,
      },
      { steps: ["release dns", "delete route"], leaving: "WithdrawingRoute" },
    ],
    [
      "one that was never placed leaves at once",
      { instance: instance(going), ...nameless, route: undefined },
      { steps: ["release dns", "release route"], leaving: "Ending" },
    ],
  ]);
});

describe("leaving of a dead instance", () => {
  const dead = ended(going);
  check([
    [
      "the name still goes before the route",
      { instance: dead },
      { steps: ["delete names"], leaving: "WithdrawingName" },
    ],
    [
      "nobody waits for its time to live",
      { instance: dead, ...nameless },
      { steps: ["release dns", "delete route"], leaving: "WithdrawingRoute" },
    ],
    [
      "nor for the rest of its drain",
      { instance: ended({ ...going, status: { drainUntil: at(20) } }), ...nameless, route: undefined },
      { steps: ["release dns", "release route"], leaving: "Ending", drainUntil: at(20) },
    ],
  ]);
});

describe("the time to live of names that go", () => {
  const noted = (fields: Partial<EndpointsView>) => planEndpoints(viewOf(fields)).dnsTtlSeconds;

  it.each([
    ["is noted before their record goes, for then nothing else tells it", { instance: leaving }, 5],
    ["stays noted until the end", { instance: available({ ...going, status: { dnsTtlSeconds: 5 } }), ...nameless }, 5],
    ["is not noted where there is none", { instance: leaving, ttlSeconds: 0 }, undefined],
    ["is not noted where there were no names", { instance: leaving, ...nameless }, undefined],
    ["is not noted of what stays", {}, undefined],
  ])("%s", (_, fields, seconds) => {
    expect(noted(fields)).toBe(seconds);
  });
});

describe("released by hand", () => {
  const byHand = (layers: string) => ({ ...going, annotations: { "rackwright.dev/release": layers } });
  check([
    [
      "does not wait for a name",
      { instance: available(byHand("dns")) },
      { steps: [], leaving: "WaitingForTtl", drainUntil: at(26), wait: 6000 },
    ],
    [
      "still waits for the route",
      { instance: available({ ...byHand("dns"), status: { drainUntil: at(0) } }) },
      { steps: ["release dns", "delete route"], leaving: "WithdrawingRoute", drainUntil: at(0) },
    ],
    [
      "does not wait for a route",
      { instance: available({ ...byHand("route"), status: { drainUntil: at(0) } }), ...nameless },
      { steps: ["release dns", "release route"], leaving: "Ending", drainUntil: at(0) },
    ],
    [
      "still waits for the name",
      { instance: available(byHand("route")) },
      { steps: ["delete names"], leaving: "WithdrawingName" },
    ],
    [
      "waits for neither",
      { instance: available({ ...byHand("dns,route"), status: { drainUntil: at(0) } }) },
      { steps: ["release dns", "release route"], leaving: "Ending", drainUntil: at(0) },
    ],
  ]);
});

/** A leaving instance, its objects, and what became of them. */
interface World {
  readonly service: EndpointsView["service"];
  instance: Instance;
  hasName: "there" | "going" | "gone";
  hasRoute: "there" | "going" | "gone";
  now: number;
  readonly history: string[];
}

type Event =
  | { readonly type: "look" }
  | { readonly type: "nameGone" }
  | { readonly type: "routeGone" }
  | { readonly type: "pass"; readonly seconds: number };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ type: fc.constant("look" as const) }),
  fc.record({ type: fc.constant("nameGone" as const) }),
  fc.record({ type: fc.constant("routeGone" as const) }),
  fc.record({ type: fc.constant("pass" as const), seconds: fc.integer({ min: 0, max: 30 }) }),
);

function happen(world: World, { type, ...rest }: Event): void {
  if (type === "nameGone" && world.hasName === "going") note(world, "name gone", () => (world.hasName = "gone"));
  if (type === "routeGone" && world.hasRoute === "going") note(world, "route gone", () => (world.hasRoute = "gone"));
  if ("seconds" in rest) world.now += rest.seconds * 1000;
  if (type === "look") look(world);
}

function note(world: World, what: string, change: () => void): void {
  world.history.push(`${what} ${(world.now - NOW) / 1000}`);
  change();
}

function worldOf(wanted: World["service"]): World {
  const isRouted = wanted.network?.mode === "Routed";
  const own = isRouted ? leaving : available({ ...going, finalizers: [dns, task] });
  const hasRoute = isRouted ? "there" : "gone";
  return { service: wanted, instance: own, hasName: "there", hasRoute, now: NOW, history: [] };
}

/** What the endpoints loop does in one round, then the instance loop. */
function look(world: World): void {
  const objects = { there: namesThere, going: namesGoing, gone: undefined };
  const routes = { there: routeThere, going: routeGoing, gone: undefined };
  const plan = planEndpoints(
    viewOf({
      instance: world.instance,
      service: world.service,
      dnsRecord: objects[world.hasName],
      route: routes[world.hasRoute],
      now: world.now,
    }),
  );
  world.instance = reported(world.instance, plan);
  for (const step of plan.steps) {
    if (step.type === "deleteDnsRecord") world.hasName = "going";
    if (step.type === "deleteRoute") note(world, "route withdrawn", () => (world.hasRoute = "going"));
    if (step.type === "releaseFinalizer") world.instance = without(world.instance, step.finalizer);
  }
  if (planEnd(world.instance).type === "kill" && !world.history.some((line) => line.startsWith("kill")))
    note(world, "kill", () => undefined);
}

function reported(before: Instance, plan: ReturnType<typeof planEndpoints>): Instance {
  const types = new Set(plan.conditions.map(({ type }) => type));
  const kept = (before.status?.conditions ?? []).filter(({ type }) => !types.has(type));
  const conditions: readonly Condition[] = [
    ...kept,
    ...plan.conditions.map((update) => ({ ...update, lastTransitionTime: at(0) })),
  ];
  const { drainUntil: _, ...status } = before.status ?? {};
  return {
    ...before,
    status: { ...status, conditions, ...(plan.drainUntil === undefined ? {} : { drainUntil: plan.drainUntil }) },
  };
}

function without(before: Instance, finalizer: string): Instance {
  const finalizers = (before.metadata.finalizers ?? []).filter((other) => other !== finalizer);
  return { ...before, metadata: { ...before.metadata, finalizers } };
}

function timeOf(world: World, what: string): number {
  const line = world.history.find((candidate) => candidate.startsWith(what));
  return line === undefined ? Number.POSITIVE_INFINITY : Number(line.slice(what.length));
}

describe("R6 whatever happens in between", () => {
  it("name, time to live, drain, route, task: always in this order", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const world = worldOf(DRAINED);
        for (const one of events) happen(world, one);
        const names = timeOf(world, "name gone");
        const withdrawn = timeOf(world, "route withdrawn");
        if (withdrawn !== Number.POSITIVE_INFINITY) expect(withdrawn).toBeGreaterThanOrEqual(names + 5 + 1 + 20);
        if (timeOf(world, "kill") !== Number.POSITIVE_INFINITY)
          expect(timeOf(world, "kill")).toBeGreaterThanOrEqual(timeOf(world, "route gone"));
        if (timeOf(world, "kill") !== Number.POSITIVE_INFINITY) expect(world.hasRoute).toBe("gone");
      }),
      { numRuns: 500 },
    );
  });

  it("gets to the end when everybody answers", () => {
    const world = worldOf(DRAINED);
    for (let round = 0; round < 40; round++) {
      for (const type of ["look", "nameGone", "routeGone"] as const) happen(world, { type });
      happen(world, { type: "pass", seconds: 1 });
    }
    expect(world.history).toEqual(["name gone 0", "route withdrawn 27", "route gone 27", "kill 28"]);
  });

  it("without a route: name, time to live, drain, task", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const world = worldOf(HOST);
        for (const one of events) happen(world, one);
        const killed = timeOf(world, "kill");
        if (killed !== Number.POSITIVE_INFINITY)
          expect(killed).toBeGreaterThanOrEqual(timeOf(world, "name gone") + 5 + 1 + 20);
      }),
      { numRuns: 500 },
    );
    const world = worldOf(HOST);
    for (let round = 0; round < 40; round++) {
      for (const type of ["look", "nameGone"] as const) happen(world, { type });
      happen(world, { type: "pass", seconds: 1 });
    }
    expect(world.history).toEqual(["name gone 0", "kill 27"]);
  });
});
