import { describe, expect, it } from "vitest";
import { FINALIZER } from "../../api-types/well-known.js";
import type { SwitchRoute } from "../../drivers/network/driver.js";
import type { Observation } from "../../drivers/observation.js";
import { at, condition, route } from "../testing/objects.js";
import { planRoute, type RouteView } from "./plan.js";

const PREFIX = "192.168.2.3/32";
const origin = { source: "switch", epoch: "1", index: 1, takenAt: 0 };

function table(...routes: readonly SwitchRoute[]): Observation<SwitchRoute> {
  return { type: "Complete", items: new Map(routes.map((one) => [one.prefix, one])), origin };
}

function partial(...routes: readonly SwitchRoute[]): Observation<SwitchRoute> {
  return { type: "Partial", items: new Map(routes.map((one) => [one.prefix, one])), reason: "half a page", origin };
}

const silent: Observation<SwitchRoute> = { type: "Unknown", reason: "timeout", since: 0, source: "switch" };

function held(address: string, protocol = "STATIC"): SwitchRoute {
  return { prefix: PREFIX, nextHops: [{ address }], protocol };
}

function viewOf(fields: Partial<RouteView> = {}): RouteView {
  const stamp = { identity: "rack", kind: "Route", namespace: "default", name: "web", uid: "uid-web", term: 7 };
  const defaults = {
    unknownVariables: [],
    observation: table(),
    rivals: [],
    isGenerated: true,
    isManagementPrefix: false,
  };
  return { route: route(), ...defaults, stamp, ...fields };
}

type Row = readonly [name: string, fields: Partial<RouteView>, outcome: string, installed?: readonly string[]];

/** What is sent, or what is reported: `set …`, `remove …`, else the reason of Ready; `release` when the finalizer goes. */
function check(rows: readonly Row[]): void {
  for (const [name, fields, outcome, installed] of rows) {
    it(name, () => {
      const plan = planRoute(viewOf(fields));
      expect(plan.type === "act" ? plan.action.message.replace(/:.*/, "") : said(plan)).toBe(outcome);
      if (installed !== undefined && plan.type === "report")
        expect(plan.installed.map((hop) => hop.address)).toEqual(installed);
    });
  }
}

function said(plan: Extract<ReturnType<typeof planRoute>, { type: "report" }>): string {
  return plan.isReleasable ? "release" : (plan.conditions[0]?.reason ?? "");
}

const recorded = { installed: [{ address: "10.0.0.1" }] };
const byHand = { isGenerated: false };
const deletedFields = { deletionTimestamp: at(-1), finalizers: [FINALIZER.installed] };
const deleted = route({}, deletedFields, recorded);
const older = route({ nextHops: [{ address: "10.0.0.9" }] }, { name: "a", creationTimestamp: at(-7200) });
const younger = route({ nextHops: [{ address: "10.0.0.9" }] }, { name: "z", creationTimestamp: at(-60) });
const dying = route(
  {},
  { name: "a", creationTimestamp: at(-7200), deletionTimestamp: at(-1), finalizers: [FINALIZER.installed] },
);
const set = `set route ${PREFIX} via 10.0.0.1`;
const remove = `remove route ${PREFIX}`;

describe("a wanted route", () => {
  check([
    ["is set when the switch does not have it", {}, set],
    ["is set when it leads elsewhere", { observation: table(held("10.0.0.2")) }, set],
    ["is left alone when it is there", { observation: table(held("10.0.0.1")) }, "RouteInstalled", ["10.0.0.1"]],
    ["is added although the list is not complete", { observation: partial() }, set],
    [
      "R1 waits while the switch does not answer",
      { observation: silent, route: route({}, {}, recorded) },
      "SwitchUnknown",
      ["10.0.0.1"],
    ],
    ["R18 leaves a connected route alone", { observation: table(held("10.0.0.1", "CONNECTED")) }, "RouteConflict", []],
    [
      "R18 one written by hand leaves what it did not install alone",
      { ...byHand, observation: table(held("10.0.0.2")) },
      "RouteConflict",
      [],
    ],
    [
      "one written by hand takes over what is equal",
      { ...byHand, observation: table(held("10.0.0.1")) },
      "RouteInstalled",
    ],
    [
      "one written by hand repairs what it installed",
      { ...byHand, route: route({}, {}, recorded), observation: table(held("10.0.0.2")) },
      set,
    ],
    ["R20 the older claim wins", { rivals: [older] }, "RouteConflict"],
    ["R20 the younger claim does not", { rivals: [younger] }, set],
    ["R20 of two claims of one second the name decides", { rivals: [route({}, { name: "v" })] }, "RouteConflict"],
    ["a deleted older claim stands until it is gone", { rivals: [dying] }, "RouteConflict"],
    ["is never set in a management prefix", { isManagementPrefix: true }, "RouteConflict"],
    ["waits for variables that the rack does not give", { unknownVariables: ["X"] }, "RouteVariableUnknown"],
  ]);

  it("compares next hops as a set, with their weights", () => {
    const hops = [{ address: "10.0.0.1", weight: 2 }, { address: "10.0.0.2" }];
    const observed = table({
      prefix: PREFIX,
      nextHops: [{ address: "10.0.0.2" }, { address: "10.0.0.1", weight: 2 }],
      protocol: "STATIC",
    });
    const view = viewOf({ route: route({ nextHops: hops }), observation: observed });
    expect(planRoute(view).type).toBe("report");
    expect(
      planRoute(viewOf({ route: route({ nextHops: [hops[1], { address: "10.0.0.1" }] }), observation: observed })).type,
    ).toBe("act");
  });

  it("carries the stamp of its owner and term", () => {
    const plan = planRoute(viewOf());
    expect(plan.type === "act" && plan.action.change).toMatchObject({
      type: "set",
      stamp: { uid: "uid-web", term: 7 },
    });
  });

  it("reports Ready only once the change is read back", () => {
    const plan = planRoute(viewOf());
    expect(plan.type === "act" && plan.onVerified.conditions[0]).toMatchObject({ type: "Ready", status: "True" });
  });
});

describe("R2 a deleted route", () => {
  check([
    ["is removed", { route: deleted, observation: table(held("10.0.0.1")) }, remove],
    ["is removed although the switch does not list it: only a keyed read tells", { route: deleted }, remove],
    ["R1 waits while the switch does not answer", { route: deleted, observation: silent }, "SwitchUnknown"],
    ["R20 is left to a living claim", { route: deleted, rivals: [younger] }, "release"],
    ["R20 is removed when the other claim is deleted, too", { route: deleted, rivals: [dying] }, remove],
    [
      "R20 one that lost its claim removes nothing",
      {
        route: route({}, deletedFields, { conditions: [condition("Conflict", "True")] }),
        observation: table(held("10.0.0.9")),
      },
      "release",
    ],
    [
      "I14 is left where it is in a management prefix",
      { route: deleted, isManagementPrefix: true, observation: table(held("10.0.0.1")) },
      "release",
    ],
    ["R18 leaves a connected route", { route: deleted, observation: table(held("10.0.0.1", "CONNECTED")) }, "release"],
    [
      "R18 leaves what somebody else put there before it was installed",
      { ...byHand, route: route({}, deletedFields), observation: table(held("10.0.0.2")) },
      "release",
    ],
    [
      "removes what it installed, wherever that leads now",
      { ...byHand, route: deleted, observation: table(held("10.0.0.2")) },
      remove,
    ],
  ]);

  it("names its owner as the ground", () => {
    const plan = planRoute(viewOf({ route: deleted }));
    expect(plan.type === "act" && plan.action).toMatchObject({
      type: "route.remove",
      key: PREFIX,
      ground: { type: "tombstone", owner: "uid-web" },
    });
    expect(plan.type === "act" && plan.onVerified.isReleasable).toBe(true);
  });
});

describe("R18 foreign routes", () => {
  it("are in no plan, however many there are", () => {
    const foreign = Array.from({ length: 1000 }, (_, index) => ({
      ...held("10.9.9.9"),
      prefix: `172.16.${index >> 8}.${index & 255}/32`,
    }));
    for (const one of [route(), deleted]) {
      const plan = planRoute(viewOf({ route: one, observation: table(...foreign) }));
      expect(plan.type === "act" && plan.action.key).toBe(PREFIX);
    }
  });
});
