import type { Node } from "../../api-types/node.js";
import type { Agent, AttributeValue } from "../../drivers/compute/driver.js";
import type { Observation } from "../../drivers/observation.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { isAgentOf, typeName } from "../matching.js";
import { type Amounts, printAmounts } from "./resources/allocated.js";

/** Which attributes of an agent name its node, the node's type and its function (`nodeAttributes` of the Rack). */
export interface AttributeNames {
  readonly name: string;
  readonly type: string;
  readonly function: string;
}

/** What is known of a Node's agent. */
export interface NodeReport {
  readonly agent?: {
    readonly id: string;
    readonly hostname: string;
    readonly address?: string;
    readonly url?: string;
    readonly state: string;
  };
  readonly attributes?: Readonly<Record<string, string>>;
  readonly region?: string;
  readonly zone?: string;
  readonly capacity?: Amounts;
  readonly conditions: readonly ConditionUpdate[];
}

/** The agent that a Node has now; `isAnswered` false: the back end did not say, or not all of it. */
export interface AgentOfNode {
  readonly agent: Agent | undefined;
  readonly isAnswered: boolean;
}

/** An agent that lost its work directory registers anew beside its former self: the active one counts. */
export function agentOfNode(node: Node, agents: Observation<Agent>, nameAttribute: string): AgentOfNode {
  if (agents.type === "Unknown") return { agent: undefined, isAnswered: false };
  const candidates = candidatesIn(agents, node, nameAttribute).filter((agent) => isAgentOf(node, agent, nameAttribute));
  const agent = candidates.find((candidate) => candidate.state === "Active") ?? candidates[0];
  return { agent, isAnswered: agents.type === "Complete" || agent !== undefined };
}

/** The status of a Node from what the master says of its agent; an unanswered question changes nothing but the condition. */
export function nodeReport(node: Node, agents: Observation<Agent>, names: AttributeNames): NodeReport {
  if (agents.type === "Unknown") {
    const message = `the compute back end does not answer: ${agents.reason}`;
    return { ...kept(node), conditions: [{ type: "Ready", status: "Unknown", reason: "AgentUnknown", message }] };
  }
  const { agent } = agentOfNode(node, agents, names.name);
  if (agent === undefined) {
    const status = agents.type === "Complete" ? "False" : "Unknown";
    const message = `no agent has ${names.name}:${node.metadata.name} or this address`;
    return { ...kept(node), conditions: [{ type: "Ready", status, reason: "NoAgent", message }] };
  }
  return {
    agent: {
      id: agent.id,
      hostname: agent.hostname,
      ...(agent.ip === undefined ? {} : { address: agent.ip }),
      ...(agent.url === undefined ? {} : { url: agent.url }),
      state: agent.state,
    },
    attributes: Object.fromEntries(
      Object.entries(agent.attributes).map(([name, value]) => [name, attributeText(value)]),
    ),
    ...(agent.region === undefined ? {} : { region: agent.region }),
    ...(agent.zone === undefined ? {} : { zone: agent.zone }),
    capacity: printAmounts(agent.total),
    conditions: [readyCondition(agent, remarks(node, agent, names))],
  };
}

interface AgentIndex {
  readonly attribute: string;
  readonly agents: ReadonlyMap<string, readonly Agent[]>;
}

/** Agents of each view by what Nodes look for: made once for a view, so that a rack's Nodes do not go through them all. */
const indexes = new WeakMap<ReadonlyMap<string, Agent>, AgentIndex>();

function candidatesIn(
  { items }: { readonly items: ReadonlyMap<string, Agent> },
  { metadata, spec }: Node,
  attribute: string,
): readonly Agent[] {
  const known = indexes.get(items);
  const agents = known?.attribute === attribute ? known.agents : indexed(items, attribute);
  indexes.set(items, { attribute, agents });
  const keys = [`name ${metadata.name}`, ...(spec.address === undefined ? [] : [`address ${spec.address}`])];
  return [...new Set(keys.flatMap((key) => agents.get(key) ?? []))];
}

function indexed(items: ReadonlyMap<string, Agent>, attribute: string): ReadonlyMap<string, readonly Agent[]> {
  const index = new Map<string, Agent[]>();
  for (const agent of items.values()) {
    const name = agent.attributes[attribute];
    const keys = name === undefined ? [`address ${agent.hostname}`, `address ${agent.ip}`] : [`name ${String(name)}`];
    for (const key of keys) index.set(key, [...(index.get(key) ?? []), agent]);
  }
  return index;
}

function kept(node: Node): Omit<NodeReport, "conditions"> {
  const { agent, attributes, region, zone, capacity } = node.status ?? {};
  // what was stored was sent by this very function
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(region === undefined ? {} : { region }),
    ...(zone === undefined ? {} : { zone }),
    ...(capacity === undefined ? {} : { capacity }),
  } as Omit<NodeReport, "conditions">;
}

/** What people should know of a node although its agent is active. */
function remarks(node: Node, agent: Agent, names: AttributeNames): string {
  const maintenance = agent.maintenance === undefined ? "" : maintenanceText(agent.maintenance);
  return [disagreements(node, agent, names), closedText(node), maintenance].filter((text) => text !== "").join("; ");
}

function closedText({ spec }: Node): string {
  if (spec.drain !== undefined) return "nothing new starts here (being drained)";
  return spec.unschedulable ? "nothing new starts here (unschedulable)" : "";
}

function maintenanceText({ start, end }: NonNullable<Agent["maintenance"]>): string {
  const until = end === undefined ? "until further notice" : `until ${timeText(end)}`;
  return `maintenance from ${timeText(start)} ${until}`;
}

function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Where the agent's own attributes say something else than the Rack does; the Rack counts. */
function disagreements({ spec }: Node, { attributes }: Agent, names: AttributeNames): string {
  const told = (name: string) => attributeText(attributes[name] ?? "");
  const pairs = [
    ["type", told(names.type), typeName(told(names.type)) === typeName(spec.type), spec.type],
    ["function", told(names.function), told(names.function) === spec.function, spec.function],
  ] as const;
  const differing = pairs.filter(([, text, isSame, wanted]) => text !== "" && wanted !== undefined && !isSame);
  return differing
    .map(([what, text, , wanted]) => `its agent says ${what} ${text}, the Rack says ${wanted}`)
    .join("; ");
}

function readyCondition(agent: Agent, message: string): NodeReport["conditions"][number] {
  if (agent.state === "Active") return { type: "Ready", status: "True", reason: "AgentActive", message };
  const status = agent.state === "Recovering" ? "Unknown" : "False";
  const text = [`its agent is ${agent.state}`, message].filter((part) => part !== "").join("; ");
  return { type: "Ready", status, reason: "AgentNotActive", message: text };
}

function attributeText(value: AttributeValue): string {
  return typeof value === "string" ? value : `[${value.map((range) => `${range.begin}-${range.end}`).join(",")}]`;
}
