import { type Bundle, EMPTY, fromWire, sumOf } from "../wire/resources.js";
import { hold } from "./offers.js";
import { giveBack } from "./release.js";
import { type Agent, type Executor, type ExecutorInfo, type Framework, send, taskKey, type World } from "./world.js";

/** An executor for the tasks of a framework, as its description says. */
export function executorOf(info: ExecutorInfo): Executor {
  return { id: info.executor_id.value, info, type: info.type === "DEFAULT" ? "DEFAULT" : "CUSTOM" };
}

/** Where an executor runs, and for whom. */
export interface ExecutorPlace {
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
}

/** What an executor takes beside its tasks: nothing when it runs already. */
export function executorShare({ framework, agent, role }: ExecutorPlace, info: ExecutorInfo | undefined): Bundle {
  if (info === undefined || agent.executors.has(taskKey(framework.id, info.executor_id.value))) return EMPTY;
  return fromWire(info.resources ?? [], role);
}

/** Enters an executor into the master's book, once. */
export function holdExecutor({ framework, agent, role }: ExecutorPlace, executor: Executor): void {
  const key = taskKey(framework.id, executor.id);
  if (agent.executors.has(key)) return;
  const resources = fromWire(executor.info.resources ?? [], role);
  agent.executors.set(key, { executor, framework, role, resources });
  hold(framework, role, resources);
}

/** An executor ended: its resources are free, its framework hears a FAILURE. */
export function endExecutor(world: World, agent: Agent, key: string): void {
  const held = agent.executors.get(key);
  if (held === undefined) return;
  dropExecutor(world, agent, key);
  const executor_id = { value: held.executor.id };
  send(held.framework, { type: "FAILURE", failure: { agent_id: { value: agent.id }, executor_id, status: 0 } });
}

/** Takes an executor off the book without a word. */
export function dropExecutor(world: World, agent: Agent, key: string): void {
  const held = agent.executors.get(key);
  if (held === undefined) return;
  agent.executors.delete(key);
  giveBack(world, { framework: held.framework, agent, role: held.role }, held.resources);
}

/** Everything that runs on an agent, as sums go: tasks that hold something, and executors. */
export function holdersOn(agent: Agent): readonly { readonly role: string; readonly resources: Bundle }[] {
  return [...[...agent.tasks.values()].filter((task) => !task.isReleased), ...agent.executors.values()];
}

/** The sum of it all. */
export function heldOn(agent: Agent): Bundle {
  return sumOf(holdersOn(agent).map(({ resources }) => resources));
}
