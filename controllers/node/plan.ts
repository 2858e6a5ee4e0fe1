import type { Node } from "../../api-types/node.js";
import type { Agent, AttributeValue } from "../../drivers/compute/driver.js";
import type { Observation } from "../../drivers/observation.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { isAgentOf, typeName } from "../matching.js";

/** Which attributes of an agent name its node, the node's type and its function (`nodeAttributes` of the Rack). */
export interface AttributeNames {
  readonly name: string;
  readonly type: string;
  readonly function: string;
}

/** What the node loop owns of a Node's status. */
export interface NodeReport {
  readonly agent?: {
    readonly id: string;
    readonly hostname: string;
    readonly address?: string;
    readonly state: string;
  };
  readonly attributes?: Readonly<Record<string, string>>;
  readonly capacity?: { readonly cpu: string; readonly memory: string; readonly disk: string };
  readonly conditions: readonly ConditionUpdate[];
}

/** The status of a Node from what the master says of its agent; an unanswered question changes nothing but the condition. */
export function nodeReport(node: Node, agents: Observation<Agent>, names: AttributeNames): NodeReport {
  if (agents.type === "Unknown") {
    const message = `the compute back end does not answer: ${agents.reason}`;
    return { ...kept(node), conditions: [{ type: "Ready", status: "Unknown", reason: "AgentUnknown", message }] };
  }
  const candidates = [...agents.items.values()].filter((candidate) => isAgentOf(node, candidate, names.name));
  // an agent that lost its work directory registers anew beside its former self
  const agent = candidates.find((candidate) => candidate.state === "Active") ?? candidates[0];
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
      state: agent.state,
    },
    attributes: Object.fromEntries(
      Object.entries(agent.attributes).map(([name, value]) => [name, attributeText(value)]),
    ),
    capacity: {
      cpu: String(agent.total.cpu),
      memory: `${Math.floor(agent.total.memoryMiB)}Mi`,
      disk: `${Math.floor(agent.total.diskMiB)}Mi`,
    },
    conditions: [readyCondition(agent, disagreements(node, agent, names))],
  };
}

function kept(node: Node): Omit<NodeReport, "conditions"> {
  const { agent, attributes, capacity } = node.status ?? {};
  // what was stored was sent by this very function
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(capacity === undefined ? {} : { capacity }),
  } as Omit<NodeReport, "conditions">;
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
  return { type: "Ready", status, reason: "AgentNotActive", message: `its agent is ${agent.state}` };
}

function attributeText(value: AttributeValue): string {
  return typeof value === "string" ? value : `[${value.map((range) => `${range.begin}-${range.end}`).join(",")}]`;
}
