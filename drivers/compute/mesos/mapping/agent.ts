import type { Agent, Offer } from "../../driver.js";
import type { WireDomain, WireOffer } from "../wire.js";
import type { WireAgent, WireAgentInfo } from "../wire-operator.js";
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
  };
}

/** A registered agent. Undefined when the master does not name its id. */
export function agentOf(agent: WireAgent): Agent | undefined {
  return agentFrom(agent.agent_info, {
    state: stateOf(agent),
    ip: ipOf(agent.pid),
    url: urlOf(agent.pid),
    resources: agent.total_resources ?? agent.agent_info.resources,
  });
}

/** An agent that the master knows from its registry but that is not back yet. */
export function recoveringAgentOf(info: WireAgentInfo): Agent | undefined {
  return agentFrom(info, { state: "Recovering", ip: undefined, url: undefined, resources: info.resources });
}

function agentFrom(
  info: WireAgentInfo,
  more: Pick<Agent, "state" | "ip"> & { readonly url: string | undefined } & {
    readonly resources: WireAgentInfo["resources"];
  },
): Agent | undefined {
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
  };
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
function urlOf(pid: string | undefined): string | undefined {
  const address = /@(.+:\d+)$/.exec(pid ?? "")?.[1];
  return address === undefined ? undefined : `http://${address}`;
}

function locationOf(domain: WireDomain | undefined): Pick<Agent, "region" | "zone"> {
  const fault = domain?.fault_domain;
  return fault === undefined ? {} : { region: fault.region.name, zone: fault.zone.name };
}
