import { describe, expect, it } from "vitest";
import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import type { Agent, Offer, Resources } from "../../../drivers/compute/driver.js";
import type { Observation } from "../../../drivers/observation.js";
import { atOnce } from "../../../platform/steps.js";
import { NOW, node, rack } from "../../testing/objects.js";
import { place } from "../place/place.js";
import { rackFacts } from "./facts.js";

const RACK = rack({ compute: { mesos: { masters: ["http://m:5050"], frameworkName: "f" } } });
const NOTHING: Resources = { cpu: 0, memoryMiB: 0, diskMiB: 0, gpu: 0, ports: [] };
const MINUTE = 60_000;

function agent(name: string, fields: Partial<Agent> = {}): Agent {
  return {
    id: `agent-${name}`,
    hostname: `${name}.lab`,
    ip: undefined,
    attributes: { "machine-name": name },
    total: NOTHING,
    state: "Active",
    ...fields,
  };
}

function offer(id: string, name: string, fields: Partial<Offer> = {}): Offer {
  const pools = [{ role: `role-${id}`, resources: { ...NOTHING, cpu: 1 } }];
  return {
    id,
    agentId: `agent-${name}`,
    hostname: `${name}.lab`,
    attributes: { "machine-name": name },
    resources: NOTHING,
    pools,
    role: "r",
    ...fields,
  };
}

function complete(agents: readonly Agent[]): Observation<Agent> {
  const origin = { source: "s", epoch: "1", index: 1, takenAt: 0 };
  return { type: "Complete", items: new Map(agents.map((one) => [one.id, one])), origin };
}

const UNKNOWN: Observation<Agent> = { type: "Unknown", reason: "timeout", since: 0, source: "s" };
const factsOf = (nodes: readonly ReturnType<typeof node>[], agents: Observation<Agent>, held: readonly Offer[] = []) =>
  atOnce(rackFacts({ rack: RACK, nodes, agents, held, now: NOW }));

/** A task of service `s` that waits to be its second. */
function oneMore(rules: readonly PlacementRule[]) {
  const anywhere = { roles: undefined, nodeNames: [], nodeType: undefined, nodeFunction: undefined };
  const need = { ...NOTHING, cpu: 1, ports: [] };
  const others = { apartFrom: [], near: [], strategy: "Spread" as const, createdAt: "" };
  return { waiting: [{ key: "k", service: "s", wanted: 2, need, rules, ...anywhere, ...others }] };
}

describe("why a node is closed", () => {
  const starts = (start: number, end?: number) => ({
    maintenance: { start: NOW + start, ...(end === undefined ? {} : { end: NOW + end }) },
  });
  const rows: readonly (readonly [string, Readonly<Record<string, unknown>>, Partial<Agent>, string | undefined])[] = [
    ["it is not", {}, {}, undefined],
    ["cordoned", { unschedulable: true }, {}, "unschedulable"],
    ["drained by a person", { drain: {} }, {}, "draining"],
    ["drained by Mesos", {}, { state: "Draining" }, "draining"],
    ["deactivated", {}, { state: "Deactivated" }, "deactivated"],
    ["maintenance has begun", {}, starts(-MINUTE, MINUTE), "maintenance"],
    ["maintenance has begun and has no end", {}, starts(-MINUTE), "maintenance"],
    ["maintenance is near", {}, starts(9 * MINUTE, 20 * MINUTE), "maintenance"],
    ["maintenance is far", {}, starts(11 * MINUTE, 20 * MINUTE), undefined],
    ["maintenance is over", {}, starts(-20 * MINUTE, -MINUTE), undefined],
  ];
  for (const [name, spec, fields, expected] of rows) {
    it(name, () => {
      const { nodes } = factsOf([node("n1", spec)], complete([agent("n1", fields)]));
      expect(nodes.map(({ closedBecause }) => closedBecause)).toEqual([expected]);
    });
  }

  it("an offer tells of maintenance, too", () => {
    const held = [offer("o", "n1", { maintenance: { start: NOW } })];
    expect(factsOf([node("n1")], UNKNOWN, held).nodes[0]?.closedBecause).toBe("maintenance");
  });
});

describe("which nodes live", () => {
  const seen = { agent: { id: "agent-n1", hostname: "n1.lab" }, attributes: { disk: "ssd" }, region: "eu", zone: "a" };
  const remembered = { disk: "ssd", hostname: "n1.lab", "@region": "eu", "@zone": "a" };

  it.each([
    ["Active", undefined],
    ["Deactivated", "deactivated"],
    ["Unreachable", "unreachable"],
    ["Recovering", "unreachable"],
  ] as const)("an agent that is %s", (state, closedBecause) => {
    const { nodes } = factsOf([node("n1")], complete([agent("n1", { state, zone: "a" })]));
    const attributes = { "machine-name": "n1", hostname: "n1.lab", "@zone": "a" };
    expect(nodes).toMatchObject([{ name: "n1", closedBecause, attributes }]);
  });

  it.each([
    ["is not listed", complete([])],
    ["is not known because the master does not answer", UNKNOWN],
  ])("a node whose agent %s is closed, and as it was", (_, agents) => {
    const { nodes } = factsOf([node("n1", {}, seen), node("n2")], agents, [offer("o", "n2")]);
    const told = nodes.map(({ name, closedBecause }) => [name, closedBecause]);
    expect(told).toEqual([
      ["n2", undefined],
      ["n1", "unreachable"],
    ]);
    expect(nodes[1]?.attributes).toEqual(remembered);
  });

  it("what an agent says that is out of reach is newer than what was remembered", () => {
    const { nodes } = factsOf([node("n1", {}, seen)], complete([agent("n1", { state: "Unreachable", zone: "b" })]));
    expect(nodes.map(({ attributes }) => attributes["@zone"])).toEqual(["b"]);
  });

  it("a node that never had an agent is none, and an agent out of reach offers nothing", () => {
    expect(factsOf([node("n1")], complete([])).nodes).toEqual([]);
    const held = [offer("o", "n1")];
    expect(factsOf([node("n1")], complete([agent("n1", { state: "Unreachable" })]), held).offers).toEqual([]);
  });

  it.each(["@zone Unique", "@zone MaxPer 1", "@zone GroupBy 2"])("%s counts a task on a node that is away", (text) => {
    const [attribute = "", operator, value] = text.split(" ");
    const rules = [{ attribute, operator: operator as PlacementRule["operator"], value }]; // the rows name operators
    const away = node("n1", {}, seen);
    const near = [agent("n2", { zone: "a" }), agent("n3", { zone: "b" })];
    const held = ["n2", "n3"].map((name) => offer(name, name));
    const facts = factsOf([away, node("n2"), node("n3")], complete(near), held);
    const { placements } = place({ ...facts, ...oneMore(rules), placed: [{ service: "s", node: "n1" }], portSeed: 0 });
    expect(placements.map((placement) => placement.node)).toEqual(["n3"]);
  });

  it("an agent without a Node counts for nothing, and a Node that is deleted neither", () => {
    const gone = node("n1");
    const deleted = { ...gone, metadata: { ...gone.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    const facts = factsOf([deleted], complete([agent("n1"), agent("n9")]), [offer("o", "n1"), offer("p", "n9")]);
    expect(facts).toEqual({ nodes: [], offers: [] });
  });

  it("of two agents of a node the open one counts", () => {
    const agents = complete([agent("n1", { state: "Deactivated" }), agent("n1", { id: "new" })]);
    expect(factsOf([node("n1")], agents).nodes.map(({ closedBecause }) => closedBecause)).toEqual([undefined]);
  });
});

it("what rules compare is what the agent says, with host name, region and zone", () => {
  const attributes = { "machine-name": "n1", ssd: "yes", cards: [{ begin: 1, end: 2 }], hostname: "forged" };
  const { nodes } = factsOf([node("n1")], complete([agent("n1", { attributes, region: "eu", zone: "a" })]));
  expect(nodes[0]?.attributes).toEqual({ ...attributes, hostname: "n1.lab", "@region": "eu", "@zone": "a" });
});

it.each([
  ["the Node says", { type: "slave", function: "lab" }, { type: "worker", function: "lab" }],
  ["its agent says what the Node does not", { type: "master" }, { type: "master", function: "db" }],
])("type and function are as %s", (_, spec, expected) => {
  const attributes = { "machine-name": "n1", "machine-function": "db" };
  expect(factsOf([node("n1", spec)], complete([agent("n1", { attributes })])).nodes[0]).toMatchObject(expected);
});

it.each([
  ["its agent has", agent("n1", { total: { ...NOTHING, gpu: 2 } }), offer("o", "n1"), true],
  ["its agent has none", agent("n1"), offer("o", "n1"), false],
  ["an unknown agent offers", undefined, offer("o", "n1", { resources: { ...NOTHING, gpu: 1 } }), true],
])("a node has GPUs when %s some, given away or not", (...[, one, held, hasGpu]) => {
  const { nodes } = factsOf([node("n1")], complete(one === undefined ? [] : [one]), [held]);
  expect(nodes.map((facts) => facts.hasGpu)).toEqual([hasGpu]);
});

it("offers of one agent, of several roles, go together", () => {
  const { offers } = factsOf([node("n1"), node("n2")], complete([agent("n1"), agent("n2")]), [
    offer("a", "n1"),
    offer("b", "n2"),
    offer("c", "n1"),
  ]);
  expect(offers.map(({ node: name, offerIds, pools }) => [name, offerIds, pools.map(({ role }) => role)])).toEqual([
    ["n1", ["a", "c"], ["role-a", "role-c"]],
    ["n2", ["b"], ["role-b"]],
  ]);
});
