import type { WireAgent, WireAgentInfo } from "../../../drivers/compute/mesos/wire-operator.js";
import { holdersOn } from "../cluster/executors.js";
import { AGENT_PORT } from "../cluster/offers.js";
import { type Agent, domainOf, VERSION } from "../cluster/world.js";
import { type Bundle, sumByRole, toWire } from "../wire/resources.js";

/** An agent as the master lists it. */
export function wireAgent(agent: Agent): WireAgent {
  const allocated = listed(holdersOn(agent));
  const offered = listed([...agent.offers]);
  return {
    agent_info: wireAgentInfo(agent),
    active: agent.isConnected && !agent.isDeactivated,
    deactivated: agent.isDeactivated,
    version: VERSION,
    pid: `slave(1)@${agent.spec.ip}:${agent.spec.port ?? AGENT_PORT}`,
    registered_time: { nanoseconds: agent.registeredAt * 1e6 },
    ...(agent.reregisteredAt === undefined ? {} : { reregistered_time: { nanoseconds: agent.reregisteredAt * 1e6 } }),
    total_resources: toWire(agent.total, { withRole: true }),
    ...(allocated.length === 0 ? {} : { allocated_resources: allocated }),
    ...(offered.length === 0 ? {} : { offered_resources: offered }),
    capabilities: AGENT_CAPABILITIES.map((type) => ({ type })),
    ...drainOf(agent),
  };
}

function drainOf({ drain }: Agent) {
  if (drain === undefined) return {};
  return {
    drain_info: { state: drain.state, config: drain.config },
    estimated_drain_start_time: { nanoseconds: drain.startedAt * 1e6 },
  };
}

/** What the recorded agents declared. */
export const AGENT_CAPABILITIES = [
  "MULTI_ROLE",
  "HIERARCHICAL_ROLE",
  "RESERVATION_REFINEMENT",
  "RESOURCE_PROVIDER",
  "RESIZE_VOLUME",
  "AGENT_OPERATION_FEEDBACK",
  "AGENT_DRAINING",
  "TASK_RESOURCE_LIMITS",
] as const;

/** An agent as it describes itself. */
export function wireAgentInfo(agent: Agent): WireAgentInfo {
  const { spec } = agent;
  const domain = domainOf(spec);
  return {
    hostname: spec.hostname ?? spec.name,
    port: spec.port ?? AGENT_PORT,
    resources: toWire(agent.total),
    attributes: agent.attributes,
    id: { value: agent.id },
    ...(domain === undefined ? {} : { domain }),
    checkpoint: true,
  };
}

/** Sums of what is held, role by role. */
function listed(holders: readonly { readonly role: string; readonly resources: Bundle }[]) {
  return [...sumByRole(holders)].flatMap(([role, sum]) => toWire(sum, { allocatedTo: role, withRole: true }));
}
