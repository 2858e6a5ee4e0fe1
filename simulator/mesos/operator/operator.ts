import type { WireResource } from "../../../drivers/compute/mesos/wire.js";
import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import { removeAgent } from "../cluster/agents.js";
import { allocateSoon } from "../cluster/allocator.js";
import { removeFramework } from "../cluster/frameworks.js";
import { conversionOf, convertTotal } from "../cluster/operations.js";
import { rescind } from "../cluster/release.js";
import type { Agent, MaintenanceSchedule, World } from "../cluster/world.js";
import { eventStream } from "../wire/event-stream.js";
import { acceptsJson, json, jsonBytes, notAcceptable, parseCall, refuseUnlessPost, text } from "../wire/http.js";
import { type OPERATOR_CALLS, operatorCall } from "../wire/operator-calls.js";
import { add, contains, subtract } from "../wire/resources.js";
import { deactivate, drain, reactivate } from "./drain.js";
import { isListing, listingOf, stateOf, tasksJson } from "./listing.js";
import { updateSchedule } from "./maintenance.js";

interface OnAgent {
  readonly agent_id: { readonly value: string };
}

interface ReceivedOperatorCall {
  readonly type?: (typeof OPERATOR_CALLS)[number];
  readonly teardown?: { readonly framework_id: { readonly value: string } };
  readonly mark_agent_gone?: OnAgent;
  readonly drain_agent?: OnAgent & {
    readonly max_grace_period?: { readonly seconds?: number };
    readonly mark_gone?: boolean;
  };
  readonly deactivate_agent?: OnAgent;
  readonly reactivate_agent?: OnAgent;
  readonly get_metrics?: unknown;
  readonly reserve_resources?: OnResources;
  readonly unreserve_resources?: OnResources;
  readonly update_maintenance_schedule?: { readonly schedule: MaintenanceSchedule };
  readonly start_maintenance?: unknown;
  readonly stop_maintenance?: unknown;
}

interface OnResources extends OnAgent {
  readonly resources?: readonly WireResource[];
}

/** `POST /api/v1`. */
export function serveOperator(world: World, request: HttpRequest): HttpResponse {
  const wrongMethod = refuseUnlessPost(request);
  if (wrongMethod !== undefined) return wrongMethod;
  const parsed = parseCall(request, operatorCall);
  if (parsed.type === "refused") return parsed.response;
  // the schema has checked the fields that are read
  const call = parsed.call as ReceivedOperatorCall;
  const problem = problemOf(call);
  if (problem !== undefined) return text(400, `Failed to validate master::Call: ${problem}`);
  if (!acceptsJson(request)) return notAcceptable();
  return answer(world, request, call);
}

function problemOf(call: ReceivedOperatorCall): string | undefined {
  const { type } = call;
  if (type === undefined) return "Expecting 'type' to be present";
  const part = NEEDS[type];
  return part !== undefined && call[part] === undefined ? `Expecting '${part}' to be present` : undefined;
}

const NEEDS: Readonly<Record<string, Exclude<keyof ReceivedOperatorCall, "type">>> = {
  TEARDOWN: "teardown",
  MARK_AGENT_GONE: "mark_agent_gone",
  DRAIN_AGENT: "drain_agent",
  DEACTIVATE_AGENT: "deactivate_agent",
  REACTIVATE_AGENT: "reactivate_agent",
  GET_METRICS: "get_metrics",
  RESERVE_RESOURCES: "reserve_resources",
  UNRESERVE_RESOURCES: "unreserve_resources",
  UPDATE_MAINTENANCE_SCHEDULE: "update_maintenance_schedule",
  START_MAINTENANCE: "start_maintenance",
  STOP_MAINTENANCE: "stop_maintenance",
};

function answer(world: World, request: HttpRequest, call: ReceivedOperatorCall): HttpResponse {
  switch (call.type) {
    case "SUBSCRIBE":
      return watch(world, request);
    case "TEARDOWN":
      return tearDown(world, call.teardown?.framework_id.value);
    case "MARK_AGENT_GONE":
      return onAgent(world, call.mark_agent_gone, (agent) => removeAgent(world, agent, "Gone"));
    case "DRAIN_AGENT":
      return onAgent(world, call.drain_agent, (agent) => drain(world, agent, call.drain_agent ?? {}));
    case "DEACTIVATE_AGENT":
      return onAgent(world, call.deactivate_agent, (agent) => deactivate(world, agent));
    case "REACTIVATE_AGENT":
      return onAgent(world, call.reactivate_agent, (agent) => reactivate(world, agent));
    case "RESERVE_RESOURCES":
      return convert(world, "RESERVE", call.reserve_resources);
    case "UNRESERVE_RESOURCES":
      return convert(world, "UNRESERVE", call.unreserve_resources);
    case "UPDATE_MAINTENANCE_SCHEDULE":
      updateSchedule(world, call.update_maintenance_schedule?.schedule ?? {});
      return text(200, "");
    case "GET_TASKS":
      return jsonBytes(request, tasksJson(world));
    default:
      if (call.type !== undefined && isListing(call.type)) return json(request, listingOf(world, call.type));
      return text(501, `${call.type} is not simulated`);
  }
}

function onAgent(world: World, on: OnAgent | undefined, act: (agent: Agent) => void): HttpResponse {
  const agent = world.agents.get(on?.agent_id.value ?? "");
  if (agent === undefined || agent.status === "Unregistered") return text(400, "Unknown agent");
  act(agent);
  world.changed();
  return text(200, "");
}

/** Reserves what is free or offered; offers are taken back until it is enough. */
function convert(world: World, type: "RESERVE" | "UNRESERVE", on: OnResources | undefined): HttpResponse {
  const agent = world.agents.get(on?.agent_id.value ?? "");
  if (agent === undefined) return text(400, "No agent found with specified ID");
  const resources = on?.resources ?? [];
  const role = resources[0]?.reservations?.at(-1)?.role ?? "*";
  const conversion = conversionOf({ type, resources }, role);
  for (const offer of [...agent.offers]) {
    if (contains(agent.free, conversion.before)) break;
    rescind(world, offer);
  }
  if (!contains(agent.free, conversion.before)) return text(409, "Invalid operation: not enough free resources");
  convertTotal(agent, conversion);
  agent.free = add(subtract(agent.free, conversion.before), conversion.after);
  allocateSoon(world, [agent]);
  world.changed();
  return text(202, "");
}

function tearDown(world: World, id: string | undefined): HttpResponse {
  const framework = world.frameworks.get(id ?? "");
  if (framework === undefined) return text(400, "No framework found with specified ID");
  removeFramework(world, framework);
  return text(200, "");
}

function watch(world: World, request: HttpRequest): HttpResponse {
  const stream = eventStream(request.signal, () => world.watchers.delete(stream));
  world.watchers.add(stream);
  stream.push({
    type: "SUBSCRIBED",
    subscribed: { heartbeat_interval_seconds: world.timing.heartbeatMs / 1000, get_state: stateOf(world) },
  });
  stream.push({ type: "HEARTBEAT" });
  const beat = () => {
    if (!stream.isOpen()) return;
    stream.push({ type: "HEARTBEAT" });
    world.clock.schedule(world.timing.heartbeatMs, beat);
  };
  world.clock.schedule(world.timing.heartbeatMs, beat);
  return {
    status: 200,
    headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
    body: stream.body,
  };
}
