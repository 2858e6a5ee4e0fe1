import { TERMINAL_STATES } from "../api-types/life.js";
import type { Task } from "../drivers/compute/driver.js";
import type { Observation } from "../drivers/observation.js";
import { atOnce, each, type Steps } from "../platform/steps.js";
import type { ConditionUpdate } from "../runtime/conditions.js";
import { instanceTaskId, isAttached } from "./attached.js";

/** Living tasks of ours that no Instance has. */
export interface Orphans {
  /** No Instance of this process's time had them: they may be bound to one that waits. Nothing attached is among them. */
  readonly adoptable: readonly Task[];
  /** Ids of those that were orphans at the last look, too: one whose Instance just ended is listed a moment longer. */
  readonly lasting: readonly string[];
}

/** Tells orphans from tasks whose Instance has just gone, which the master still lists for a moment. */
export function createOrphanWatch() {
  let known: ReadonlySet<string> = new Set();
  let before: ReadonlySet<string> = new Set();
  /** `isBound`: whether an Instance has the task; one that is attached is known as long as its Instance is. */
  function* looking(tasks: Observation<Task>, isBound: (taskId: string) => boolean): Steps<Orphans> {
    if (tasks.type === "Unknown") return { adoptable: [], lasting: [] };
    const stillKnown = new Set<string>();
    const orphans: Task[] = [];
    yield* each(tasks.items.values(), (task) => {
      if (!isLiving(task)) return;
      const isOrphan = !isBound(instanceTaskId(task));
      if (isOrphan) orphans.push(task);
      if (!isOrphan || known.has(task.id)) stillKnown.add(task.id);
    });
    known = stillKnown;
    const lasting = orphans.map((task) => task.id).filter((id) => before.has(id));
    before = new Set(orphans.map((task) => task.id));
    return { adoptable: orphans.filter((task) => !known.has(task.id) && !isAttached(task)), lasting };
  }
  return {
    looking,
    look: (tasks: Observation<Task>, isBound: (taskId: string) => boolean) => atOnce(looking(tasks, isBound)),
  };
}

/** It may still run. */
export function isLiving(task: Task): boolean {
  return !TERMINAL_STATES.includes(task.status.state);
}

/** What a Rack says of them. */
export function orphanCondition(orphans: readonly string[]): ConditionUpdate {
  if (orphans.length === 0) return { type: "OrphanTasks", status: "False", reason: "EveryTaskKnown", message: "" };
  const some = [...orphans].sort().slice(0, 5).join(", ");
  const message = `${orphans.length} tasks of ours belong to no Instance and are left running: ${some}`;
  return { type: "OrphanTasks", status: "True", reason: "TasksWithoutInstance", message };
}
