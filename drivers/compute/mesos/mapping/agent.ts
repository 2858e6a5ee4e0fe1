import type { Agent, Offer } from "../../driver.js";
import type { WireDomain, WireOffer, WireTime, WireUnavailability } from "../wire.js";
import type { WireAgent, WireAgentInfo, WireWindow } from "../wire-operator.js";
import { attributesOf, poolsOf, resourcesOf } from "./resources.js";

/** An offer as placement sees it. */
export function offerOf(offer: WireOffer): Offer {
  return {
    id: offer.id.value,
    agentId: offer.agent_id.value,
    hostname: offer.hostname,
    attributes: attributesOf(offer.attributes),
    resources: resourcesOf(offer.resources),
    pools: poolsOf(offer.resources),
    role: offer.allocation_info?.role ?? offer.resources?.[0]?.allocation_info?.role ?? "*",
    ...locationOf(offer.domain),
    ...maintenanceOf(offer.unavailability),
  };
}

/** Planned maintenance in milliseconds of wall time. */
export function maintenanceOf(unavailability: WireUnavailability | undefined): Pick<Agent, "maintenance"> {
  if (unavailability === undefined) return {};
  const start = millisecondsOf(unavailability.start);
  const { duration } = unavailability;
  return { maintenance: duration === undefined ? { start } : { start, end: start + millisecondsOf(duration) } };
}

/** What a listing says of all agents. */
export interface AgentContext {
  /** Planned maintenance. */
  readonly windows: readonly WireWindow[];
  /** By which agents are reached: `http:` or `https:`. */
  readonly scheme: string;
}

/** A registered agent. Undefined when the master does not name its id. */
export function agentOf(agent: WireAgent, { windows, scheme }: AgentContext): Agent | undefined {
  return agentFrom(agent.agent_info, {
    windows,
    state: stateOf(agent),
    ip: ipOf(agent.pid),
    url: urlOf(agent.pid, scheme),
    resources: agent.total_resources ?? agent.agent_info.resources,
  });
}

/** An agent that the master knows from its registry but that is not back yet. */
export function recoveringAgentOf(info: WireAgentInfo, { windows }: AgentContext): Agent | undefined {
  return agentFrom(info, { windows, state: "Recovering", ip: undefined, url: undefined, resources: info.resources });
}

interface AgentFacts extends Pick<Agent, "state" | "ip"> {
  readonly url: string | undefined;
  readonly resources: WireAgentInfo["resources"];
  readonly windows: readonly WireWindow[];
}

function agentFrom(info: WireAgentInfo, more: AgentFacts): Agent | undefined {
  if (info.id === undefined) return undefined;
  return {
    id: info.id.value,
    hostname: info.hostname,
    ip: more.ip,
    ...(more.url === undefined ? {} : { url: more.url }),
    attributes: attributesOf(info.attributes),
    total: resourcesOf(more.resources),
    state: more.state,
    ...locationOf(info.domain),
    ...maintenanceOf(windowOf(info.hostname, more)?.unavailability),
  };
}

/** The window that names the agent's machine, by what of host name and address it says. */
function windowOf(hostname: string, { windows, ip }: AgentFacts): WireWindow | undefined {
  const isNamed = (machine: WireWindow["machine_ids"][number]) => {
    const hasHost = machine.hostname === undefined || machine.hostname.toLowerCase() === hostname.toLowerCase();
    const hasAddress = machine.ip === undefined || ip === undefined || machine.ip === ip;
    return hasHost && hasAddress && (machine.hostname ?? machine.ip) !== undefined;
  };
  return windows.find(({ machine_ids }) => machine_ids.some(isNamed));
}

/** Not active and not deactivated: its connection is gone, its fate is open. */
function stateOf(agent: WireAgent): Agent["state"] {
  if (agent.drain_info !== undefined) return "Draining";
  if (agent.deactivated === true) return "Deactivated";
  return agent.active ? "Active" : "Unreachable";
}

/** `slave(1)@127.0.0.1:5051` → `127.0.0.1` */
function ipOf(pid: string | undefined): string | undefined {
  return /@\[?([^\]]+?)\]?:\d+$/.exec(pid ?? "")?.[1];
}

/** `slave(1)@127.0.0.1:5051` → `http://127.0.0.1:5051` */
function urlOf(pid: string | undefined, scheme: string): string | undefined {
  const address = /@(.+:\d+)$/.exec(pid ?? "")?.[1];
  return address === undefined ? undefined : `${scheme}//${address}`;
}

/** The digits that JSON.parse rounds off are fractions of a millisecond. */
function millisecondsOf({ nanoseconds }: WireTime): number {
  return Math.round(nanoseconds / 1e6);
}

function locationOf(domain: WireDomain | undefined): Pick<Agent, "region" | "zone"> {
  const fault = domain?.fault_domain;
  return fault === undefined ? {} : { region: fault.region.name, zone: fault.zone.name };
}
