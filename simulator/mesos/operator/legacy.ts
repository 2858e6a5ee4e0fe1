import type { WireTaskStatus } from "../../../drivers/compute/mesos/wire.js";
import type { WireTask } from "../../../drivers/compute/mesos/wire-operator.js";
import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import { removeFramework } from "../cluster/frameworks.js";
import { AGENT_PORT } from "../cluster/offers.js";
import { wireTask } from "../cluster/tasks.js";
import { type Agent, domainOf, type Framework, masterInfo, type Task, VERSION, type World } from "../cluster/world.js";
import { plainAttribute } from "../wire/attributes.js";
import { json, pathOf, queryOf, text } from "../wire/http.js";
import { add, type Bundle, EMPTY, fromWire, nameOf, printQuantity } from "../wire/resources.js";
import { startTime, versionInfo } from "./listing.js";
import { drainingMachines } from "./maintenance.js";
import { metricsOf } from "./metrics.js";
import { AGENT_CAPABILITIES } from "./wire-agent.js";

/** The old GET endpoints of the master. */
export function serveLegacy(world: World, request: HttpRequest): HttpResponse {
  switch (pathOf(request)) {
    case "/health":
      return text(200, "");
    case "/version":
      return json(request, versionInfo());
    case "/redirect":
      return text(307, "", { location: `//${world.cluster.hostname}:${world.cluster.port}` });
    case "/state":
      return json(request, stateOf(world));
    case "/slaves":
      return json(request, { slaves: slavesOf(world), recovered_slaves: [] });
    case "/tasks":
      return json(request, { tasks: listTasks(world, queryOf(request)) });
    case "/frameworks":
      return json(request, {
        frameworks: [...world.frameworks.values()].map(legacyFramework),
        completed_frameworks: [...world.removedFrameworks.values()].map(legacyFramework),
        unregistered_frameworks: [],
      });
    case "/maintenance/status": {
      const machines = drainingMachines(world);
      return json(request, machines.length === 0 ? {} : { draining_machines: machines });
    }
    case "/maintenance/schedule":
      return json(request, world.maintenance.schedule);
    case "/metrics/snapshot":
      return json(request, metricsOf(world));
    case "/teardown":
      return tearDown(world, request);
    default:
      return text(404, "404 Not Found.");
  }
}

function tearDown(world: World, request: HttpRequest): HttpResponse {
  const form = new URLSearchParams(Buffer.from(request.body ?? new Uint8Array()).toString("utf8"));
  const framework = world.frameworks.get(form.get("frameworkId") ?? "");
  if (framework === undefined) return text(400, "No framework found with specified ID");
  removeFramework(world, framework);
  return text(200, "");
}

function stateOf(world: World) {
  const { capabilities: _capabilities, ...leader } = masterInfo(world);
  const agents = [...world.agents.values()];
  const domain = domainOf(world.cluster);
  return {
    ...versionInfo(),
    start_time: startTime(world),
    elected_time: startTime(world),
    id: world.masterId,
    pid: leader.pid,
    hostname: leader.hostname,
    activated_slaves: agents.filter((agent) => agent.status === "Registered" && agent.isConnected).length,
    deactivated_slaves: agents.filter((agent) => agent.status === "Registered" && !agent.isConnected).length,
    unreachable_slaves: agents.filter((agent) => agent.status === "Unreachable").length,
    ...(domain === undefined ? {} : { domain }),
    leader: leader.pid,
    leader_info: { id: leader.id, pid: leader.pid, port: leader.port, hostname: leader.hostname },
    cluster: world.cluster.clusterName ?? "simulated",
    slaves: slavesOf(world),
    frameworks: [...world.frameworks.values()].map(legacyFramework),
    completed_frameworks: [...world.removedFrameworks.values()].map(legacyFramework),
    orphan_tasks: [],
    unregistered_frameworks: [],
  };
}

function legacyFramework(framework: Framework) {
  const { info } = framework;
  const isConnected = framework.subscription !== undefined;
  return {
    id: framework.id,
    name: info.name,
    user: info.user,
    failover_timeout: info.failover_timeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    registered_time: framework.registeredAt / 1000,
    active: isConnected,
    connected: isConnected,
    recovered: framework.isRecovered,
    roles: info.roles ?? [],
    tasks: [...framework.tasks.values()].map(legacyTask),
    unreachable_tasks: [...framework.unreachable.values()].map(legacyTask),
    completed_tasks: framework.completed.map(legacyListed),
  };
}

function slavesOf(world: World) {
  return [...world.agents.values()].filter((agent) => agent.status === "Registered").map(legacyAgent);
}

function legacyAgent(agent: Agent) {
  const { spec } = agent;
  const domain = domainOf(spec);
  const held = [...agent.tasks.values()].filter((task) => !task.isReleased).map((task) => task.resources);
  const offered = [...agent.offers].map((offer) => offer.resources);
  return {
    id: agent.id,
    hostname: spec.hostname ?? spec.name,
    port: spec.port ?? AGENT_PORT,
    attributes: Object.fromEntries(agent.attributes.map((entry) => [entry.name, plainAttribute(entry)])),
    ...(domain === undefined ? {} : { domain }),
    pid: `slave(1)@${spec.ip}:${spec.port ?? AGENT_PORT}`,
    registered_time: agent.registeredAt / 1000,
    resources: plainResources(agent.total),
    used_resources: plainResources(held.reduce(add, EMPTY)),
    offered_resources: plainResources(offered.reduce(add, EMPTY)),
    active: agent.isConnected && !agent.isDeactivated,
    deactivated: agent.isDeactivated,
    version: VERSION,
    capabilities: AGENT_CAPABILITIES,
    ...(agent.drain === undefined
      ? {}
      : {
          drain_info: { state: agent.drain.state, config: agent.drain.config },
          estimated_drain_start_time_seconds: agent.drain.startedAt / 1000,
        }),
  };
}

/** Sums over all roles; disk, mem, gpus and cpus are always there. */
export function plainResources(bundle: Bundle): Readonly<Record<string, number | string>> {
  const plain: Record<string, number | string> = { disk: 0, mem: 0, gpus: 0, cpus: 0 };
  for (const [key, quantity] of bundle) {
    const name = nameOf(key);
    const before = plain[name];
    plain[name] =
      quantity.type === "scalar" && typeof before !== "string"
        ? (before ?? 0) + quantity.milli / 1000
        : printQuantity(quantity);
  }
  return plain;
}

function listTasks(world: World, query: URLSearchParams) {
  const frameworks = [...world.frameworks.values()];
  const tasks = [
    ...frameworks.flatMap(({ completed }) => completed.map(legacyListed)),
    ...frameworks.flatMap((framework) => [...framework.tasks.values()].map(legacyTask)),
  ];
  const ordered = query.get("order") === "asc" ? tasks : tasks.toReversed();
  const offset = Number(query.get("offset") ?? 0);
  return ordered.slice(offset, offset + Number(query.get("limit") ?? DEFAULT_LIMIT));
}

const DEFAULT_LIMIT = 100;

function legacyTask(task: Task) {
  return legacyListed(wireTask(task));
}

function legacyListed(wire: WireTask) {
  const role = wire.resources?.[0]?.allocation_info?.role ?? "*";
  const { discovery, container, health_check, labels } = wire;
  return {
    id: wire.task_id.value,
    name: wire.name,
    framework_id: wire.framework_id.value,
    executor_id: wire.executor_id?.value ?? "",
    slave_id: wire.agent_id.value,
    state: wire.state,
    resources: plainResources(fromWire(wire.resources ?? [], role)),
    role,
    statuses: (wire.statuses ?? []).map(legacyStatus),
    ...(labels === undefined ? {} : { labels: labels.labels ?? [] }),
    ...(discovery === undefined ? {} : { discovery }),
    ...(container === undefined ? {} : { container }),
    ...(health_check === undefined ? {} : { health_check }),
  };
}

/** Without the process of the executor. */
export function legacyStatus({ state, timestamp, container_status, healthy }: WireTaskStatus) {
  const { executor_pid: _, ...container } = container_status ?? {};
  return {
    state,
    timestamp,
    ...(container_status === undefined ? {} : { container_status: container }),
    ...(healthy === undefined ? {} : { healthy }),
  };
}
