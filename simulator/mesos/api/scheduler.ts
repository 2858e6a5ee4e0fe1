import type {
  WireFilters,
  WireId,
  WireKillPolicy,
  WireStreamCall,
  WireTaskKey,
} from "../../../drivers/compute/mesos/wire.js";
import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import { killOnAgent } from "../cluster/agents.js";
import { allocateNow, clearFilters, refuse } from "../cluster/allocator.js";
import { onDisconnected, removeFramework, subscribe } from "../cluster/frameworks.js";
import { acknowledgeOperation, reconcileOperations } from "../cluster/operations.js";
import { answer, reconcile } from "../cluster/reconcile.js";
import { closeOffer } from "../cluster/release.js";
import { settleAcknowledged } from "../cluster/tasks.js";
import { type Framework, type Offer, rolesOf, send, taskKey, type World } from "../cluster/world.js";
import { toNode } from "../node/link.js";
import { acknowledge } from "../node/updates.js";
import { answerInverse } from "../operator/maintenance.js";
import { schedulerCall } from "../wire/calls.js";
import { eventStream } from "../wire/event-stream.js";
import { acceptsJson, notAcceptable, parseCall, refuseUnlessPost, text } from "../wire/http.js";
import { EMPTY } from "../wire/resources.js";
import { accept } from "./accept.js";
import { principalProblem, registrationProblem } from "./authenticate.js";
import {
  callProblem,
  frameworkProblem,
  type InverseAnswer,
  type ReceivedCall,
  type ReceivedSubscribe,
} from "./call-validate.js";
import { updateFramework } from "./update-framework.js";

/** `POST /api/v1/scheduler`. */
export function serveScheduler(world: World, request: HttpRequest, principal?: string): HttpResponse {
  const wrongMethod = refuseUnlessPost(request);
  if (wrongMethod !== undefined) return wrongMethod;
  const parsed = parseCall(request, schedulerCall);
  if (parsed.type === "refused") return parsed.response;
  // the schema has checked every field that is read; which belong together is checked next
  const call = parsed.call as unknown as ReceivedCall;
  const problem = callProblem(call);
  if (problem !== undefined) return text(400, `Failed to validate scheduler::Call: ${problem}`);
  if (call.type === "SUBSCRIBE") {
    const { framework_info } = call.subscribe;
    const mismatch = principalProblem(principal, framework_info.principal);
    if (mismatch !== undefined) return text(400, `Failed to validate scheduler::Call: ${mismatch}`);
    const info = principal === undefined ? framework_info : { ...framework_info, principal };
    return serveSubscribe(world, request, { ...call.subscribe, framework_info: info });
  }
  const framework = world.frameworks.get(call.framework_id?.value ?? "");
  const mismatch = principalProblem(principal, framework?.info.principal);
  return mismatch === undefined ? serveStreamCall(world, request, call) : text(400, mismatch);
}

function serveSubscribe(world: World, request: HttpRequest, call: ReceivedSubscribe): HttpResponse {
  if (!acceptsJson(request)) return notAcceptable();
  if (request.headers["mesos-stream-id"] !== undefined) {
    return text(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header");
  }
  const streamId = world.random.uuid();
  const stream = eventStream(request.signal, () => {
    const framework = [...world.frameworks.values()].find((entry) => entry.subscription?.streamId === streamId);
    if (framework !== undefined) onDisconnected(world, framework, streamId);
  });
  const { framework_info: info } = call;
  const problem =
    frameworkProblem(info) ?? registrationProblem(world.cluster.authentication, info.principal, rolesOf(info));
  if (problem === undefined) {
    const suppressedRoles = call.suppressed_roles ?? [];
    subscribe(world, {
      info: call.framework_info,
      suppressedRoles,
      constraints: call.offer_constraints,
      stream,
      streamId,
    });
  } else {
    stream.push({ type: "ERROR", error: { message: problem } });
    stream.end();
  }
  return {
    status: 200,
    headers: { "content-type": "application/json", "mesos-stream-id": streamId, "transfer-encoding": "chunked" },
    body: stream.body,
  };
}

function serveStreamCall(world: World, request: HttpRequest, call: ReceivedCall): HttpResponse {
  const framework = world.frameworks.get(call.framework_id?.value ?? "");
  if (framework === undefined) return text(400, "Framework cannot be found");
  if (framework.subscription === undefined) return text(403, "Framework is not subscribed");
  const streamId = request.headers["mesos-stream-id"];
  if (streamId === undefined) return text(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header");
  if (streamId !== framework.subscription.streamId) {
    const message = `The stream ID '${streamId}' included in this request didn't match the stream ID currently associated with framework ID ${framework.id}`;
    return text(400, message);
  }
  if (call.type === "UPDATE_FRAMEWORK") return updateFramework(world, framework, call.update_framework);
  perform(world, framework, call);
  return text(202, "");
}

function perform(world: World, framework: Framework, call: ReceivedCall): void {
  switch (call.type) {
    case "TEARDOWN":
      removeFramework(world, framework);
      return;
    case "ACCEPT":
      accept(world, framework, call.accept);
      return;
    case "DECLINE":
      decline(world, framework, call.decline);
      return;
    case "REVIVE":
      revive(world, framework, call.revive?.roles);
      return;
    case "SUPPRESS":
      suppress(framework, call.suppress?.roles);
      return;
    case "KILL":
      kill(world, framework, call.kill);
      return;
    case "SHUTDOWN":
      shutDownExecutor(world, framework, call.shutdown.executor_id.value);
      return;
    case "ACKNOWLEDGE":
      acknowledged(world, framework, call.acknowledge);
      return;
    case "RECONCILE":
      reconcile(world, framework, call.reconcile.tasks ?? []);
      return;
    default:
      performRare(world, framework, call);
  }
}

function performRare(world: World, framework: Framework, call: ReceivedCall): void {
  switch (call.type) {
    case "ACKNOWLEDGE_OPERATION_STATUS":
      acknowledgeOperation(world, framework, call.acknowledge_operation_status);
      return;
    case "RECONCILE_OPERATIONS":
      reconcileOperations(world, framework, call.reconcile_operations.operations ?? []);
      return;
    case "ACCEPT_INVERSE_OFFERS":
      answerInverse(world, framework, { ids: idsOf(call.accept_inverse_offers), againAfterSeconds: undefined });
      return;
    case "DECLINE_INVERSE_OFFERS": {
      const { filters } = call.decline_inverse_offers;
      const againAfterSeconds = filters?.refuse_seconds ?? DEFAULT_REFUSE_SECONDS;
      answerInverse(world, framework, { ids: idsOf(call.decline_inverse_offers), againAfterSeconds });
      return;
    }
    default:
      world.log.debug("call not simulated", { call: call.type });
  }
}

const DEFAULT_REFUSE_SECONDS = 5;

function idsOf({ inverse_offer_ids = [] }: InverseAnswer): readonly string[] {
  return inverse_offer_ids.map(({ value }) => value);
}

/** Ends all tasks of an executor; a plain command task is one of its own. */
function shutDownExecutor(world: World, framework: Framework, executorId: string): void {
  const tasks = [...framework.tasks.values()];
  for (const task of tasks.filter((entry) => (entry.executor?.id ?? entry.id) === executorId)) {
    killOnAgent(world, task, undefined);
  }
}

interface Decline {
  readonly offer_ids?: readonly WireId[];
  readonly filters?: WireFilters;
}

function decline(world: World, framework: Framework, call: Decline): void {
  const offers = (call.offer_ids ?? [])
    .map(({ value }) => world.offers.get(value))
    .filter((offer): offer is Offer => offer?.framework === framework);
  refuse(world, offers, call.filters?.refuse_seconds);
  for (const offer of offers) closeOffer(world, offer, EMPTY);
}

function revive(world: World, framework: Framework, roles: readonly string[] = []): void {
  const revived = roles.length === 0 ? rolesOf(framework.info) : roles;
  for (const role of revived) framework.suppressed.delete(role);
  clearFilters(world, framework, revived);
  allocateNow(world, world.agents.values());
}

function suppress(framework: Framework, roles: readonly string[] = []): void {
  for (const role of roles.length === 0 ? rolesOf(framework.info) : roles) framework.suppressed.add(role);
}

function kill(world: World, framework: Framework, call: WireTaskKey & { readonly kill_policy?: WireKillPolicy }): void {
  const task = framework.tasks.get(call.task_id.value);
  if (task === undefined) {
    const status = answer(world, framework, call);
    if (status !== undefined) send(framework, { type: "UPDATE", update: { status } });
    return;
  }
  if (call.agent_id !== undefined && call.agent_id.value !== task.agent.id) return;
  const grace = call.kill_policy?.grace_period;
  killOnAgent(world, task, grace === undefined ? undefined : grace.nanoseconds / 1e9);
}

type Acknowledge = Extract<WireStreamCall, { readonly type: "ACKNOWLEDGE" }>["acknowledge"];

/** An agent that is not connected does not hear it, and sends its update again when it is back. */
function acknowledged(world: World, framework: Framework, call: Acknowledge): void {
  const agent = world.agents.get(call.agent_id.value);
  if (agent === undefined || agent.status !== "Registered" || !agent.isConnected) return;
  const task = framework.tasks.get(call.task_id.value);
  if (task !== undefined) settleAcknowledged(world, task, call.uuid);
  const key = taskKey(framework.id, call.task_id.value);
  toNode(world, agent.node, () => acknowledge(world, agent.node, { key, uuid: call.uuid }));
}
