import { describe, expect, it } from "vitest";
import { available, group, instance, service, unhealthy } from "../../testing/objects.js";
import { planGroup } from "../plan.js";
import { describeStep, viewOf } from "../testing.js";
import { isNumberBound, isPortBound, limitsOf, nodeRoom } from "./limits.js";

const ANYWHERE = { nodes: undefined, isPortBound: false };
const FIXED = { nodes: undefined, isPortBound: true };

describe("floor and cap", () => {
  it.each([
    ["the default: all successors at once, none missing", 0, "100%", 10, ANYWHERE, 10, 20],
    ["7 % of 100 are 7, not 6.99", "7%", 0, 100, ANYWHERE, 93, 100],
    ["a floor of 93 % of 100 is 93, not 94", "7%", "0%", 100, ANYWHERE, 93, 100],
    ["15 % above 100 are 115, not 114", 0, "15%", 100, ANYWHERE, 100, 115],
    ["0.5 % above 1000 are 1005, not 1004", 0, "0.5%", 1000, ANYWHERE, 1000, 1005],
    ["both are rounded down", "50%", "50%", 5, ANYWHERE, 3, 7],
    ["numbers stand for themselves", 2, 3, 5, ANYWHERE, 3, 8],
    ["more unavailable than wanted is all of them", 9, 0, 5, ANYWHERE, 0, 5],
    ["both zero, with room: one more", 0, 0, 5, ANYWHERE, 5, 6],
    ["both round to zero, with room: one more", "10%", "10%", 5, ANYWHERE, 5, 6],
    ["a fixed port: one at a time", 0, "100%", 5, FIXED, 4, 5],
    ["a fixed port with two unavailable: two at a time", 2, "100%", 5, FIXED, 3, 5],
    ["no free node: one at a time", 0, "100%", 5, { nodes: 5, isPortBound: false }, 4, 5],
    ["fewer nodes than wanted: one at a time", 0, "100%", 5, { nodes: 3, isPortBound: false }, 4, 5],
    ["one free node: one more", 0, "100%", 5, { nodes: 6, isPortBound: false }, 5, 6],
    ["one alone on its node leaves first", 0, "100%", 1, { nodes: 1, isPortBound: false }, 0, 1],
  ] as const)("%s", (_, maxUnavailable, maxSurge, wanted, room, floor, cap) => {
    const limits = limitsOf({ ...service().update, maxUnavailable, maxSurge }, wanted, room);
    expect([limits.floor, limits.cap]).toEqual([floor, cap]);
  });

  it("says why nothing starts beside what is there", () => {
    const because = (room: { nodes: number | undefined; isPortBound: boolean }, maxUnavailable = 0, maxSurge = 0) =>
      limitsOf({ ...service().update, maxUnavailable, maxSurge }, 3, room).stopsFirstBecause;
    expect(because(ANYWHERE)).toBeUndefined();
    expect(because(FIXED)).toBe("its ports are fixed");
    expect(because({ nodes: 3, isPortBound: false })).toBe("no other node may take it");
    expect(because(ANYWHERE, 1)).toBe("maxSurge allows none beside it");
  });
});

describe("room on nodes", () => {
  const rule = (operator: "Unique" | "MaxPer" | "GroupBy", attribute: string, value?: string) => ({
    operator,
    attribute,
    value,
  });
  it.each([
    ["no rule says", service(), [], undefined],
    ["one per node", service(), [rule("Unique", "hostname")], 4],
    ["two per node", service(), [rule("MaxPer", "hostname", "2")], 8],
    ["the strictest counts", service(), [rule("MaxPer", "hostname", "2"), rule("Unique", "hostname")], 4],
    ["an unused node always takes one", service(), [rule("MaxPer", "hostname", "0")], 4],
    ["a rule about racks says nothing of nodes", service(), [rule("Unique", "rackid")], undefined],
    ["GroupBy refuses no node for good", service(), [rule("GroupBy", "hostname")], undefined],
    ["EachNode", service({ mode: "EachNode" }), [], 4],
  ])("%s", (_, one, rules, room) => {
    expect(nodeRoom(one, rules, () => 4)).toBe(room);
  });

  const ports = (port: Record<string, unknown>, mode = "Host") =>
    service({ network: { mode, ports: [{ name: "p", ...port }] } });
  it.each([
    ["a fixed port", ports({ hostPort: 80 }), true, false],
    ["a number-bound port", ports({ numberOffset: 8000 }), true, true],
    ["an assigned port", ports({ hostPort: 0 }), false, false],
    ["a fixed port behind a bridge", ports({ hostPort: 80, containerPort: 8080 }, "Bridge"), true, false],
    ["a port of its own address", ports({ containerPort: 80 }, "Routed"), false, false],
  ])("%s", (_, one, isFixed, isBound) => {
    expect([isPortBound(one), isNumberBound(one)]).toEqual([isFixed, isBound]);
  });
});

describe("the rows of marathon.md 4.2: what the first round of an update ends and starts", () => {
  const STOP_FIRST = { network: { ports: [{ name: "p", hostPort: 80 }] } };
  /** Present instances of the old version; the first `healthy` of them serve. */
  const present = (count: number, healthy: number) =>
    Array.from({ length: count }, (_, index) => {
      const fields = { number: index + 1, name: `old-${index + 1}`, revision: "shop-web-0", age: 900 - index };
      return index < healthy ? available(fields) : unhealthy({ ...fields, isPublished: false });
    });
  const firstRound = (fields: Record<string, unknown>, instances: ReturnType<typeof present>) => {
    const wanted = group({
      services: [{ name: "web", healthChecks: [{ name: "c", tcpSocket: { port: 1 } }], ...fields }],
    });
    const steps = planGroup(viewOf(wanted, instances, { hasOverride: true })).steps;
    const count = (type: string) => steps.filter((step) => step.type === type).length;
    return [count("release"), count("createInstance")];
  };

  // min and over are Marathon's capacities: maxUnavailable = n - ceil(n x min), maxSurge = floor(n x over)
  it.each([
    ["1, .5/0, resident, one well: it goes (the floor is 1, one at a time)", 1, "50%", "0%", true, [1, 1], [1, 0]],
    [
      "1, .5/0, resident, one ill: it goes, for nothing is lost; Marathon waits for ever",
      1,
      "50%",
      "0%",
      true,
      [1, 0],
      [1, 0],
    ],
    ["5, .5/0, resident, all well", 5, "50%", "0%", true, [5, 5], [2, 0]],
    ["5, 1/0, resident, 7 present: two are too many, one goes first", 5, "0%", "0%", true, [7, 7], [3, 0]],
    [
      "5, 1/0, resident, 3 of 5 well: the two that are not go; Marathon waits for ever",
      5,
      "0%",
      "0%",
      true,
      [5, 3],
      [2, 0],
    ],
    ["5, 1/0, resident, all well: one at a time", 5, "0%", "0%", true, [5, 5], [1, 0]],
    ["1, .5/0, one well: one beside it", 1, "50%", "0%", false, [1, 1], [0, 1]],
    ["1, .5/0, none there", 1, "50%", "0%", false, [0, 0], [0, 1]],
    ["2, .5/0, both well", 2, "50%", "0%", false, [2, 2], [1, 0]],
    ["10, .1/0, one well: nine are missing", 10, "90%", "0%", false, [1, 1], [0, 9]],
    [
      "10, .1/1, all well: all start, and none is ended before its successor serves",
      10,
      "90%",
      "100%",
      false,
      [10, 10],
      [0, 10],
    ],
    ["10, 1/1, all well", 10, "0%", "100%", false, [10, 10], [0, 10]],
    ["5, .9/0, all well: nothing may be missing, so one beside them", 5, "10%", "0%", false, [5, 5], [0, 1]],
    ["4, .5/.2 of the deck", 4, "50%", "20%", false, [4, 4], [2, 0]],
  ] as const)("%s", (_, instances, maxUnavailable, maxSurge, isResident, [count, healthy], expected) => {
    const fields = { instances, update: { maxUnavailable, maxSurge }, ...(isResident ? STOP_FIRST : {}) };
    expect(firstRound(fields, present(count, healthy))).toEqual(expected);
  });

  it("ends more of them beside the surge, down to the floor", () => {
    const update = { maxUnavailable: 2, maxSurge: 3 };
    expect(firstRound({ instances: 10, update }, present(10, 10))).toEqual([2, 3]);
  });
});

describe("a successor that fits nowhere", () => {
  const refused = instance({
    name: "new",
    age: 5,
    conditions: [
      {
        type: "Scheduled",
        status: "False",
        reason: "NoNodeFits",
        message: "",
        lastTransitionTime: "2026-01-01T11:00:00Z",
      },
    ],
  });
  const steps = (update: Record<string, unknown>) => {
    const wanted = group({ services: [{ name: "web", update }] });
    const old = available({ name: "old", revision: "shop-web-0" });
    return planGroup(viewOf(wanted, [old, refused])).steps.map(describeStep);
  };

  it("makes the old one leave where one may be missing", () => {
    expect(steps({ maxUnavailable: 1, maxSurge: 1 })).toEqual(["release old: StopFirst"]);
  });

  it("waits where none may be missing", () => {
    expect(steps({ maxUnavailable: 0, maxSurge: 1 })).toEqual([]);
  });
});
