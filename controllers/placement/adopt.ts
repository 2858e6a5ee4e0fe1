import type { Instance } from "../../api-types/instance.js";
import type { Node } from "../../api-types/node.js";
import type { Service } from "../../api-types/service-group.js";
import { LABEL, TASK_LABEL } from "../../api-types/well-known.js";
import type { Task } from "../../drivers/compute/driver.js";
import { each, type Steps } from "../../platform/steps.js";
import { attachedTaskId, instanceTaskId, isAttached, runOf } from "../attached.js";
import { isLiving } from "../orphans.js";
import { labelledPorts, taskIdOf } from "./launch/identity.js";
import { placedPorts, statusPorts } from "./launch/ports.js";

/** Everything that adoption rests on. */
export interface AdoptionView {
  /** Unplaced Instances of the rack. */
  readonly waiting: Iterable<Instance>;
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
  /** What runs beside it. */
  readonly beside: readonly Task[];
  /** Undefined: its agent is no Node yet; the heir waits, because placing it would run it twice. */
  readonly node: Node | undefined;
}

/** Binds tasks of ours that no Instance knows to the unplaced Instance of the same place (DESIGN section 8, Adoption). Pure. */
export function* planAdoption(view: AdoptionView): Steps<readonly Adoption[]> {
  const bindings = yield* bindingsOf(view);
  if (bindings.length === 0) return [];
  const beside = attachedByInstance(view.tasks);
  return bindings.map(({ heir, task }) => {
    return { heir, task, beside: beside.get(task.id) ?? [], node: view.nodeOf(task.agentId) };
  });
}

/** The tasks beside an adopted Instance, as its status names them: what runs, and what should and is asked for. */
export function adoptedAttached({ task, beside }: Adoption, service: Service | undefined) {
  const names = new Set([...(service?.attached ?? []).map(({ name }) => name), ...beside.map(nameOf)]);
  return [...names].map((name) => {
    const runs = beside.filter((other) => nameOf(other) === name).map(({ id }) => runOf(task.id, name, id));
    return { name, taskID: attachedTaskId(task.id, name, Math.max(0, ...runs)) };
  });
}

/** The ports of an adopted Instance: those of the node as its task's labels tell. */
export function adoptedPorts({ heir, task }: Adoption, service: Service | undefined) {
  if (service === undefined) return [];
  return statusPorts(placedPorts({ service, number: heir.spec.number }, labelledPorts(task.labels)));
}

interface Binding {
  readonly heir: Instance;
  readonly task: Task;
}

function* bindingsOf(view: AdoptionView): Steps<readonly Binding[]> {
  const own: Binding[] = [];
  yield* each(view.waiting, (heir) => {
    const binding = ownTask(view, heir);
    if (binding !== undefined) own.push(binding);
  });
  const heirs = new Set(own.map(({ heir }) => heir));
  const bound = new Set(own.map(({ task }) => task.id));
  const bindings = [...own];
  for (const task of view.orphans) {
    if (bound.has(task.id) || isAttached(task)) continue;
    const heir = view.waitingOf(groupOf(task)).find((other) => !heirs.has(other) && isSamePlace(other, task));
    if (heir === undefined) continue;
    heirs.add(heir);
    bindings.push({ heir, task });
  }
  return bindings;
}

/** Whatever became of its status: a task with the id of this very Instance is its own. */
function ownTask({ tasks }: AdoptionView, heir: Instance): Binding | undefined {
  const task = tasks.get(taskIdOf(heir));
  return task !== undefined && isLiving(task) ? { heir, task } : undefined;
}

function attachedByInstance(tasks: ReadonlyMap<string, Task>): ReadonlyMap<string, readonly Task[]> {
  const groups = new Map<string, Task[]>();
  for (const task of tasks.values()) {
    if (!isAttached(task) || !isLiving(task)) continue;
    const own = instanceTaskId(task);
    groups.set(own, [...(groups.get(own) ?? []), task]);
  }
  return groups;
}

function nameOf({ labels }: Task): string {
  return labels[TASK_LABEL.attached] ?? "";
}

function groupOf({ labels }: Task): string {
  return `${labels[TASK_LABEL.namespace]}/${labels[LABEL.group]}`;
}

function isSamePlace(instance: Instance, { labels }: Task): boolean {
  return instance.spec.service === labels[LABEL.service] && String(instance.spec.number) === labels[LABEL.number];
}
