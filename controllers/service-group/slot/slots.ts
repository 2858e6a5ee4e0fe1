import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isAvailable, isLeaving, isTerminal } from "../../../api-types/life.js";
import { ANNOTATION } from "../../../api-types/well-known.js";

/** One number of a service. */
export interface Slot {
  readonly number: number;
  /** Its instances, at least one, oldest first, none of them on its way out. */
  readonly members: readonly [Instance, ...Instance[]];
}

/** The numbers in use, lowest first; instances on their way out are left out. */
export function slotsOf(members: readonly Instance[]): readonly Slot[] {
  const slots = new Map<number, [Instance, ...Instance[]]>();
  for (const instance of members) {
    if (isLeaving(instance)) continue;
    const slot = slots.get(instance.spec.number);
    if (slot === undefined) slots.set(instance.spec.number, [instance]);
    else slot.push(instance);
  }
  const sorted = [...slots.entries()].sort(([a], [b]) => a - b);
  return sorted.map(([number, instances]) => ({ number, members: inOrder(instances) }));
}

/** The instance that took the number last. */
export function newestOf({ members }: Slot): Instance {
  return members.at(-1) ?? members[0];
}

export function oldestOf({ members }: Slot): Instance {
  return members[0];
}

/** A successor comes after what it replaces, whatever the clock said when they were created (R30); else by age. */
function inOrder(instances: [Instance, ...Instance[]]): [Instance, ...Instance[]] {
  if (instances.length === 1) return instances;
  const byName = new Map(instances.map((instance) => [instance.metadata.name, instance]));
  const successions = (instance: Instance) => {
    let count = 0;
    const before = (one: Instance) => byName.get(one.spec.replaces ?? "");
    // as many as there are: stored names may lead in a circle (R13)
    for (let old = before(instance); old !== undefined && count < instances.length; old = before(old)) count += 1;
    return count;
  };
  const counts = new Map(instances.map((instance) => [instance, successions(instance)]));
  return instances.sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0) || byAge(a, b));
}

function byAge(a: Instance, b: Instance): number {
  const order = (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "");
  return order || a.metadata.name.localeCompare(b.metadata.name);
}

/** Since when a number is used, whatever instance has it; RFC 3339. */
export function slotSince({ metadata }: Instance): string {
  return metadata.annotations?.[ANNOTATION.slotSince] ?? metadata.creationTimestamp ?? "";
}

/** One of its instances serves. */
export function isServed({ members }: Slot): boolean {
  return members.some(isAvailable);
}

/** Why an instance leaves, when its number is taken over by another one. */
const SUCCEEDED: readonly string[] = ["Replaced", "StopFirst", "Unhealthy"];

/**
 * Whether an instance takes room of its service: it may run. One that was let go does until its end is confirmed, when
 * another one takes its number; what leaves because less is wanted is over and above, and so is what nobody reaches.
 */
export function takesRoom(instance: Instance): boolean {
  if (isTerminal(instance)) return false;
  if (!isLeaving(instance)) return true;
  return instance.status?.placement !== undefined && !isOutOfReach(instance) && hasSuccessor(instance);
}

/** It was let go, and another instance takes its number. */
export function hasSuccessor(instance: Instance): boolean {
  return isLeaving(instance) && SUCCEEDED.includes(instance.metadata.annotations?.[ANNOTATION.leave] ?? "");
}

/** Nobody knows whether its task runs. */
export function isOutOfReach(instance: Instance): boolean {
  return conditionOf(instance, "Running")?.status === "Unknown";
}

/** Milliseconds of wall time; 0: not known. */
export function timeOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const time = Date.parse(text);
  return Number.isNaN(time) ? 0 : time;
}
