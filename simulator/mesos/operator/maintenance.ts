import { allocateSoon } from "../cluster/allocator.js";
import { AGENT_PORT } from "../cluster/offers.js";
import { rescind } from "../cluster/release.js";
import type { AgentSpec } from "../cluster/spec.js";
import {
  type Agent,
  type Framework,
  type InverseOffer,
  type MachineId,
  type MaintenanceSchedule,
  send,
  type Unavailability,
  type World,
} from "../cluster/world.js";

/** Replaces the schedule: all offers are taken back, agents in a window are offered with it and asked back. */
export function updateSchedule(world: World, schedule: MaintenanceSchedule): void {
  world.maintenance.schedule = schedule;
  world.inverseOffers.clear();
  for (const agent of world.agents.values()) agent.unavailability = unavailabilityOf(world, agent.spec);
  for (const offer of [...world.offers.values()]) rescind(world, offer);
  allocateSoon(world, world.agents.values());
  world.changed();
  askBackSoon(world);
}

/** When the machine of an agent is away, as the schedule says. */
export function unavailabilityOf(world: World, spec: AgentSpec): Unavailability | undefined {
  const windows = world.maintenance.schedule.windows ?? [];
  return windows.find((window) => (window.machine_ids ?? []).some((machine) => isMachine(spec, machine)))
    ?.unavailability;
}

function isMachine(spec: AgentSpec, { hostname, ip }: MachineId): boolean {
  const isHost = hostname === undefined || hostname === (spec.hostname ?? spec.name);
  return isHost && (ip === undefined || ip === spec.ip);
}

/** The machines that are to be emptied. */
export function drainingMachines(world: World): readonly { readonly id: MachineId }[] {
  const windows = world.maintenance.schedule.windows ?? [];
  return windows.flatMap((window) => (window.machine_ids ?? []).map((id) => ({ id })));
}

/** Inverse offers go out with the offers of the next round, to every framework that holds something there. */
function askBackSoon(world: World): void {
  const agents = [...world.agents.values()].filter((agent) => agent.unavailability !== undefined);
  if (agents.length === 0) return;
  const elapsed = world.clock.monotonic() - world.startedAt;
  const { allocationMs } = world.timing;
  world.clock.schedule(allocationMs - (elapsed % allocationMs), () => {
    for (const framework of world.frameworks.values()) askBack(world, framework, agents);
  });
}

function askBack(world: World, framework: Framework, agents: readonly Agent[]): void {
  if (framework.subscription === undefined) return;
  const held = agents.filter((agent) => agent.unavailability !== undefined && holdsOn(framework, agent));
  const offers = held.map((agent) => makeInverseOffer(world, { framework, agent }));
  if (offers.length === 0) return;
  send(framework, { type: "INVERSE_OFFERS", inverse_offers: { inverse_offers: offers.map(wireInverseOffer) } });
}

function holdsOn(framework: Framework, agent: Agent): boolean {
  for (const task of agent.tasks.values()) if (task.framework === framework) return true;
  for (const offer of agent.offers) if (offer.framework === framework) return true;
  return false;
}

function makeInverseOffer(world: World, to: Omit<InverseOffer, "id">): InverseOffer {
  const offer = { ...to, id: `${world.masterId}-O${world.counters.offer++}` };
  world.inverseOffers.set(offer.id, offer);
  return offer;
}

function wireInverseOffer({ id, framework, agent }: InverseOffer) {
  const { spec, unavailability } = agent;
  const hostname = spec.hostname ?? spec.name;
  return {
    id: { value: id },
    url: { scheme: "http", address: { hostname, ip: spec.ip, port: spec.port ?? AGENT_PORT }, path: "/slave(1)" },
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    unavailability,
  };
}

/** Takes the answer to inverse offers; one that is declined comes again when the filter has ended. */
export function answerInverse(
  world: World,
  framework: Framework,
  answer: { readonly ids: readonly string[]; readonly againAfterSeconds: number | undefined },
): void {
  const answered = answer.ids
    .flatMap((id) => world.inverseOffers.get(id) ?? [])
    .filter((o) => o.framework === framework);
  for (const { id } of answered) world.inverseOffers.delete(id);
  const agents = answered.map(({ agent }) => agent);
  if (answer.againAfterSeconds === undefined || agents.length === 0) return;
  world.clock.schedule(1000 * answer.againAfterSeconds, () => {
    if (world.frameworks.get(framework.id) === framework) askBack(world, framework, agents);
  });
}
