import { isLinked } from "../../node/link.js";
import { markUnreachable } from "../agents.js";
import { forgetOperations } from "../operations.js";
import type { Agent, Node, World } from "../world.js";
import { reregisterAgent } from "./agent-return.js";

/** The master dies: streams break, and all it knew that is not in its registry is forgotten. */
export function stopMaster(world: World): void {
  world.isUp = false;
  for (const framework of world.frameworks.values()) {
    framework.subscription?.heartbeat.timer.cancel();
    framework.subscription?.stream.reset();
    framework.subscription = undefined;
    framework.failoverTimer?.cancel();
  }
  for (const watcher of world.watchers) watcher.reset();
  world.watchers.clear();
  world.frameworks.clear();
  world.removedFrameworks.clear();
  world.offers.clear();
  world.inverseOffers.clear();
  forgetOperations(world);
  world.allocation.timer?.cancel();
  world.allocation.timer = undefined;
  world.allocation.isUrgent = false;
  world.allocation.dirty.clear();
  for (const agent of world.agents.values()) forget(agent);
}

function forget(agent: Agent): void {
  agent.lossTimer?.cancel();
  agent.lossTimer = undefined;
  agent.isConnected = false;
  agent.pendingKills.clear();
  agent.tasks.clear();
  agent.executors.clear();
  agent.offers.clear();
  agent.filters.clear();
}

/** A new master starts with the registry of the old one; the agents that run come back after a while. */
export function startMaster(world: World, masterId: string): void {
  world.isUp = true;
  world.masterId = masterId;
  world.startedAt = world.clock.monotonic();
  Object.assign(world.counters, { framework: 0, offer: 0, agent: 0 });
  for (const agent of world.agents.values()) recover(world, agent);
  for (const node of world.nodes.values()) returnLater(world, node, world.timing.agentReregisterMs);
  world.changed();
}

function recover(world: World, agent: Agent): void {
  if (agent.status === "Unregistered") world.agents.delete(agent.id);
  if (agent.status !== "Registered" && agent.status !== "Recovered") return;
  agent.status = "Recovered";
  agent.lossTimer = world.clock.schedule(world.timing.reregisterTimeoutMs, () => markUnreachable(world, agent));
}

/** Lets a running agent register after a delay, spread a little; one that is cut off waits for its return. */
export function returnLater(world: World, node: Node, delayMs: number): void {
  if (!isLinked(node)) return;
  node.returnTimer?.cancel();
  node.returnTimer = world.clock.schedule(delayMs + world.random.integer(SPREAD_MS), () => {
    node.returnTimer = undefined;
    if (world.isUp && isLinked(node)) reregisterAgent(world, node);
  });
}

const SPREAD_MS = 50;
