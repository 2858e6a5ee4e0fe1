import type { Node, World } from "../cluster/world.js";

/** Whether messages pass between the agent and the master. */
export function isLinked(node: Node): boolean {
  return node.isProcessUp && !node.isPartitioned;
}

/** Delivers a message to the agent, late if it is slow; while it is cut off, TCP keeps it and sends it again. */
export function toNode(world: World, node: Node, deliver: () => void): void {
  if (node.isProcessUp && node.isPartitioned) node.held.push(deliver);
  else pass(world, node, deliver);
}

/** The partition is over: the connection goes on where it stood, or was given up meanwhile. */
export function releaseHeld(node: Node, isConnected: boolean): void {
  const held = node.held.splice(0);
  if (isConnected) for (const deliver of held) deliver();
}

/** Delivers a message to the master; it listens to agents that it has registered. */
export function toMaster(world: World, node: Node, deliver: () => void): void {
  pass(world, node, () => {
    const agent = node.agentId === undefined ? undefined : world.agents.get(node.agentId);
    if (world.isUp && agent?.status === "Registered" && agent.isConnected) deliver();
  });
}

function pass(world: World, node: Node, deliver: () => void): void {
  if (!isLinked(node)) return;
  if (node.delayMs === 0) {
    deliver();
    return;
  }
  world.clock.schedule(node.delayMs, () => {
    if (isLinked(node)) deliver();
  });
}
