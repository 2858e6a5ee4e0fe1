import { isDeleting } from "../../../api-types/life.js";
import type { Node } from "../../../api-types/node.js";
import type { Rack } from "../../../api-types/rack.js";
import type { Agent, AttributeValue, Offer, Resources } from "../../../drivers/compute/driver.js";
import type { Observation } from "../../../drivers/observation.js";
import { each, type Steps } from "../../../platform/steps.js";
import { isDraining, nodeFinder, typeName } from "../../matching.js";
import type { NodeFacts, NodeOffer } from "../place/model.js";

/** Maintenance that starts within this time closes a node. */
const MAINTENANCE_LEAD_MS = 10 * 60_000;

/** What is known of a rack when a round begins. */
export interface RackView {
  readonly rack: Rack;
  /** Of the rack. */
  readonly nodes: readonly Node[];
  readonly agents: Observation<Agent>;
  readonly held: readonly Offer[];
  /** Wall time: maintenance is planned by it. */
  readonly now: number;
}

/** What one round of placement rests on, made once for all that wait. */
export interface RackFacts {
  readonly nodes: readonly NodeFacts[];
  readonly offers: readonly NodeOffer[];
}

/** What an agent says of itself, or an offer in its place, or what a Node remembers. */
type Teller = Pick<Agent, "attributes" | "region" | "zone" | "maintenance"> & {
  readonly hostname?: string | undefined;
  readonly ip?: string | undefined;
  readonly state?: Agent["state"];
  /** Of an agent, of an offer. */
  readonly total?: Resources;
  readonly resources?: Resources;
};

/** What is known of nodes, and what those offer whose agents live. */
export function* rackFacts(view: RackView): Steps<RackFacts> {
  const { rack, agents, held } = view;
  const names = rack.spec.compute?.mesos?.nodeAttributes;
  const nodeOf = finderOf(view.nodes, names?.name ?? "");
  const living = agents.type === "Unknown" ? new Map<string, Agent>() : agents.items;
  const offersOf = byAgentId(held);
  const tellers = new Map<string, Agent | Offer>(offersOfUnknown(held, living));
  for (const agent of living.values()) if (isLive(agent)) tellers.set(agent.id, agent);
  yield;
  const facts = new Map<string, NodeFacts>();
  const offers: NodeOffer[] = [];
  yield* each(tellers, ([agentId, teller]) => {
    const node = nodeOf(teller);
    if (node === undefined) return;
    const { name } = node.metadata;
    const before = facts.get(name);
    // a node that lost its work directory has two agents for a while
    if (before === undefined || before.closedBecause !== undefined) {
      const told = { node, teller, functionAttribute: names?.function ?? "" };
      facts.set(name, { ...lastingFacts(told), closedBecause: closedBecause(told, view.now) });
    }
    const own = offersOf.get(agentId) ?? [];
    if (own.length > 0) offers.push(nodeOffer(agentId, name, own));
  });
  yield;
  const away = awayFacts(view, { living, nodeOf, isLiving: (name) => facts.has(name) });
  return { nodes: [...facts.values(), ...away], offers };
}

interface AwayTools {
  readonly living: ReadonlyMap<string, Agent>;
  readonly nodeOf: (agent: Agent) => Node | undefined;
  readonly isLiving: (name: string) => boolean;
}

/** Why nothing starts on a node of which no living agent tells. */
const AWAY = "unreachable";

/**
 * Nodes whose agents are out of reach or not listed, closed: what runs there may run on, and rules count it by what was
 * last known of the node.
 */
function awayFacts({ rack, nodes }: RackView, { living, nodeOf, isLiving }: AwayTools): readonly NodeFacts[] {
  const functionAttribute = rack.spec.compute?.mesos?.nodeAttributes.function ?? "";
  const tellers = new Map<string, Teller>();
  for (const agent of living.values()) {
    const name = isLive(agent) ? undefined : nodeOf(agent)?.metadata.name;
    if (name !== undefined) tellers.set(name, agent);
  }
  return nodes.flatMap((node): readonly NodeFacts[] => {
    const { name } = node.metadata;
    if (isDeleting(node) || isLiving(name)) return [];
    const teller = tellers.get(name) ?? remembered(node);
    return teller === undefined ? [] : [{ ...lastingFacts({ node, teller, functionAttribute }), closedBecause: AWAY }];
  });
}

/** What the node loop last wrote; undefined: the node never had an agent. */
function remembered({ status }: Node): Teller | undefined {
  if (status?.agent === undefined) return undefined;
  const { agent, attributes = {}, region, zone } = status;
  return { hostname: agent.hostname, attributes, ...(region && { region }), ...(zone && { zone }) };
}

/** Things of agents, by agent. */
export function byAgentId<T extends { readonly agentId: string }>(
  items: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.agentId);
    if (group === undefined) groups.set(item.agentId, [item]);
    else group.push(item);
  }
  return groups;
}

/** An agent that offers lives, although the list of agents does not name it yet. */
function offersOfUnknown(held: readonly Offer[], known: ReadonlyMap<string, Agent>): readonly [string, Offer][] {
  return held.filter(({ agentId }) => !known.has(agentId)).map((offer) => [offer.agentId, offer]);
}

function isLive({ state }: Agent): boolean {
  return state !== "Unreachable" && state !== "Recovering";
}

interface Finder {
  readonly attribute: string;
  readonly find: ReturnType<typeof nodeFinder>;
}

/** The Nodes of a rack change seldom, and the same list comes back until they do. */
const finders = new WeakMap<readonly Node[], Finder>();

function finderOf(nodes: readonly Node[], attribute: string): Finder["find"] {
  const known = finders.get(nodes);
  if (known?.attribute === attribute) return known.find;
  const living = nodes.filter((node) => !isDeleting(node));
  const find = nodeFinder(living, attribute);
  finders.set(nodes, { attribute, find });
  return find;
}

interface Told {
  readonly node: Node;
  readonly teller: Teller;
  readonly functionAttribute: string;
}

type LastingFacts = Omit<NodeFacts, "closedBecause">;

/** By what told them, with the Node that it was told of: thousands of agents say the same in every round. */
const known = new WeakMap<Teller, Told & { readonly facts: LastingFacts }>();

function lastingFacts(told: Told): LastingFacts {
  const before = known.get(told.teller);
  if (before?.node === told.node && before.functionAttribute === told.functionAttribute) return before.facts;
  const facts = factsOf(told);
  known.set(told.teller, { ...told, facts });
  return facts;
}

function factsOf({ node, teller, functionAttribute }: Told): LastingFacts {
  const { hostname, region, zone, attributes, total, resources } = teller;
  const said = attributes[functionAttribute];
  return {
    name: node.metadata.name,
    type: typeName(node.spec.type),
    // where the Rack does not say what a node is for, its agent may
    function: node.spec.function ?? (typeof said === "string" ? said : undefined),
    attributes: { ...attributes, ...ownAttributes({ hostname, "@region": region, "@zone": zone }) },
    hasGpu: ((total ?? resources)?.gpu ?? 0) > 0,
  };
}

function ownAttributes(values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, AttributeValue>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function closedBecause({ node, teller }: Told, now: number): string | undefined {
  if (node.spec.unschedulable) return "unschedulable";
  if (isInMaintenance(teller.maintenance, now)) return "maintenance";
  if (isDraining(node) || teller.state === "Draining") return "draining";
  return teller.state === "Deactivated" ? "deactivated" : undefined;
}

function isInMaintenance(maintenance: Agent["maintenance"], now: number): boolean {
  if (maintenance === undefined || now < maintenance.start - MAINTENANCE_LEAD_MS) return false;
  return maintenance.end === undefined || now < maintenance.end;
}

function nodeOffer(agentId: string, node: string, offers: readonly Offer[]): NodeOffer {
  return {
    agentId,
    offerIds: offers.map((offer) => offer.id),
    node,
    pools: offers.flatMap((offer) => offer.pools),
  };
}
