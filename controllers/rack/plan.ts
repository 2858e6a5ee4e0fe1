import type { Node } from "../../api-types/node.js";
import type { Rack, RackNode } from "../../api-types/rack.js";
import { substituteDeep } from "../../api-types/substitute.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import type { AddressOverlay } from "../connections.js";

/** Everything the plan of one Rack rests on. */
export interface RackView {
  readonly rack: Rack;
  /** Nodes that name this rack. */
  readonly nodes: readonly Node[];
  /** Nodes of other Racks by name, each with its Rack: they are not taken from it. */
  readonly elsewhere: ReadonlyMap<string, string>;
  /** Highest term stamped on anything of ours at the back ends; 0: nothing seen. */
  readonly highestStampedTerm: number;
  /** The term of this process. */
  readonly term: number;
  /** Addresses that are used in place of those of the spec. */
  readonly overlay: AddressOverlay | undefined;
}

export type RackStep =
  | { readonly type: "applyNode"; readonly name: string; readonly spec: Record<string, unknown> }
  | { readonly type: "deleteNode"; readonly node: Node };

export interface RackPlan {
  readonly steps: readonly RackStep[];
  readonly conditions: readonly ConditionUpdate[];
  readonly counts: { readonly nodes: number; readonly nodesReady: number };
}

/** Makes the Nodes that a Rack names, removes those it made and no longer names, and says whether the rack works. */
export function planRack(view: RackView): RackPlan {
  const { rack, nodes } = view;
  const { value: wanted, unknown } = substituteDeep(rack.spec.nodes ?? [], (name) => rack.spec.variables?.[name]);
  const names = new Set(wanted.map((node) => node.name));
  const taken = wanted.filter(({ name }) => view.elsewhere.has(name));
  const applied = wanted.flatMap((node) => (taken.includes(node) ? [] : applyStep(rack, node, nodes)));
  const removed = nodes
    .filter(
      (node) => isOwned(node, rack) && !names.has(node.metadata.name) && node.metadata.deletionTimestamp === undefined,
    )
    .map((node): RackStep => ({ type: "deleteNode", node }));
  const regressed = view.highestStampedTerm > view.term;
  return {
    steps: unknown.length > 0 ? [] : [...applied, ...removed],
    conditions: [
      storeCondition(regressed, view),
      (regressed ? undefined : takenCondition(taken, view.elsewhere)) ?? readyCondition(rack, regressed, unknown),
      ...overlayConditions(view.overlay),
    ],
    counts: { nodes: wanted.length, nodesReady: nodes.filter(isNodeReady).length },
  };
}

/** What the Rack says of a node; the rest of a Node's spec is its operator's. */
const OWN_FIELDS = ["rackName", "address", "externalAddress", "managementAddress", "type", "function", "switchPort"];

function applyStep(rack: Rack, wanted: RackNode, nodes: readonly Node[]): RackStep[] {
  const { name, ...fields } = wanted;
  const spec: Record<string, unknown> = { rackName: rack.metadata.name, ...fields };
  const known = nodes.find((node) => node.metadata.name === name);
  // specs are plain data: compared field by field
  const current: Readonly<Record<string, unknown>> = { ...known?.spec };
  const isSame = known !== undefined && OWN_FIELDS.every((field) => current[field] === spec[field]);
  return isSame ? [] : [{ type: "applyNode", name, spec }];
}

function isOwned(node: Node, rack: Rack): boolean {
  return (node.metadata.ownerReferences ?? []).some((owner) => owner.uid === rack.metadata.uid);
}

function isNodeReady(node: Node): boolean {
  return (
    node.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true
  );
}

function storeCondition(isRegressed: boolean, view: RackView): ConditionUpdate {
  if (!isRegressed) return { type: "StoreRegressed", status: "False", reason: "StoreCurrent", message: "" };
  const message =
    `back ends hold entries stamped with term ${view.highestStampedTerm}, this store has only reached ${view.term}: ` +
    "it was restored or emptied; removals are frozen until the objects are back";
  return { type: "StoreRegressed", status: "True", reason: "StampAheadOfStore", message };
}

/** Said only while it holds: what is left out is removed from the status. */
function overlayConditions(overlay: AddressOverlay | undefined): ConditionUpdate[] {
  if (overlay === undefined) return [];
  const { source, masters = [], dns = "", switch: tor = "", nodes = {} } = overlay;
  const places = Object.entries(nodes).map(([name, address]) => `${name} at ${address}`);
  const backends = `Mesos at ${masters.join(", ")}, Consul at ${dns}, switch at ${tor}`;
  const message = `${[backends, ...places].join(", ")}, as ${source} says; the addresses in spec are not used, but for next hops of routes`;
  return [{ type: "AddressesOverlaid", status: "True", reason: "SimulatedRack", message }];
}

/** So many nodes a message names. */
const NAMES_MAX = 5;

/** Two Racks that name one node would take it from each other for ever: it stays with the one that has it. */
function takenCondition(
  taken: readonly RackNode[],
  elsewhere: ReadonlyMap<string, string>,
): ConditionUpdate | undefined {
  if (taken.length === 0) return undefined;
  const named = taken.slice(0, NAMES_MAX).map(({ name }) => `${name} belongs to Rack ${elsewhere.get(name)}`);
  const more = taken.length > named.length ? `, and ${taken.length - named.length} more` : "";
  const message = `${named.join(", ")}${more}; each node can be in one Rack`;
  return { type: "Ready", status: "False", reason: "NodeOfOtherRack", message };
}

/** Back ends that the rack uses, each with its condition; written by the loops that own them. */
const BACKEND_CONDITIONS = ["ComputeReady", "DnsReady", "SwitchReady"];

function readyCondition(rack: Rack, isRegressed: boolean, unknown: readonly string[]): ConditionUpdate {
  if (unknown.length > 0) {
    const message = `spec uses variables without a value: ${unknown.join(", ")}; add them to spec.variables`;
    return { type: "Ready", status: "False", reason: "UnknownVariable", message };
  }
  if (isRegressed)
    return { type: "Ready", status: "False", reason: "RackFrozen", message: "see condition StoreRegressed" };
  const conditions = rack.status?.conditions ?? [];
  const used =
    rack.spec.loadBalancer?.haproxy === undefined ? BACKEND_CONDITIONS : [...BACKEND_CONDITIONS, "BalancerReady"];
  const missing = used.filter((type) => conditions.find((condition) => condition.type === type)?.status !== "True");
  if (missing.length === 0) return { type: "Ready", status: "True", reason: "BackendsReady", message: "" };
  return {
    type: "Ready",
    status: "False",
    reason: "BackendsNotReady",
    message: `see conditions ${missing.join(", ")}`,
  };
}
