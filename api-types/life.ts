import type { Instance } from "./instance.js";
import type { Condition } from "./meta/object.js";
import { ANNOTATION } from "./well-known.js";

/** States of a task after which it never runs again (Mesos' names without the prefix; `Lost` is ambiguous, so not here). */
export const TERMINAL_STATES: readonly string[] = [
  "Finished",
  "Failed",
  "Killed",
  "Error",
  "Dropped",
  "Gone",
  "GoneByOperator",
];

interface HasConditions {
  readonly status?: { readonly conditions?: readonly Condition[] } | undefined;
}

const NO_CONDITIONS: readonly Condition[] = [];

/** The condition of that type, if the object has it. */
export function conditionOf(object: HasConditions, type: string): Condition | undefined {
  // a loop: the loops ask this more often than anything else
  for (const condition of object.status?.conditions ?? NO_CONDITIONS) if (condition.type === type) return condition;
  return undefined;
}

/** Whether the condition of that type is there and True. */
export function isTrue(object: HasConditions, type: string): boolean {
  return conditionOf(object, type)?.status === "True";
}

/** Its task ended and never runs again. */
export function isTerminal(instance: Instance): boolean {
  const state = instance.status?.lastStatus?.state;
  return state !== undefined && TERMINAL_STATES.includes(state);
}

/** It was let go: deleted, and the service-group loop agreed. It withdraws, drains and ends. */
export function isLeaving(instance: Instance): boolean {
  return isDeleting(instance) && instance.metadata.annotations?.[ANNOTATION.leave] !== undefined;
}

/** How often in a row its number had been started again before it; a stored text that is no count says 0 (R13). */
export function restartsBefore({ metadata }: Instance): number {
  const count = Number(metadata.annotations?.[ANNOTATION.restarts] ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

export function isDeleting(object: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** Every layer the service uses serves it, and it is neither dead nor on its way out. */
export function isAvailable(instance: Instance): boolean {
  return isTrue(instance, "Ready") && isTrue(instance, "Published") && !isTerminal(instance) && !isLeaving(instance);
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of caches and loops. */
export function keyOf(object: { readonly metadata: { readonly name: string; readonly namespace?: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}
