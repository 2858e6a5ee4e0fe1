import type { Timer } from "../../../platform/clock.js";
import { shutDown } from "../node/executor.js";
import { isLinked } from "../node/link.js";
import { resendOf } from "../node/updates.js";
import type { OfferConstraints } from "../wire/constraints.js";
import type { EventStream } from "../wire/event-stream.js";
import { allocateNow, allocateSoon, clearFilters } from "./allocator.js";
import { dropExecutor } from "./executors.js";
import { forgetOperations } from "./operations.js";
import { closeOffer } from "./release.js";
import { declare, forgetTask } from "./tasks.js";
import { type Framework, masterInfo, publish, rolesOf, send, type World } from "./world.js";

/** A SUBSCRIBE that was found valid. */
export interface Subscription {
  readonly info: Framework["info"];
  readonly suppressedRoles: readonly string[];
  readonly constraints: OfferConstraints | undefined;
  readonly stream: EventStream;
  readonly streamId: string;
}

/** Connects a new framework, or one that comes back; the stream it had before is ended. */
export function subscribe(world: World, subscription: Subscription): void {
  const id = subscription.info.id?.value;
  if (id !== undefined && world.removedFrameworks.has(id)) {
    refuseStream(subscription.stream, "Framework has been removed");
    return;
  }
  const known = id === undefined ? undefined : world.frameworks.get(id);
  const wasConnected = known?.subscription !== undefined;
  if (known !== undefined && wasConnected) failOver(world, known);
  const framework = known ?? newFramework(world, subscription, id);
  connect(world, framework, subscription);
  publishFramework(world, framework, known === undefined);
  const allocate = wasConnected ? allocateSoon : allocateNow;
  allocate(world, world.agents.values());
  resendOf(world, framework.id);
  world.changed();
}

/** Ends a stream with an ERROR. */
export function refuseStream(stream: EventStream, message: string): void {
  stream.push({ type: "ERROR", error: { message } });
  stream.end();
}

function failOver(world: World, framework: Framework): void {
  const stream = framework.subscription?.stream;
  detach(world, framework);
  if (stream !== undefined) refuseStream(stream, "Framework failed over");
}

function newFramework(world: World, { info }: Subscription, givenId: string | undefined): Framework {
  const number = String(world.counters.framework).padStart(4, "0");
  if (givenId === undefined) world.counters.framework++;
  return addFramework(world, givenId ?? `${world.masterId}-${number}`, info);
}

/** Enters a framework that is not connected yet. */
export function addFramework(world: World, id: string, info: Framework["info"]): Framework {
  const now = world.clock.now();
  const framework: Framework = {
    id,
    info: { ...info, id: { value: id } },
    suppressed: new Set(),
    constraints: undefined,
    subscription: undefined,
    isRecovered: true,
    registeredAt: now,
    reregisteredAt: now,
    failoverTimer: undefined,
    tasks: new Map(),
    unreachable: new Map(),
    completed: [],
    offers: new Set(),
    shares: new Map(),
  };
  world.frameworks.set(id, framework);
  return framework;
}

function connect(world: World, framework: Framework, subscription: Subscription): void {
  const { info, stream, streamId, suppressedRoles, constraints } = subscription;
  framework.failoverTimer?.cancel();
  framework.failoverTimer = undefined;
  if (framework.isRecovered) framework.info = { ...info, id: { value: framework.id } };
  else updateInfo(framework, info);
  framework.isRecovered = false;
  framework.reregisteredAt = world.clock.now();
  world.frameworkInfos.set(framework.id, framework.info);
  setRoles(framework, suppressedRoles, constraints);
  framework.subscription = { streamId, stream, heartbeat: { timer: heartbeatLater(world, framework) } };
  send(framework, {
    type: "SUBSCRIBED",
    subscribed: {
      framework_id: { value: framework.id },
      heartbeat_interval_seconds: world.timing.heartbeatMs / 1000,
      master_info: masterInfo(world),
    },
  });
  send(framework, { type: "HEARTBEAT" });
}

/** Takes over what may change; user and checkpoint stay as they were at first. */
export function updateInfo(framework: Framework, info: Framework["info"]): void {
  const { user, checkpoint } = framework.info;
  framework.info = {
    ...info,
    id: { value: framework.id },
    user,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
}

/** Sets which roles get no offers, and of what agents the others want some. */
export function setRoles(
  framework: Framework,
  suppressed: readonly string[],
  constraints: OfferConstraints | undefined,
): void {
  framework.suppressed.clear();
  for (const role of suppressed) framework.suppressed.add(role);
  framework.constraints = constraints;
}

function heartbeatLater(world: World, framework: Framework): Timer {
  return world.clock.schedule(world.timing.heartbeatMs, () => {
    if (framework.subscription === undefined) return;
    send(framework, { type: "HEARTBEAT" });
    framework.subscription.heartbeat.timer = heartbeatLater(world, framework);
  });
}

function publishFramework(world: World, framework: Framework, isNew: boolean): void {
  const entry = { framework: wireFrameworkHead(framework) };
  publish(
    world,
    isNew
      ? { type: "FRAMEWORK_ADDED", framework_added: entry }
      : { type: "FRAMEWORK_UPDATED", framework_updated: entry },
  );
}

/** A framework as the operator API lists it, without its resources. */
export function wireFrameworkHead(framework: Framework) {
  const isConnected = framework.subscription !== undefined;
  return {
    framework_info: framework.info,
    active: isConnected,
    connected: isConnected,
    recovered: framework.isRecovered,
    registered_time: { nanoseconds: framework.registeredAt * 1e6 },
    reregistered_time: { nanoseconds: framework.reregisteredAt * 1e6 },
  };
}

/** The connection of a framework broke: its offers are taken back, the failover timeout starts. */
export function onDisconnected(world: World, framework: Framework, streamId: string): void {
  if (framework.subscription?.streamId !== streamId) return;
  detach(world, framework);
  const timeoutMs = 1000 * (framework.info.failover_timeout ?? 0);
  world.changed();
  if (timeoutMs <= 0) {
    removeFramework(world, framework);
    return;
  }
  framework.failoverTimer = world.clock.schedule(timeoutMs, () => removeFramework(world, framework));
}

function detach(world: World, framework: Framework): void {
  framework.subscription?.heartbeat.timer.cancel();
  framework.subscription = undefined;
  for (const offer of [...framework.offers]) closeOffer(world, offer, new Map());
}

/** Ends a framework: its tasks are killed, which only the operator hears; its id is dead. */
export function removeFramework(world: World, framework: Framework): void {
  framework.failoverTimer?.cancel();
  const stream = framework.subscription?.stream;
  for (const task of [...framework.tasks.values()]) {
    declare(world, task, {
      state: "TASK_KILLED",
      reason: "REASON_FRAMEWORK_REMOVED",
      message: `Framework ${framework.id} removed`,
      isSilent: true,
    });
    forgetTask(world, task);
  }
  for (const agent of world.agents.values()) {
    for (const [key, held] of agent.executors) if (held.framework === framework) dropExecutor(world, agent, key);
  }
  forgetOperations(world, framework);
  clearFilters(world, framework, rolesOf(framework.info));
  detach(world, framework);
  world.frameworks.delete(framework.id);
  world.frameworkInfos.delete(framework.id);
  keepRemoved(world, framework);
  for (const node of world.nodes.values()) {
    if (!isLinked(node)) continue;
    for (const task of [...node.tasks.values()]) {
      if (task.frameworkId === framework.id) shutDown(world, task, world.timing.killGraceSeconds);
    }
  }
  publish(world, { type: "FRAMEWORK_REMOVED", framework_removed: { framework_info: framework.info } });
  stream?.end();
  world.changed();
}

function keepRemoved(world: World, framework: Framework): void {
  world.removedFrameworks.set(framework.id, framework);
  const [oldest] = world.removedFrameworks.keys();
  if (oldest !== undefined && world.removedFrameworks.size > REMOVED_MAX) world.removedFrameworks.delete(oldest);
}

const REMOVED_MAX = 50;
