import type { Instance } from "../api-types/instance.js";
import { TERMINAL_STATES } from "../api-types/life.js";
import { TASK_LABEL } from "../api-types/well-known.js";
import type { Task } from "../drivers/compute/driver.js";

type Item = NonNullable<NonNullable<Instance["status"]>["attached"]>[number];

/** The id of the `run`-th task of this name beside an instance's own; run 0 is the first. */
export function attachedTaskId(instanceTaskId: string, name: string, run: number): string {
  return run === 0 ? `${instanceTaskId}.${name}` : `${instanceTaskId}.${name}.${run}`;
}

/** Which run of its name a task id stands for: how many tasks of this name ran before it. */
export function runOf(instanceTaskId: string, name: string, taskId: string): number {
  const first = attachedTaskId(instanceTaskId, name, 0);
  const run = taskId.startsWith(`${first}.`) ? Number(taskId.slice(first.length + 1)) : 0;
  return Number.isSafeInteger(run) && run > 0 ? run : 0;
}

/** All tasks of an Instance: its own and those beside it. Every loop indexes Instances by them under one name, `task`. */
export function taskIdsOf({ status }: Instance): readonly string[] {
  const { placement, attached = [] } = status ?? {};
  return placement === undefined ? [] : [placement.taskID, ...attached.map(({ taskID }) => taskID)];
}

/** Whether a task runs beside an instance's own; such a task is no instance. */
export function isAttached({ labels }: Pick<Task, "labels">): boolean {
  return labels[TASK_LABEL.attached] !== undefined;
}

/** The id of the instance's own task: that of an attached task without its name and run. */
export function instanceTaskId({ id, labels }: Pick<Task, "id" | "labels">): string {
  const name = labels[TASK_LABEL.attached];
  if (name === undefined) return id;
  const suffix = `.${name}`;
  // a name may be a number, too: the longer ending is the right one
  const withoutRun = id.replace(/\.\d+$/, "");
  if (withoutRun !== id && withoutRun.endsWith(suffix)) return withoutRun.slice(0, -suffix.length);
  return id.endsWith(suffix) ? id.slice(0, -suffix.length) : id;
}

/** Whether the task that an item names has ended; a state of a run before it says nothing of it. */
export function hasEnded(instance: Instance, { name, taskID, state, restarts = 0 }: Item): boolean {
  const run = runOf(instance.status?.placement?.taskID ?? "", name, taskID);
  return state !== undefined && TERMINAL_STATES.includes(state) && restarts === run;
}
