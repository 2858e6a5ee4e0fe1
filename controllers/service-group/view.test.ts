import { describe, expect, it } from "vitest";
import { DisruptionOverride } from "../../api-types/disruption-override.js";
import type { Instance } from "../../api-types/instance.js";
import { keyOf } from "../../api-types/life.js";
import type { ServiceGroup } from "../../api-types/service-group.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { at, available, group, NOW, node, rack, sample, service, unreachable } from "../testing/objects.js";
import { INDEXES, type Loop, viewOf } from "./view.js";

interface Stored {
  readonly groups?: readonly ServiceGroup[];
  readonly instances?: readonly Instance[];
  readonly nodes?: readonly ReturnType<typeof node>[];
  readonly racks?: readonly ReturnType<typeof rack>[];
  readonly overrides?: readonly ReturnType<typeof overrideOf>[];
}

const overrideOf = (seconds: number) =>
  sample(DisruptionOverride, {
    metadata: { name: "o" },
    spec: { rackName: "rack", classes: ["tasks"], maxRemovals: 5, reason: "r", expires: at(seconds) },
  });

type Keyed = Parameters<typeof keyOf>[0];

function cacheOf<T extends Keyed>(
  items: readonly T[],
  indexes: Readonly<Record<string, (item: T) => readonly string[]>>,
) {
  return {
    get: (key: string) => items.find((item) => keyOf(item) === key),
    list: () => items,
    by: (index: string, value: string) => items.filter((item) => indexes[index]?.(item).includes(value)),
  };
}

/** What the loop reads, with these objects in its caches. */
function loopOf({ groups = [], instances = [], nodes = [], racks = [rack()], overrides = [] }: Stored) {
  const clock = virtualClock(NOW);
  const agents = { type: "Complete", items: new Map([["agent-n1", { region: "eu", zone: "a" }]]) };
  const backends = { of: () => ({ compute: { agents: { value: () => agents } } }) };
  const caches = {
    groups: cacheOf(groups, { ...INDEXES.groups, servicePort: () => [] }),
    instances: cacheOf(instances, INDEXES.instances),
    revisions: cacheOf([], {}),
    nodes: cacheOf(nodes, INDEXES.nodes),
    racks: cacheOf(racks, {}),
    overrides: cacheOf(overrides, {}),
  };
  const state = { context: { clock, backends, client: {} }, memories: new Map(), blindness: new Map() };
  // caches of tests answer what the loop asks of real ones
  return { clock, loop: { ...caches, ...state } as unknown as Loop };
}

const shop = group();
const viewed = (stored: Stored) => viewOf(loopOf(stored).loop, shop);

describe("R2 a Rack that is not stored", () => {
  it("blocks the group, and every instance stays where it is", () => {
    const view = viewed({ racks: [], instances: [available({ name: "a" }), available({ name: "b", number: 2 })] });
    expect(view.blockers).toEqual([{ type: "notAvailable", name: "Rack rack, which is not stored" }]);
    expect([view.matchingNodes(service()), view.isMatchingNode(service(), "n1")]).toEqual([2, true]);
  });
});

describe("nodes", () => {
  const drained = (fields: object) => node("n1", { drain: fields }, { drainingSince: at(-10) });
  it.each([
    ["with a deadline", drained({ deadlineSeconds: 60 }), { deadlineAt: NOW + 50_000 }],
    ["without one", drained({}), { deadlineAt: undefined }],
    ["that are not drained", node("n1"), undefined],
  ])("%s: when what is left has to leave", (_, n1, expected) => {
    expect(viewed({ nodes: [n1, node("n2")] }).drainOf("n1")).toEqual(expected);
  });

  it("that are drained match nothing", () => {
    const view = viewed({ nodes: [drained({}), node("n2")] });
    const each = service({ mode: "EachNode" });
    expect([view.matchingNodes(each), view.isMatchingNode(each, "n1"), view.isMatchingNode(each, "n2")]).toEqual([
      1,
      false,
      true,
    ]);
  });

  it.each([
    ["hostname", "n1"],
    ["row", "7"],
    ["@region", "eu"],
    ["@zone", "a"],
    ["else", undefined],
  ])("have the attribute %s", (attribute, value) => {
    const n1 = node("n1", {}, { attributes: { row: "7" }, agent: { id: "agent-n1" } });
    expect(viewed({ nodes: [n1] }).attributeOf("n1", attribute)).toBe(value);
  });
});

describe("R3 whether a rack seems blind", () => {
  const lost = [1, 2, 3].map((number) => unreachable({ name: `lost-${number}`, number, seconds: 20 }));
  const well = [4, 5, 6].map((number) => available({ name: `well-${number}`, number }));
  const other = (one: Instance): Instance => ({ ...one, spec: { ...one.spec, serviceGroup: "far" } });
  const far = group({ rackName: "far" }, { name: "far" });
  it.each([
    ["three of six went at once", { instances: [...lost, ...well] }, true],
    ["fewer than three", { instances: [...lost.slice(1), ...well] }, false],
    ["on another rack they do not count", { instances: [...lost.slice(1), ...lost.slice(0, 1).map(other)] }, false],
    ["a person says that it is so", { instances: [...lost, ...well], overrides: [overrideOf(60)] }, false],
    ["that was long ago", { instances: [...lost, ...well], overrides: [overrideOf(-1)] }, true],
  ])("%s", (_, stored: Stored, expected) => {
    expect(viewed({ groups: [shop, far], ...stored }).isRackBlind).toBe(expected);
  });

  it("is looked at once a second", async () => {
    const { clock, loop } = loopOf({ groups: [shop], instances: [...lost, ...well] });
    const of = () => viewOf(loop, shop).isRackBlind;
    loop.blindness.set("rack", { isBlind: false, at: clock.monotonic() });
    expect(of()).toBe(false);
    await clock.advance(1000);
    expect(of()).toBe(true);
  });
});

describe("what is stopped", () => {
  const above = (spec: object) => group({ dependsOn: ["shop"], ...spec }, { name: "above" });
  const member: Instance = (() => {
    const one = available({ name: "m" });
    return { ...one, spec: { ...one.spec, serviceGroup: "above" } };
  })();
  const deleted = { ...shop, metadata: { ...shop.metadata, deletionTimestamp: at(-1) } };
  it.each([
    ["waits a moment for what depends on it", deleted, above({}), { hasDyingDependents: false, stopsAt: NOW + 3000 }],
    [
      "waits for what leaves before it",
      deleted,
      above({ suspend: true }),
      { hasDyingDependents: true, stopsAt: undefined },
    ],
    ["is not what is wanted", shop, above({}), { hasDyingDependents: false, stopsAt: undefined }],
  ])("%s", (_, own, other, expected) => {
    const { loop } = loopOf({ groups: [own, other], instances: [member] });
    expect(viewOf(loop, own)).toMatchObject(expected);
  });

  it("waits for no more than that moment", async () => {
    const { clock, loop } = loopOf({ groups: [deleted, above({})], instances: [member] });
    viewOf(loop, deleted);
    await clock.advance(3000);
    expect(viewOf(loop, deleted).stopsAt).toBeUndefined();
  });
});
