import { expectPing, onAgentDisconnected, registerAgent, removeAgent } from "./cluster/agents.js";
import { onDisconnected, removeFramework } from "./cluster/frameworks.js";
import { returnLater, startMaster, stopMaster } from "./cluster/recovery/restart.js";
import { rescind } from "./cluster/release.js";
import type { AgentSpec } from "./cluster/spec.js";
import type { Agent, Node, World } from "./cluster/world.js";
import { shutDown } from "./node/executor.js";
import { isLinked, releaseHeld } from "./node/link.js";
import { resendFrom } from "./node/updates.js";

/** What tests and fault scripts do to a cluster. Agents are given by node name; an unknown one is a bug and throws. */
export interface MesosControl {
  /** kill -9 of the master; another one (new id) listens after `downMs`, agents re-register later. */
  restart(options?: { readonly downMs?: number }): void;
  /** The master dies and stays away until `start`. */
  stop(): void;
  start(): void;
  /** No message passes in either direction; the master notices by missed pings. */
  partitionAgent(name: string): void;
  /** kill -9 of the agent's process: its checkpointed tasks run on. */
  killAgent(name: string): void;
  /** The machine loses power: the process and all tasks die. */
  crashAgent(name: string): void;
  /** Ends a partition, or starts the agent's process again (it registers after `agentReturnMs`). */
  returnAgent(name: string): void;
  /** A new machine. */
  addAgent(spec: AgentSpec): void;
  /** A graceful stop: the agent unregisters and ends its tasks. */
  removeAgent(name: string): void;
  /** Of every message between the agent and the master, in both directions. */
  setAgentDelay(name: string, delayMs: number): void;
  /** The next updates of agents never reach the master; the agents send them again after their retry delay. */
  loseNextStatus(count?: number): void;
  /** The next updates of agents arrive twice. */
  duplicateNextStatus(count?: number): void;
  /** Breaks the streams of all frameworks, or of one. */
  dropConnection(frameworkId?: string): void;
  /** Takes offers back: each with this chance, drawn by the cluster's own; default: all. */
  rescindOffers(probability?: number): void;
  /** The master forgets a framework as after its failover timeout: tasks end, the id is dead. */
  removeFramework(frameworkId: string): void;
  /** Kills a task behind the scheduler's back. */
  killTask(taskId: string): void;
  /** Whether no message reaches the machine, nor the tasks on it. */
  isCutOff(name: string): boolean;
  /** The id that the agent of a node has, once it registered. */
  agentIdOf(name: string): string | undefined;
}

/** The controls of a cluster. */
export function mesosControl(world: World, addNode: (spec: AgentSpec) => Node): MesosControl {
  const node = (name: string) => nodeOf(world, name);
  return {
    restart(options = {}) {
      stopMaster(world);
      world.clock.schedule(options.downMs ?? world.timing.masterDownMs, () => start(world));
    },
    stop: () => stopMaster(world),
    start: () => start(world),
    partitionAgent: (name) => partition(world, node(name)),
    killAgent: (name) => killProcess(world, node(name)),
    crashAgent: (name) => crash(world, node(name)),
    returnAgent: (name) => returnNode(world, node(name)),
    addAgent: (spec) => addAgent(world, addNode(spec)),
    removeAgent: (name) => leave(world, node(name)),
    setAgentDelay(name, delayMs) {
      node(name).delayMs = delayMs;
    },
    loseNextStatus(count = 1) {
      world.mishaps.lost += count;
    },
    duplicateNextStatus(count = 1) {
      world.mishaps.duplicated += count;
    },
    dropConnection: (frameworkId) => dropConnections(world, frameworkId),
    rescindOffers(probability = 1) {
      const isStruck = () => probability >= 1 || world.random.next() < probability;
      for (const offer of [...world.offers.values()].filter(isStruck)) rescind(world, offer);
    },
    removeFramework(frameworkId) {
      const framework = world.frameworks.get(frameworkId);
      if (framework !== undefined) removeFramework(world, framework);
    },
    killTask(taskId) {
      world.runner.kill(taskId, 0);
    },
    isCutOff: (name) => node(name).isPartitioned,
    agentIdOf: (name) => node(name).agentId,
  };
}

function start(world: World): void {
  if (!world.isUp) startMaster(world, world.random.uuid());
}

function nodeOf(world: World, name: string): Node {
  const node = world.nodes.get(name);
  if (node === undefined) throw new Error(`no agent named ${name}`);
  return node;
}

function agentOf(world: World, node: Node): Agent | undefined {
  return node.agentId === undefined ? undefined : world.agents.get(node.agentId);
}

function partition(world: World, node: Node): void {
  node.isPartitioned = true;
  holdRetries(node);
  const agent = agentOf(world, node);
  if (world.isUp && agent?.status === "Registered") expectPing(world, agent);
}

/** Nothing can be delivered: the retry timers rest until the agent is back. */
function holdRetries(node: Node): void {
  for (const task of node.tasks.values()) {
    task.retry?.cancel();
    task.retry = undefined;
  }
}

function killProcess(world: World, node: Node): void {
  const wasLinked = isLinked(node);
  node.isProcessUp = false;
  node.returnTimer?.cancel();
  holdRetries(node);
  for (const task of [...node.tasks.values()]) {
    if (!task.isCheckpointed || task.phase === "Queued") shutDown(world, task, 0);
  }
  const agent = agentOf(world, node);
  if (!world.isUp || agent?.status !== "Registered") return;
  if (wasLinked) onAgentDisconnected(world, agent);
  expectPing(world, agent);
}

function crash(world: World, node: Node): void {
  killProcess(world, node);
  for (const task of node.tasks.values()) if (task.phase !== "Ended") world.runner.kill(task.info.task_id.value, 0);
}

function returnNode(world: World, node: Node): void {
  const wasDown = !node.isProcessUp;
  node.isProcessUp = true;
  node.isPartitioned = false;
  const agent = agentOf(world, node);
  releaseHeld(node, world.isUp && !wasDown && agent?.status === "Registered" && agent.isConnected);
  if (!world.isUp) return;
  if (wasDown) {
    returnLater(world, node, world.timing.agentReturnMs);
    return;
  }
  if (agent?.status !== "Registered") {
    returnLater(world, node, PARTITION_HEAL_MS);
    return;
  }
  agent.lossTimer?.cancel();
  agent.lossTimer = undefined;
  resendFrom(world, node);
}

/** A cut-off agent that was given up notices at its next ping. */
const PARTITION_HEAL_MS = 1_000;

function addAgent(world: World, node: Node): void {
  if (world.isUp) registerAgent(world, node);
}

function leave(world: World, node: Node): void {
  const agent = agentOf(world, node);
  if (world.isUp && agent !== undefined && agent.status !== "Gone") removeAgent(world, agent, "Unregistered");
  node.isProcessUp = false;
  for (const task of [...node.tasks.values()]) shutDown(world, task, world.timing.killGraceSeconds);
}

function dropConnections(world: World, frameworkId: string | undefined): void {
  for (const framework of [...world.frameworks.values()]) {
    const { subscription } = framework;
    if (subscription === undefined || (frameworkId !== undefined && framework.id !== frameworkId)) continue;
    subscription.stream.reset();
    onDisconnected(world, framework, subscription.streamId);
  }
}
