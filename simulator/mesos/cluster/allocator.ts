import { isWanted } from "../wire/constraints.js";
import { type Bundle, contains, usableBy } from "../wire/resources.js";
import { makeOffer } from "./offers.js";
import { type Agent, type Framework, type Offer, rolesOf, send, type World } from "./world.js";

/** Offers what is free of these agents at the next interval. */
export function allocateSoon(world: World, agents: Iterable<Agent>): void {
  for (const agent of agents) world.allocation.dirty.add(agent);
  if (world.allocation.dirty.size === 0 || world.allocation.timer !== undefined) return;
  const { allocationMs } = world.timing;
  const elapsed = world.clock.monotonic() - world.startedAt;
  arm(world, allocationMs - (elapsed % allocationMs));
}

/** Offers what is free of these agents without waiting for the interval, as after a subscription or a REVIVE. */
export function allocateNow(world: World, agents: Iterable<Agent>): void {
  for (const agent of agents) world.allocation.dirty.add(agent);
  if (world.allocation.dirty.size === 0 || world.allocation.isUrgent) return;
  world.allocation.timer?.cancel();
  world.allocation.isUrgent = true;
  arm(world, URGENT_MS);
}

const URGENT_MS = 4;

function arm(world: World, delayMs: number): void {
  world.allocation.timer = world.clock.schedule(delayMs, () => {
    world.allocation.timer = undefined;
    world.allocation.isUrgent = false;
    allocate(world);
  });
}

/** Looks only at agents that changed since the last round: each is offered whole to the claim with the smallest share. */
function allocate(world: World): void {
  const agents = [...world.allocation.dirty].sort((a, b) => a.order - b.order);
  world.allocation.dirty.clear();
  const claims = claimsOf(world);
  const offered = new Map<Framework, Offer[]>();
  for (const agent of agents) {
    for (;;) {
      const offer = offerOnce(world, agent, claims);
      if (offer === undefined) break;
      const list = offered.get(offer.framework);
      if (list === undefined) offered.set(offer.framework, [offer]);
      else list.push(offer);
    }
  }
  for (const [framework, offers] of offered) {
    send(framework, { type: "OFFERS", offers: { offers: offers.map((offer) => offer.wire) } });
  }
}

interface Claim {
  readonly framework: Framework;
  readonly role: string;
}

function claimsOf(world: World): readonly Claim[] {
  return [...world.frameworks.values()].flatMap((framework) =>
    framework.subscription === undefined
      ? []
      : rolesOf(framework.info)
          .filter((role) => !framework.suppressed.has(role))
          .map((role) => ({ framework, role })),
  );
}

function offerOnce(world: World, agent: Agent, claims: readonly Claim[]): Offer | undefined {
  if (agent.status !== "Registered" || !agent.isConnected || agent.isDeactivated || agent.free.size === 0)
    return undefined;
  let best: { readonly claim: Claim; readonly share: number } | undefined;
  for (const claim of claims) {
    const share = shareOf(claim);
    if ((best === undefined || share < best.share) && mayHave(world, agent, claim)) best = { claim, share };
  }
  if (best === undefined) return undefined;
  const { framework, role } = best.claim;
  return makeOffer(world, { framework, agent, role, resources: usableBy(agent.free, role) });
}

/** Dominant share; a constant factor per resource is enough to compare. */
function shareOf({ framework, role }: Claim): number {
  const share = framework.shares.get(role);
  return share === undefined ? 0 : Math.max(share.cpus, share.mem / MEM_PER_CPU);
}

const MEM_PER_CPU = 1024;

function mayHave(world: World, agent: Agent, { framework, role }: Claim): boolean {
  const resources = usableBy(agent.free, role);
  if (resources.size === 0) return false;
  const now = world.clock.monotonic();
  const filters = agent.filters.get(filterKey(framework, role));
  if (filters?.some((filter) => filter.until > now && contains(filter.resources, resources))) return false;
  const { spec, attributes } = agent;
  const hostname = spec.hostname ?? spec.name;
  return isWanted(framework.constraints, role, { hostname, region: spec.region, zone: spec.zone, attributes });
}

/** What a role refused of one agent. */
export interface Refusal {
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly resources: Bundle;
}

/** Remembers refusals, which hold for any subset of their resources; one timer for all of them. */
export function refuse(world: World, refusals: readonly Refusal[], refuseSeconds: number | undefined): void {
  const durationMs = 1000 * Math.min(refuseSeconds ?? DEFAULT_REFUSE_SECONDS, REFUSE_SECONDS_MAX);
  // recorded: a negative duration filters nothing, whatever Mesos' documentation says
  if (durationMs <= 0 || refusals.length === 0) return;
  const lastsMs = Math.max(durationMs, world.timing.allocationMs);
  const now = world.clock.monotonic();
  for (const { framework, agent, role, resources } of refusals) {
    const key = filterKey(framework, role);
    const live = (agent.filters.get(key) ?? []).filter((filter) => filter.until > now);
    agent.filters.set(key, [...live, { resources, until: now + lastsMs }]);
  }
  world.clock.schedule(lastsMs, () => {
    allocateSoon(
      world,
      refusals.map((refusal) => refusal.agent).filter((agent) => world.agents.get(agent.id) === agent),
    );
  });
}

const DEFAULT_REFUSE_SECONDS = 5;
const REFUSE_SECONDS_MAX = 365 * 24 * 3600;

/** Forgets the filters of a role. */
export function clearFilters(world: World, framework: Framework, roles: readonly string[]): void {
  for (const agent of world.agents.values()) {
    for (const role of roles) agent.filters.delete(filterKey(framework, role));
  }
}

function filterKey(framework: Framework, role: string): string {
  return `${framework.id}/${role}`;
}
