import { killTask, shutDown, startTask } from "../node/executor.js";
import { toNode } from "../node/link.js";
import { unavailabilityOf } from "../operator/maintenance.js";
import { wireAgent } from "../operator/wire-agent.js";
import { parseAttributes } from "../wire/attributes.js";
import { add, type Bundle, inOfferOrder, parseResources, subtract } from "../wire/resources.js";
import { allocateNow } from "./allocator.js";
import { dropExecutor, heldOn, holdExecutor } from "./executors.js";
import { rescind } from "./release.js";
import { addTask, declare, dropTask, forgetTask, type Launch } from "./tasks.js";
import { type Agent, isCapable, type Node, publish, send, type Task, taskKey, type World } from "./world.js";

/** Enters an agent that the master has never seen. */
export function registerAgent(world: World, node: Node): Agent {
  const id = `${world.masterId}-S${world.counters.agent++}`;
  const agent = newAgent(world, node, id);
  node.agentId = id;
  admit(world, agent);
  return agent;
}

/** An agent under a given id, not registered. */
export function newAgent(world: World, node: Node, id: string): Agent {
  const total = parseResources(node.spec.resources);
  const agent: Agent = {
    id,
    order: world.agents.size,
    spec: node.spec,
    node,
    attributes: parseAttributes(node.spec.attributes),
    total,
    free: inOfferOrder(total),
    status: "Recovered",
    isConnected: false,
    isDeactivated: false,
    drain: undefined,
    registeredAt: world.clock.now(),
    reregisteredAt: undefined,
    unreachableAt: undefined,
    lossTimer: undefined,
    pendingKills: new Set(),
    tasks: new Map(),
    executors: new Map(),
    unavailability: unavailabilityOf(world, node.spec),
    offers: new Set(),
    filters: new Map(),
  };
  world.agents.set(id, agent);
  return agent;
}

/** Lets a known agent take part. */
export function admit(world: World, agent: Agent): void {
  const isBack = agent.status === "Registered";
  agent.status = "Registered";
  agent.isConnected = true;
  agent.unreachableAt = undefined;
  agent.lossTimer?.cancel();
  agent.lossTimer = undefined;
  agent.free = subtract(inOfferOrder(agent.total), heldBy(agent));
  if (!isBack) publish(world, { type: "AGENT_ADDED", agent_added: { agent: wireAgent(agent) } });
  allocateNow(world, [agent]);
  world.changed();
}

function heldBy(agent: Agent): Bundle {
  let held = heldOn(agent);
  for (const offer of agent.offers) held = add(held, offer.resources);
  return held;
}

/** Sends a task to its agent; the caller has taken its resources off the offer. */
export function launch(world: World, order: Launch): void {
  if (order.executor !== undefined) holdExecutor(order, order.executor);
  addTask(world, order);
  toNode(world, order.agent.node, () => startTask(world, order.agent.node, order));
}

/** Passes a KILL on, or keeps it until a disconnected agent is back. */
export function killOnAgent(world: World, task: Task, graceSeconds: number | undefined): void {
  const { agent } = task;
  const key = taskKey(task.framework.id, task.id);
  if (!agent.isConnected) {
    agent.pendingKills.add(key);
    return;
  }
  toNode(world, agent.node, () => {
    const onNode = agent.node.tasks.get(key);
    if (onNode !== undefined) killTask(world, onNode, graceSeconds === undefined ? {} : { graceSeconds });
  });
}

/** The socket to an agent closed: it gets no offers, and tasks that are not checkpointed are lost at once. */
export function onAgentDisconnected(world: World, agent: Agent): void {
  agent.isConnected = false;
  for (const offer of [...agent.offers]) rescind(world, offer);
  for (const task of [...agent.tasks.values()]) {
    if (task.framework.info.checkpoint === true) continue;
    const message = `Agent ${hostnameOf(agent)} disconnected`;
    declare(world, task, { state: "TASK_LOST", reason: "REASON_AGENT_DISCONNECTED", message });
    forgetTask(world, task);
  }
}

function hostnameOf(agent: Agent): string {
  return agent.spec.hostname ?? agent.spec.name;
}

/** Starts counting missed pings. */
export function expectPing(world: World, agent: Agent): void {
  if (agent.lossTimer !== undefined) return;
  const { pingTimeoutMs, pingTimeoutsMax } = world.timing;
  agent.lossTimer = world.clock.schedule(pingTimeoutMs * pingTimeoutsMax, () => markUnreachable(world, agent));
}

/** The agent missed too many pings, or never came back after a restart of the master. */
export function markUnreachable(world: World, agent: Agent): void {
  agent.lossTimer = undefined;
  agent.status = "Unreachable";
  agent.isConnected = false;
  agent.unreachableAt = world.clock.now();
  for (const offer of [...agent.offers]) rescind(world, offer);
  for (const task of [...agent.tasks.values()]) {
    const isAware = isCapable(task.framework, "PARTITION_AWARE");
    dropTask(world, task);
    declare(world, task, {
      state: isAware ? "TASK_UNREACHABLE" : "TASK_LOST",
      reason: "REASON_AGENT_REMOVED",
      message: "health check timed out",
      extra: { unreachable_time: { nanoseconds: agent.unreachableAt * 1e6 } },
    });
    keepUnreachable(task);
  }
  for (const key of [...agent.executors.keys()]) dropExecutor(world, agent, key);
  announceFailure(world, agent);
}

/** Like the real master it keeps the last thousand of a framework. */
function keepUnreachable(task: Task): void {
  const { unreachable } = task.framework;
  unreachable.set(task.id, task);
  const [oldest] = unreachable.keys();
  if (oldest !== undefined && unreachable.size > UNREACHABLE_MAX) unreachable.delete(oldest);
}

const UNREACHABLE_MAX = 1000;

function announceFailure(world: World, agent: Agent): void {
  for (const framework of world.frameworks.values()) {
    send(framework, { type: "FAILURE", failure: { agent_id: { value: agent.id } } });
  }
  world.changed();
}

/** Takes an agent off for good (marked gone) or until it registers again (unregistered). Its tasks end. */
export function removeAgent(world: World, agent: Agent, how: "Gone" | "Unregistered"): void {
  agent.lossTimer?.cancel();
  agent.lossTimer = undefined;
  agent.status = how;
  agent.isConnected = false;
  for (const offer of [...agent.offers]) rescind(world, offer);
  for (const task of [...agent.tasks.values()]) {
    declare(world, task, how === "Gone" ? goneVerdict(task) : removedVerdict(agent));
    forgetTask(world, task);
  }
  for (const key of [...agent.executors.keys()]) dropExecutor(world, agent, key);
  for (const task of [...agent.node.tasks.values()]) shutDown(world, task, world.timing.killGraceSeconds);
  if (how === "Unregistered")
    publish(world, { type: "AGENT_REMOVED", agent_removed: { agent_id: { value: agent.id } } });
  announceFailure(world, agent);
}

function goneVerdict(task: Task) {
  return {
    state: isCapable(task.framework, "PARTITION_AWARE") ? "TASK_GONE_BY_OPERATOR" : "TASK_LOST",
    reason: "REASON_AGENT_REMOVED_BY_OPERATOR",
    message: "Agent has been marked gone",
  };
}

function removedVerdict(agent: Agent) {
  const message = `Agent ${hostnameOf(agent)} removed: the agent unregistered`;
  return { state: "TASK_LOST", reason: "REASON_AGENT_REMOVED", message };
}
