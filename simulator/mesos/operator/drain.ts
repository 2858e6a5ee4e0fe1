import { removeAgent } from "../cluster/agents.js";
import { allocateSoon } from "../cluster/allocator.js";
import { rescind } from "../cluster/release.js";
import type { Agent, World } from "../cluster/world.js";
import { killTask } from "../node/executor.js";
import { toNode } from "../node/link.js";

/** Takes an agent out of the offers; its tasks stay. */
export function deactivate(world: World, agent: Agent): void {
  agent.isDeactivated = true;
  for (const offer of [...agent.offers]) rescind(world, offer);
}

/** Offers an agent again, drained or not. */
export function reactivate(world: World, agent: Agent): void {
  agent.isDeactivated = false;
  agent.drain = undefined;
  allocateSoon(world, [agent]);
}

/** What DRAIN_AGENT may say. */
export interface DrainOrder {
  readonly max_grace_period?: { readonly seconds?: number };
  readonly mark_gone?: boolean;
}

/** Deactivates an agent and kills its tasks; it is DRAINED once the last one is acknowledged. */
export function drain(world: World, agent: Agent, order: DrainOrder): void {
  deactivate(world, agent);
  const graceSeconds = order.max_grace_period?.seconds;
  agent.drain = {
    state: "DRAINING",
    config: {
      ...(graceSeconds === undefined ? {} : { max_grace_period: { nanoseconds: graceSeconds * 1e9 } }),
      mark_gone: order.mark_gone ?? false,
    },
    startedAt: world.clock.now(),
  };
  toNode(world, agent.node, () => {
    for (const task of agent.node.tasks.values()) {
      killTask(world, task, { reason: "Draining", ...(graceSeconds === undefined ? {} : { graceSeconds }) });
    }
  });
  watchDrain(world, agent, order.mark_gone ?? false);
}

const DRAIN_CHECK_MS = 100;

function watchDrain(world: World, agent: Agent, marksGone: boolean): void {
  world.clock.schedule(DRAIN_CHECK_MS, () => {
    if (agent.drain?.state !== "DRAINING" || world.agents.get(agent.id) !== agent) return;
    if (agent.tasks.size > 0) return watchDrain(world, agent, marksGone);
    agent.drain.state = "DRAINED";
    if (marksGone) removeAgent(world, agent, "Gone");
    world.changed();
  });
}
