import { wireFrameworkHead } from "../cluster/frameworks.js";
import { wireTask, wireTaskJson } from "../cluster/tasks.js";
import {
  type Agent,
  domainOf,
  type Framework,
  type HeldExecutor,
  masterInfo,
  rolesOf as rolesIn,
  type Task,
  VERSION,
  type World,
} from "../cluster/world.js";
import { encodeJson } from "../wire/json.js";
import { type Bundle, nameOf, reservationOf, sumByRole, toWire } from "../wire/resources.js";
import { drainingMachines } from "./maintenance.js";
import { metricsOf } from "./metrics.js";
import { wireAgent, wireAgentInfo } from "./wire-agent.js";

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
  GET_EXECUTORS: executorsOf,
  GET_OPERATIONS: () => ({}),
  GET_QUOTA: () => ({ status: {} }),
  GET_LOGGING_LEVEL: () => ({ level: 0 }),
  GET_MAINTENANCE_STATUS: (world: World) => {
    const machines = drainingMachines(world);
    return { status: machines.length === 0 ? {} : { draining_machines: machines } };
  },
  GET_MAINTENANCE_SCHEDULE: (world: World) => {
    const { windows = [] } = world.maintenance.schedule;
    return { schedule: windows.length === 0 ? {} : { windows } };
  },
  GET_WEIGHTS: () => undefined,
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
  const part = LISTINGS[type](world);
  return part === undefined ? { type } : { type, [type.toLowerCase()]: part };
}

/** The four parts of GET_STATE. */
export function stateOf(world: World) {
  return {
    get_tasks: tasksOf(world),
    get_executors: executorsOf(world),
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

function executorsOf(world: World) {
  const executors = [...world.agents.values()].flatMap((agent) =>
    [...agent.executors.values()].map(({ executor }) => ({
      executor_info: executor.info,
      agent_id: { value: agent.id },
    })),
  );
  return { executors };
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
    frameworks: [...world.frameworks.values()].map((framework) => wireFramework(world, framework)),
    completed_frameworks: [...world.removedFrameworks.values()].map((framework) => wireFramework(world, framework)),
  };
}

function wireFramework(world: World, framework: Framework) {
  const offers = [...framework.offers];
  const held = [...[...framework.tasks.values()].filter((task) => !task.isReleased), ...executorsFor(world, framework)];
  return {
    ...wireFrameworkHead(framework),
    ...(offers.length === 0 ? {} : { offers: offers.map((offer) => offer.wire) }),
    ...listed("allocated_resources", held),
    ...listed("offered_resources", offers),
    offer_constraints: framework.constraints ?? {},
  };
}

function executorsFor(world: World, framework: Framework): readonly HeldExecutor[] {
  return [...world.agents.values()].flatMap((agent) =>
    agent.executors.size === 0 ? [] : [...agent.executors.values()].filter((held) => held.framework === framework),
  );
}

function listed(name: string, holders: readonly { readonly role: string; readonly resources: Bundle }[]) {
  const list = [...sumByRole(holders)].flatMap(([role, sum]) => toWire(sum, { allocatedTo: role, withRole: true }));
  return list.length === 0 ? {} : { [name]: list };
}

/** GET_TASKS as bytes of JSON: of a hundred thousand tasks only those that changed are written anew. */
export function tasksJson(world: World): Uint8Array {
  const frameworks = [...world.frameworks.values()];
  const completed = [...frameworks, ...world.removedFrameworks.values()].flatMap((framework) => framework.completed);
  return Buffer.concat([
    Buffer.from('{"type":"GET_TASKS","get_tasks":{"tasks":['),
    ...separated(frameworks.flatMap((framework) => [...framework.tasks.values()])),
    Buffer.from('],"unreachable_tasks":['),
    ...separated(frameworks.flatMap((framework) => [...framework.unreachable.values()])),
    Buffer.from(`],"completed_tasks":${encodeJson(completed)}}}`, "utf8"),
  ]);
}

const COMMA = Buffer.from(",");

function separated(tasks: readonly Task[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const task of tasks) {
    if (parts.length > 0) parts.push(COMMA);
    parts.push(wireTaskJson(task));
  }
  return parts;
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

/** Roles that frameworks are in, or agents reserve for. */
function rolesOf(world: World) {
  const frameworks = [...world.frameworks.values()];
  const reserved = [...world.agents.values()].flatMap((agent) => [...agent.total.keys()].map(reservationOf));
  const names = new Set([...frameworks.flatMap((entry) => rolesIn(entry.info)), ...reserved]);
  names.delete(undefined);
  return { roles: [...names].sort().map((name) => wireRole(world, frameworks, name ?? "*")) };
}

/** With quantities of what it holds and is offered; ports and sets are left out, as recorded. */
function wireRole(world: World, frameworks: readonly Framework[], name: string) {
  const members = frameworks.filter((framework) => rolesIn(framework.info).includes(name));
  const held = members.flatMap((framework) => [
    ...[...framework.tasks.values()].filter((task) => task.role === name && !task.isReleased),
    ...[...framework.offers].filter((offer) => offer.role === name),
    ...executorsFor(world, framework).filter((executor) => executor.role === name),
  ]);
  const sums = new Map<string, number>();
  for (const { resources } of held) {
    for (const [key, quantity] of resources) {
      if (quantity.type === "scalar") sums.set(nameOf(key), (sums.get(nameOf(key)) ?? 0) + quantity.milli);
    }
  }
  const resources = [...sums].map(([resource, milli]) => ({
    name: resource,
    type: "SCALAR",
    scalar: { value: milli / 1000 },
  }));
  return {
    name,
    weight: 1,
    ...(members.length === 0 ? {} : { frameworks: members.map(({ id }) => ({ value: id })) }),
    ...(resources.length === 0 ? {} : { resources }),
  };
}
