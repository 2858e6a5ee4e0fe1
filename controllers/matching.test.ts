import { describe, expect, it } from "vitest";
import { isAgentOf, matches, requirementOf, typeName } from "./matching.js";
import { node, rack, service } from "./testing/objects.js";

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
    const requirement = requirementOf(service({ placement }), rack({ variables: { FUNCTION: "lab" } }));
    expect(matches(requirement, lab)).toBe(isMatching);
  });

  it.each([
    ["plain", {}, false],
    ["Unique in any case", { placement: { constraints: [{ attribute: "hostname", operator: "UNIQUE" }] } }, true],
    ["one on each node", { mode: "EachNode" }, true],
  ])("one by node: %s", (_, fields, isUniqueByNode) => {
    expect(requirementOf(service(fields), undefined).isUniqueByNode).toBe(isUniqueByNode);
  });

  it("reads slave and nothing as worker", () => {
    expect(["slave", undefined, "worker", "master"].map(typeName)).toEqual(["worker", "worker", "worker", "master"]);
  });
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
  });

  it("a node without an address matches by name only", () => {
    expect(isAgentOf(node("n1"), agent({ ip: undefined }), "machine-name")).toBe(false);
  });
});
