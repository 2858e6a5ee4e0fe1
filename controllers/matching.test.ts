import { describe, expect, it } from "vitest";
import type { Rack } from "../api-types/rack.js";
import { hasOtherVariables, isAgentOf, nodeFinder, suitability, typeName } from "./matching.js";
import { available, node, rack, service } from "./testing/objects.js";

const lab = node("n1", { type: "slave", function: "lab" });

describe("where a service may run", () => {
  it.each([
    ["anywhere", {}, true],
    ["on a named node", { nodeNames: ["n0", "n1"] }, true],
    ["not on other nodes", { nodeNames: ["n0"] }, false],
    ["on a worker, which ToRC calls slave", { nodeType: "worker" }, true],
    ["slave and worker are one", { nodeType: "slave" }, true],
    ["not on a master", { nodeType: "master" }, false],
    ["on a node with the function", { nodeFunction: "lab" }, true],
    ["by a variable of the rack", { nodeFunction: "$(FUNCTION)" }, true],
    ["not on one with another function", { nodeFunction: "db" }, false],
    ["all must hold", { nodeNames: ["n1"], nodeFunction: "db" }, false],
  ])("%s", (_, placement, isMatching) => {
    const { matchingNodes } = suitability(rack({ variables: { FUNCTION: "lab" } }), () => [lab], []);
    expect(matchingNodes(service({ placement }))).toBe(Number(isMatching));
  });

  it("reads slave and nothing as worker", () => {
    expect(["slave", undefined, "worker", "master"].map(typeName)).toEqual(["worker", "worker", "worker", "master"]);
  });
});

describe("R2 the places of a rack", () => {
  const named = rack({ nodes: [{ name: "n1", function: "$(FUNCTION)" }], variables: { FUNCTION: "lab" } });
  const dying = node("n1", { function: "old" });
  const drained = node("n1", { function: "lab", drain: {} });
  const inMaintenance = node("n1", { function: "lab" }, { drainingSince: "2026-01-01T00:00:00Z" });
  const drainedByMesos = node("n1", { function: "lab" }, { agent: { id: "a", state: "Draining" } });
  const cordoned = node("n1", { function: "lab", unschedulable: true });
  const dyingNode = { ...dying, metadata: { ...dying.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
  it.each([
    ["are its Nodes", rack(), [node("n1", { function: "lab" }), node("n9", { function: "lab", rackName: "other" })], 1],
    ["are named by the rack while their Node is gone", named, [], 1],
    ["or is deleted", named, [dyingNode], 1],
    ["go when the rack names them no longer", rack(), [dyingNode], 0],
    ["do not count while they are drained, although the rack names them", named, [drained], 0],
    ["do not count while maintenance empties them", named, [inMaintenance], 0],
    ["do not count while Mesos drains them", rack(), [drainedByMesos], 0],
    ["count while nothing new may start there: what runs stays", rack(), [cordoned], 1],
    ["are as their Node says", named, [node("n1", { function: "db" })], 0],
  ])("%s", (_, object, nodes, count) => {
    const { matchingNodes, isMatchingNode } = suitability(object, () => nodes, []);
    const wanted = service({ placement: { nodeFunction: "lab" } });
    expect([matchingNodes(wanted), isMatchingNode(wanted, "n1")]).toEqual([count, count === 1]);
  });

  it("without the Rack every instance stays where it is", () => {
    const members = [
      available(),
      available({ number: 2, name: "two" }),
      available({ number: 3, name: "gone", leave: "ScaledDown" }),
    ];
    const { matchingNodes, isMatchingNode } = suitability(undefined, () => [], members);
    expect([matchingNodes(service()), isMatchingNode(service(), "n1")]).toEqual([2, true]);
  });
});

describe("a rack's variables", () => {
  const one = rack({ variables: { A: "1" } });
  const rows: readonly (readonly [name: string, current: Rack, previous: Rack | undefined, isNews: boolean])[] = [
    ["are no news when the rack is first seen", one, undefined, false],
    ["are no news when something else changed", one, rack({ variables: { A: "1" } }), false],
    ["are news with another value", rack({ variables: { A: "2" } }), one, true],
    ["are news when there are none any more", rack(), one, true],
  ];
  for (const [name, current, previous, isNews] of rows) {
    it(name, () => expect(hasOtherVariables(current, previous)).toBe(isNews));
  }
});

describe("the agent of a node", () => {
  const one = node("n1", { address: "10.0.0.1" });
  const agent = (fields: object) => ({ attributes: {}, hostname: "h", ip: "10.9.9.9", ...fields });
  it.each([
    ["by its name attribute", agent({ attributes: { "machine-name": "n1" } }), true],
    ["the attribute decides, not the address", agent({ attributes: { "machine-name": "n2" }, ip: "10.0.0.1" }), false],
    ["by its ip", agent({ ip: "10.0.0.1" }), true],
    ["by its host name", agent({ hostname: "10.0.0.1" }), true],
    ["neither", agent({}), false],
  ])("%s", (_, found, isAgent) => {
    expect(isAgentOf(one, found, "machine-name")).toBe(isAgent);
    const find = nodeFinder([node("n0"), one, node("n3", { address: "10.0.0.3" })], "machine-name");
    expect(find(found) === one).toBe(isAgent);
  });

  it("a node without an address matches by name only", () => {
    expect(isAgentOf(node("n1"), agent({ ip: undefined }), "machine-name")).toBe(false);
  });
});
