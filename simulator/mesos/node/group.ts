import { endExecutor } from "../cluster/executors.js";
import { type NodeTask, taskKey, type World } from "../cluster/world.js";
import { toMaster } from "./link.js";

/** The living tasks that were launched together with this one. */
export function companionsOf(task: NodeTask): readonly NodeTask[] {
  if (task.group === undefined) return [];
  return [...task.node.tasks.values()].filter(
    (other) => other !== task && other.group === task.group && other.phase !== "Ended",
  );
}

/** The container that an executor's tasks share, when it runs already. */
export function runningExecutor(node: NodeTask["node"], frameworkId: string, executorId: string): NodeTask | undefined {
  for (const task of node.tasks.values()) {
    if (task.executor?.id === executorId && task.frameworkId === frameworkId && task.phase !== "Ended") return task;
  }
  return undefined;
}

/** An executor ends a moment after its last task. */
export function endExecutorSoon(world: World, task: NodeTask): void {
  const { executor, node, frameworkId } = task;
  if (executor === undefined) return;
  world.clock.schedule(world.timing.executorStopMs, () => {
    if (runningExecutor(node, frameworkId, executor.id) !== undefined) return;
    toMaster(world, node, () => {
      const agent = world.agents.get(node.agentId ?? "");
      if (agent !== undefined) endExecutor(world, agent, taskKey(frameworkId, executor.id));
    });
  });
}
