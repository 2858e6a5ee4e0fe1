import type { WireOffer } from "../../../drivers/compute/mesos/wire.js";
import { type Bundle, milliOf, subtract, toWire } from "../wire/resources.js";
import { type Agent, domainOf, type Framework, isCapable, type Offer, type World } from "./world.js";

/** Takes resources off an agent for one role of a framework. The caller sends the offer. */
export function makeOffer(world: World, to: OfferTarget): Offer {
  const { framework, agent, role, resources } = to;
  const id = `${world.masterId}-O${world.counters.offer++}`;
  const offer: Offer = { ...to, id, wire: wireOffer(to, id) };
  agent.free = subtract(agent.free, resources);
  hold(framework, role, resources);
  world.offers.set(id, offer);
  agent.offers.add(offer);
  framework.offers.add(offer);
  return offer;
}

/** Who gets what of which agent. */
export interface OfferTarget {
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly resources: Bundle;
}

function wireOffer({ framework, agent, role, resources }: OfferTarget, id: string): WireOffer {
  const { spec } = agent;
  const hostname = spec.hostname ?? spec.name;
  const domain = domainOf(spec);
  const isMultiRole = isCapable(framework, "MULTI_ROLE");
  return {
    id: { value: id },
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    hostname,
    url: { scheme: "http", address: { hostname, ip: spec.ip, port: spec.port ?? AGENT_PORT }, path: "/slave(1)" },
    ...(domain === undefined ? {} : { domain }),
    resources: toWire(resources, {
      ...(isMultiRole ? { allocatedTo: role } : {}),
      isOld: !isCapable(framework, "RESERVATION_REFINEMENT"),
    }),
    attributes: agent.attributes,
    ...executorIds(framework, agent),
    ...(agent.unavailability === undefined ? {} : { unavailability: agent.unavailability }),
    ...(isMultiRole ? { allocation_info: { role } } : {}),
  };
}

/** Executors of the framework that run there, for further tasks. */
function executorIds(framework: Framework, agent: Agent): Pick<WireOffer, "executor_ids"> {
  if (agent.executors.size === 0) return {};
  const ids = [...agent.executors.values()].filter((held) => held.framework === framework);
  return ids.length === 0 ? {} : { executor_ids: ids.map((held) => ({ value: held.executor.id })) };
}

/** Where agents listen when their spec does not say. */
export const AGENT_PORT = 5051;

/** Counts resources against a framework's share of the cluster. */
export function hold(framework: Framework, role: string, resources: Bundle): void {
  const share = framework.shares.get(role) ?? { cpus: 0, mem: 0 };
  share.cpus += milliOf(resources, "cpus");
  share.mem += milliOf(resources, "mem");
  framework.shares.set(role, share);
}

/** The opposite of `hold`. */
export function release(framework: Framework, role: string, resources: Bundle): void {
  const share = framework.shares.get(role);
  if (share === undefined) return;
  share.cpus -= milliOf(resources, "cpus");
  share.mem -= milliOf(resources, "mem");
}
