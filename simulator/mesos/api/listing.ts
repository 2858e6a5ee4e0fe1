import { wireFrameworkHead } from "../cluster/frameworks.js";
import { wireTask } from "../cluster/tasks.js";
import { wireAgent, wireAgentInfo } from "../cluster/wire-agent.js";
import { type Agent, domainOf, type Framework, masterInfo, VERSION, type World } from "../cluster/world.js";
import { add, type Bundle, EMPTY, toWire } from "../wire/resources.js";
import { metricsOf } from "./metrics.js";

const LISTINGS = {
  GET_HEALTH: () => ({ healthy: true }),
  GET_VERSION: () => ({ version_info: versionInfo() }),
  GET_MASTER: (world: World) => {
    const started = startTime(world);
    return { master_info: masterInfo(world), start_time: started, elected_time: started };
  },
  GET_FLAGS: (world: World) => ({ flags: flagsOf(world) }),
  GET_AGENTS: agentsOf,
  GET_FRAMEWORKS: frameworksOf,
  GET_TASKS: tasksOf,
  GET_EXECUTORS: () => ({}),
  GET_OPERATIONS: () => ({}),
  GET_ROLES: rolesOf,
  GET_METRICS: (world: World) => ({
    metrics: Object.entries(metricsOf(world)).map(([name, value]) => ({ name, value })),
  }),
  GET_STATE: stateOf,
} as const;

/** A call that only reads. */
export type Listing = keyof typeof LISTINGS;

/** Whether the call only reads. */
export function isListing(type: string): type is Listing {
  return type in LISTINGS;
}

/** The answer to a call that only reads. */
export function listingOf(world: World, type: Listing): unknown {
  return { type, [type.toLowerCase()]: LISTINGS[type](world) };
}

/** The four parts of GET_STATE. */
export function stateOf(world: World) {
  return {
    get_tasks: tasksOf(world),
    get_executors: { executors: [] },
    get_frameworks: frameworksOf(world),
    get_agents: agentsOf(world),
  };
}

/** What `/version` says too. */
export function versionInfo() {
  return { version: VERSION, build_date: "2024-08-01 00:00:00", build_time: 1722470400, build_user: "root" };
}

/** Seconds since the epoch at which this master started. */
export function startTime(world: World): number {
  return (world.clock.now() - (world.clock.monotonic() - world.startedAt)) / 1000;
}

function flagsOf(world: World) {
  const { cluster, timing } = world;
  const domain = domainOf(cluster);
  return [
    { name: "agent_ping_timeout", value: `${timing.pingTimeoutMs / 1000}secs` },
    { name: "agent_reregister_timeout", value: `${timing.reregisterTimeoutMs / 60_000}mins` },
    { name: "allocation_interval", value: `${timing.allocationMs / 1000}secs` },
    ...(domain === undefined ? [] : [{ name: "domain", value: JSON.stringify(domain) }]),
    { name: "hostname", value: cluster.hostname },
    { name: "max_agent_ping_timeouts", value: String(timing.pingTimeoutsMax) },
    { name: "registry", value: "replicated_log" },
  ];
}

function agentsOf(world: World) {
  const agents = [...world.agents.values()];
  return {
    agents: agents.filter(isListed).map(wireAgent),
    recovered_agents: agents.filter((agent) => agent.status === "Recovered").map(wireAgentInfo),
  };
}

function isListed(agent: Agent): boolean {
  return agent.status === "Registered";
}

function frameworksOf(world: World) {
  return {
    frameworks: [...world.frameworks.values()].map(wireFramework),
    completed_frameworks: [...world.removedFrameworks.values()].map(wireFramework),
  };
}

function wireFramework(framework: Framework) {
  const offers = [...framework.offers];
  const held = [...framework.tasks.values()].filter((task) => !task.isReleased);
  return {
    ...wireFrameworkHead(framework),
    ...(offers.length === 0 ? {} : { offers: offers.map((offer) => offer.wire) }),
    ...listed("allocated_resources", held),
    ...listed("offered_resources", offers),
    offer_constraints: framework.constraints ?? {},
  };
}

function listed(name: string, holders: readonly { readonly role: string; readonly resources: Bundle }[]) {
  const byRole = new Map<string, Bundle>();
  for (const { role, resources } of holders) byRole.set(role, add(byRole.get(role) ?? EMPTY, resources));
  const list = [...byRole].flatMap(([role, sum]) => toWire(sum, { allocatedTo: role, withRole: true }));
  return list.length === 0 ? {} : { [name]: list };
}

function tasksOf(world: World) {
  const frameworks = [...world.frameworks.values()];
  const all = [...frameworks, ...world.removedFrameworks.values()];
  return {
    tasks: frameworks.flatMap((framework) => [...framework.tasks.values()].map(wireTask)),
    unreachable_tasks: frameworks.flatMap((framework) => [...framework.unreachable.values()].map(wireTask)),
    completed_tasks: all.flatMap((framework) => framework.completed),
  };
}

function rolesOf(world: World) {
  const names = new Set([...world.frameworks.values()].flatMap((framework) => [...framework.shares.keys()]));
  return { roles: [...names].sort().map((name) => ({ name, weight: 1 })) };
}
