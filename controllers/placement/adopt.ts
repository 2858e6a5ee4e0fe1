import type { Instance } from "../../api-types/instance.js";
import type { Node } from "../../api-types/node.js";
import { LABEL, TASK_LABEL } from "../../api-types/well-known.js";
import type { Task } from "../../drivers/compute/driver.js";
import { isLiving } from "../orphans.js";
import { taskIdOf } from "./launch.js";

/** Everything that adoption rests on. */
export interface AdoptionView {
  /** Unplaced Instances, of any rack. */
  readonly waiting: readonly Instance[];
  /** The unplaced Instances of one group, by `namespace/name`. */
  readonly waitingOf: (group: string) => readonly Instance[];
  /** The rack's tasks of ours by id. */
  readonly tasks: ReadonlyMap<string, Task>;
  /** Living tasks that no Instance has. */
  readonly orphans: readonly Task[];
  /** The Node of an agent; undefined while none matches it. */
  readonly nodeOf: (agentId: string) => Node | undefined;
}

/** A task that is found running for an unplaced Instance. */
export interface Adoption {
  readonly heir: Instance;
  readonly task: Task;
  /** Undefined: its agent is no Node yet; the heir waits, because placing it would run it twice. */
  readonly node: Node | undefined;
}

/** Binds tasks of ours that no Instance knows to the unplaced Instance of the same place (DESIGN section 8, Adoption). Pure. */
export function planAdoption(view: AdoptionView): readonly Adoption[] {
  const own = view.waiting.flatMap((heir) => ownTask(view, heir) ?? []);
  const heirs = new Set(own.map(({ heir }) => heir));
  const bound = new Set(own.map(({ task }) => task.id));
  const adoptions = [...own];
  for (const task of view.orphans) {
    if (bound.has(task.id)) continue;
    const heir = view.waitingOf(groupOf(task)).find((other) => !heirs.has(other) && isSamePlace(other, task));
    if (heir === undefined) continue;
    heirs.add(heir);
    adoptions.push({ heir, task, node: view.nodeOf(task.agentId) });
  }
  return adoptions;
}

/** Whatever became of its status: a task with the id of this very Instance is its own. */
function ownTask({ tasks, nodeOf }: AdoptionView, heir: Instance): Adoption | undefined {
  const task = tasks.get(taskIdOf(heir));
  return task !== undefined && isLiving(task) ? { heir, task, node: nodeOf(task.agentId) } : undefined;
}

function groupOf({ labels }: Task): string {
  return `${labels[TASK_LABEL.namespace]}/${labels[LABEL.group]}`;
}

function isSamePlace(instance: Instance, { labels }: Task): boolean {
  return instance.spec.service === labels[LABEL.service] && String(instance.spec.number) === labels[LABEL.number];
}
