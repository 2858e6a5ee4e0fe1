import { describe, expect, it } from "vitest";
import type { Node } from "../../api-types/node.js";
import { at, condition, node, rack } from "../testing/objects.js";
import { planRack, type RackView } from "./plan.js";

const VARIABLES = { MASTER_IP: "10.250.3.20" };
const BACKENDS = ["ComputeReady", "DnsReady", "SwitchReady"].map((type) => condition(type, "True"));

function viewOf(spec: Record<string, unknown>, nodes: readonly Node[] = [], rest: Partial<RackView> = {}): RackView {
  return {
    rack: rack({ variables: VARIABLES, ...spec }),
    nodes,
    elsewhere: new Map(),
    highestStampedTerm: 0,
    term: 5,
    overlay: undefined,
    ...rest,
  };
}

/** A Node that the rack made. */
function made(name: string, spec: Record<string, unknown> = {}, metadata: Partial<Node["metadata"]> = {}): Node {
  const plain = node(name, spec);
  const owner = {
    apiVersion: "rackwright.dev/v1alpha1",
    kind: "Rack",
    name: "rack",
    uid: "uid-rack",
    controller: true,
  };
  return { ...plain, metadata: { ...plain.metadata, ownerReferences: [owner], ...metadata } };
}

function stepsOf(view: RackView): readonly string[] {
  return planRack(view).steps.map((step) =>
    step.type === "applyNode" ? `apply ${step.name}` : `delete ${step.node.metadata.name}`,
  );
}

const one = { nodes: [{ name: "n1", address: "$(MASTER_IP)", function: "lab" }] };
const sameNode = { address: "10.250.3.20", function: "lab" };

describe("the Nodes of a rack", () => {
  it.each<[string, RackView, readonly string[]]>([
    ["are made", viewOf(one), ["apply n1"]],
    ["stay with another Rack that has them", viewOf(one, [], { elsewhere: new Map([["n1", "other"]]) }), []],
    ["are left alone when they are as the rack says", viewOf(one, [made("n1", sameNode)]), []],
    ["follow a changed address", viewOf(one, [made("n1", { ...sameNode, address: "10.0.0.1" })]), ["apply n1"]],
    [
      "follow a field that the rack no longer names",
      viewOf({ nodes: [{ name: "n1", address: "$(MASTER_IP)" }] }, [made("n1", sameNode)]),
      ["apply n1"],
    ],
    ["keep what their operator says", viewOf(one, [made("n1", { ...sameNode, unschedulable: true })]), []],
    ["R2 go when the rack no longer names them", viewOf(one, [made("n1", sameNode), made("n2")]), ["delete n2"]],
    ["R18 stay when somebody else made them", viewOf({}, [node("n2")]), []],
    ["are deleted once", viewOf({}, [made("n2", {}, { deletionTimestamp: at(-1) })]), []],
    ["wait for variables without a value", viewOf({ nodes: [{ name: "n1", address: "$(NOBODY)" }] }, [made("n2")]), []],
  ])("%s", (_, view, steps) => {
    expect(stepsOf(view)).toEqual(steps);
  });

  it("have their variables replaced", () => {
    const [step] = planRack(viewOf(one)).steps;
    expect(step).toMatchObject({
      type: "applyNode",
      spec: { rackName: "rack", address: "10.250.3.20", function: "lab" },
    });
  });

  it("are counted", () => {
    const ready = { ...made("n1"), status: { conditions: [condition("Ready", "True")] } };
    expect(planRack(viewOf(one, [ready, made("n2")])).counts).toEqual({ nodes: 1, nodesReady: 1 });
  });
});

describe("whether the rack works", () => {
  const answering = { rack: rack({}, {}, { conditions: BACKENDS }) };
  const oneMissing = {
    rack: rack({}, {}, { conditions: [...BACKENDS.slice(0, 2), condition("SwitchReady", "Unknown")] }),
  };
  it.each<[string, RackView, string, string]>([
    ["every back end answers", viewOf({}, [], answering), "True BackendsReady", "False StoreCurrent"],
    ["one does not", viewOf({}, [], oneMissing), "False BackendsNotReady", "False StoreCurrent"],
    ["none was asked yet", viewOf({}), "False BackendsNotReady", "False StoreCurrent"],
    [
      "a variable has no value",
      viewOf({ nodes: [{ name: "n1", address: "$(NOBODY)" }] }),
      "False UnknownVariable",
      "False StoreCurrent",
    ],
    [
      "R20 a stamp of a later term: the store went back",
      viewOf({}, [], { ...answering, highestStampedTerm: 6 }),
      "False RackFrozen",
      "True StampAheadOfStore",
    ],
    [
      "a stamp of this term",
      viewOf({}, [], { ...answering, highestStampedTerm: 5 }),
      "True BackendsReady",
      "False StoreCurrent",
    ],
  ])("%s", (_, view, ready, store) => {
    const { conditions } = planRack(view);
    const told = (type: string) =>
      conditions.filter((one) => one.type === type).map(({ status, reason }) => `${status} ${reason}`)[0];
    expect([told("Ready"), told("StoreRegressed")]).toEqual([ready, store]);
  });

  it("names the back ends that do not answer", () => {
    expect(planRack(viewOf({}, [], oneMissing)).conditions[1]?.message).toBe("see conditions SwitchReady");
  });
});

describe("a node that another Rack has", () => {
  it("is told, and keeps the rack from being Ready", () => {
    const { conditions } = planRack(viewOf(one, [], { elsewhere: new Map([["n1", "other"]]) }));
    expect(conditions.find(({ type }) => type === "Ready")).toEqual({
      type: "Ready",
      status: "False",
      reason: "NodeOfOtherRack",
      message: "n1 belongs to Rack other; each node can be in one Rack",
    });
  });

  it("is of less weight than a store that went back", () => {
    const view = viewOf(one, [], { elsewhere: new Map([["n1", "other"]]), highestStampedTerm: 6 });
    expect(planRack(view).conditions.find(({ type }) => type === "Ready")?.reason).toBe("RackFrozen");
  });
});
