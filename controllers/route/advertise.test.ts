import { describe, expect, it } from "vitest";
import { FINALIZER } from "../../api-types/well-known.js";
import type { SwitchRoute } from "../../drivers/network/driver.js";
import { type Advertisement, advertisementKey } from "../../drivers/network/driver.js";
import type { Observation } from "../../drivers/observation.js";
import { at, condition, route } from "../testing/objects.js";
import { type AdvertisedView, orphanPrefixes, planAdvertised, toldByOthers } from "./advertise.js";

const PREFIX = "192.168.2.3/32";
const origin = { source: "switch", epoch: "1", index: 1, takenAt: 0 };
const silent = { type: "Unknown", reason: "timeout", since: 0, source: "switch" } as const;

function table(...routes: readonly SwitchRoute[]): Observation<SwitchRoute> {
  return { type: "Complete", items: new Map(routes.map((one) => [one.prefix, one])), origin };
}

function told(...items: readonly Advertisement[]): Observation<Advertisement> {
  return { type: "Complete", items: new Map(items.map((item) => [advertisementKey(item), item])), origin };
}

const held: SwitchRoute = { prefix: PREFIX, nextHops: [{ address: "10.0.0.1" }], protocol: "STATIC" };
const whole: Advertisement = { type: "prefix", prefix: PREFIX, isWhole: true };
const partly: Advertisement = { ...whole, isWhole: false };
const foreign: Advertisement = { type: "policy", name: "theirs", sources: "STATIC", isOurs: false };
const spoilt: Advertisement = { ...foreign, name: "rackwright-rack", isOurs: true };
const noPolicies: Advertisement = { type: "unable", why: "NoPolicies", reason: "too old" };
const off: Advertisement = { type: "unable", why: "Disabled", reason: "BGP is disabled" };

const installed = { installed: [{ address: "10.0.0.1" }] };
const deletedMeta = { deletionTimestamp: at(-1), finalizers: [FINALIZER.installed] };
const rack = route({}, {}, installed);
const world = route({ advertise: "World" }, {}, installed);
const deleted = route({ advertise: "World" }, deletedMeta, installed);
const deletedRack = route({}, deletedMeta, installed);
const onceTold = route({}, deletedMeta, {
  ...installed,
  conditions: [condition("Advertised", "True", { reason: "ToldToWorld" })],
});
const notUsed = { ...installed, conditions: [condition("Advertised", "True", { reason: "NotUsed" })] };
const heir = route({ nextHops: [{ address: "10.0.0.9" }] }, { name: "z", creationTimestamp: at(-60) });
const elder = route({ nextHops: [{ address: "10.0.0.9" }] }, { name: "a", creationTimestamp: at(-7200) });

function viewOf(fields: Partial<AdvertisedView>): AdvertisedView {
  const stamp = { identity: "rack", kind: "Route", namespace: "default", name: "web", uid: "uid-web", term: 7 };
  const defaults = {
    route: world,
    unknownVariables: [],
    observation: table(held),
    rivals: [],
    isGenerated: true,
    isManagementPrefix: false,
    meetsManagement: false,
    told: told(),
  };
  return { ...defaults, stamp, ...fields };
}

type Row = readonly [
  name: string,
  fields: Partial<AdvertisedView>,
  actions: string,
  reason: string,
  advertised: string | undefined,
];

/** What is sent, in order, why it is advertised then or not, and how far it is told. */
function check(rows: readonly Row[]): void {
  it.each(rows)("%s", (_, fields, actions, reason, advertised) => {
    const plan = planAdvertised(viewOf(fields));
    expect(plan.actions.map(({ type }) => type).join(", ")).toBe(actions);
    expect(plan.end.conditions.find(({ type }) => type === "Advertised")?.reason).toBe(reason);
    expect(plan.end.advertised).toBe(advertised);
  });
}

describe("a Route that wants World", () => {
  check([
    [
      "R6 is told after it is installed",
      { observation: table() },
      "route.set, advertising.set",
      "ToldToWorld",
      "World",
    ],
    ["is told when it is installed", {}, "advertising.set", "ToldToWorld", "World"],
    ["is told wholly where it was in part", { told: told(partly) }, "advertising.set", "ToldToWorld", "World"],
    ["R8 is left alone when it is told", { told: told(whole) }, "", "ToldToWorld", "World"],
    [
      "is repaired where somebody spoilt our policy",
      { told: told(partly, spoilt) },
      "advertising.set",
      "ToldToWorld",
      "World",
    ],
    ["waits while the switch does not answer", { observation: silent, told: told() }, "", "RouteNotInstalled", "Rack"],
    ["waits while its prefix is another's", { rivals: [elder] }, "", "RouteNotInstalled", "Rack"],
    ["waits while nobody says what is told", { told: silent }, "", "AdvertisingUnknown", undefined],
    ["is not told where others decide", { told: told(foreign) }, "", "ForeignPolicy", "Rack"],
    ["is not told where nobody can", { told: told(noPolicies) }, "", "AdvertisingUnsupported", "Rack"],
    ["is not told by a switch without BGP", { told: undefined }, "", "AdvertisingUnsupported", undefined],
    ["is prepared while BGP does not run", { told: told(off) }, "advertising.set", "BgpDisabled", "Rack"],
    ["R8 is prepared once", { told: told(off, whole) }, "", "BgpDisabled", "Rack"],
    [
      "R10 is never told where it meets a management prefix",
      { meetsManagement: true, told: told(whole) },
      "advertising.withdraw",
      "ManagementNotTold",
      "Rack",
    ],
  ]);
});

describe("a Route that wants Rack", () => {
  check([
    ["has nothing to be told", { route: rack }, "", "NotUsed", "Rack"],
    [
      "is withdrawn first",
      { route: rack, observation: table(), told: told(whole) },
      "advertising.withdraw, route.set",
      "NotUsed",
      "Rack",
    ],
    [
      "is withdrawn where it is told in part",
      { route: rack, told: told(partly) },
      "advertising.withdraw",
      "NotUsed",
      "Rack",
    ],
    ["is none of the others' business", { route: rack, told: told(foreign, noPolicies, off) }, "", "NotUsed", "Rack"],
    [
      "does not wait for what is told",
      { route: rack, observation: table(), told: silent },
      "route.set",
      "NotUsed",
      "Rack",
    ],
    [
      "knows no more when it was told once",
      { route: { ...onceTold, metadata: rack.metadata }, told: silent },
      "",
      "AdvertisingUnknown",
      undefined,
    ],
  ]);

  it("names itself as the ground", () => {
    const [action] = planAdvertised(viewOf({ route: rack, told: told(whole) })).actions;
    expect(action).toMatchObject({
      key: PREFIX,
      change: { type: "withdraw", prefix: PREFIX },
      ground: { type: "tombstone", owner: "uid-web" },
    });
  });
});

describe("R6 a deleted Route", () => {
  check([
    [
      "is told no more before it is removed",
      { route: deleted, told: told(whole) },
      "advertising.withdraw, route.remove",
      "NotUsed",
      "Rack",
    ],
    ["is removed when it is not told", { route: deleted }, "route.remove", "NotUsed", "Rack"],
    [
      "waits while nobody says whether it is told",
      { route: deleted, told: silent },
      "",
      "AdvertisingUnknown",
      undefined,
    ],
    ["waits when it was told once", { route: onceTold, told: silent }, "", "AdvertisingUnknown", undefined],
    [
      "does not wait when it never was to be told",
      { route: deletedRack, told: silent },
      "route.remove",
      "NotUsed",
      "Rack",
    ],
    [
      "does not wait when it was not",
      { route: route({}, deletedMeta, notUsed), told: silent },
      "route.remove",
      "NotUsed",
      "Rack",
    ],
    [
      "is told no more in a management prefix, where the route stays",
      { route: deleted, isManagementPrefix: true, meetsManagement: true, told: told(whole) },
      "advertising.withdraw",
      "ManagementNotTold",
      "Rack",
    ],
    [
      "leaves it to who has the prefix now",
      { route: deleted, rivals: [heir], told: told(whole) },
      "",
      "NotUsed",
      "Rack",
    ],
  ]);

  it("is not released while nobody says whether it is told", () => {
    const { end } = planAdvertised(viewOf({ route: deleted, told: silent, observation: table() }));
    expect(end.isReleasable).toBe(false);
    expect(end.conditions[0]).toMatchObject({ type: "Ready", status: "Unknown" });
  });
});

describe("a prefix that a Route had, and has no more", () => {
  const former = { route: world, isFormer: true };

  check([
    [
      "is told no more and removed",
      { ...former, told: told(whole) },
      "advertising.withdraw, route.remove",
      "NotUsed",
      "Rack",
    ],
    ["waits while the switch does not answer", { ...former, observation: silent }, "", "NotUsed", "Rack"],
    ["waits while nobody says whether it is told", { ...former, told: silent }, "", "AdvertisingUnknown", undefined],
    ["is left to who has it now", { ...former, rivals: [heir], told: told(whole) }, "", "NotUsed", "Rack"],
  ]);

  it("is recorded until it is gone", () => {
    const before = planAdvertised(viewOf({ ...former, observation: silent })).end;
    expect(before).toMatchObject({ prefix: PREFIX, installed: [{ address: "10.0.0.1" }] });
    const after = planAdvertised(viewOf(former)).end;
    expect(after).toMatchObject({ installed: [], conditions: [{ status: "False", reason: "FormerPrefixGone" }, {}] });
    expect(after.prefix).toBeUndefined();
  });

  it("is all there is to remove where the one it has cannot be resolved", () => {
    const { actions, end } = planAdvertised(viewOf({ route: deleted, unknownVariables: ["X"] }));
    expect([actions.length, end.isReleasable]).toEqual([0, true]);
  });
});

describe("what a Rack says of prefixes that are told for no Route", () => {
  it.each([
    ["nothing where each has one", [whole, foreign], true, "False"],
    ["which they are, also those told in part", [partly], false, "True"],
    ["nothing where none is told", [foreign, off], false, "False"],
  ] as const)("%s", (_, items, hasRoute, status) => {
    const condition = orphanPrefixes(new Map(items.map((item) => [advertisementKey(item), item])), () => hasRoute);
    expect(condition.status).toBe(status);
    expect(condition.message).toContain(status === "True" ? `1 told for no Route: ${PREFIX}` : "");
  });
});

describe("what a Rack says of the policies of others", () => {
  it.each([
    ["nothing where there are none", [whole, off], "False"],
    ["nothing of our own, which is mended", [spoilt], "False"],
    ["that they tell what wants Rack, too", [whole, foreign], "True"],
  ] as const)("%s", (_, items, status) => {
    expect(toldByOthers(new Map(items.map((item) => [advertisementKey(item), item])))).toMatchObject({
      type: "RoutesToldByOthers",
      status,
    });
  });
});
