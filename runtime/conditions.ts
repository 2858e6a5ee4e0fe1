import type { Condition } from "../api-types/meta/object.js";

/** A condition as a loop states it; the time of its last transition is kept by `setCondition`. */
export type ConditionUpdate = Omit<Condition, "lastTransitionTime">;

/**
 * The conditions with `update` in place of the one of its type. `lastTransitionTime` moves only when the status does;
 * the same array comes back when nothing changed. `nowMs` is wall time.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  update: ConditionUpdate,
  nowMs: number,
): readonly Condition[] {
  const known = conditions ?? [];
  const previous = findCondition(known, update.type);
  if (previous === undefined) return [...known, { ...update, lastTransitionTime: formatTime(nowMs) }];
  if (isSame(previous, update)) return known;
  const lastTransitionTime = previous.status === update.status ? previous.lastTransitionTime : formatTime(nowMs);
  const next: Condition = { ...update, lastTransitionTime };
  return known.map((condition) => (condition.type === update.type ? next : condition));
}

/** The condition of this type, if it was ever set. */
export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether the condition of this type is set and True. */
export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/** Wall time as metadata and conditions carry it: RFC 3339, UTC, whole seconds. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function isSame(previous: Condition, update: ConditionUpdate): boolean {
  return (
    previous.status === update.status &&
    previous.reason === update.reason &&
    previous.message === update.message &&
    previous.observedGeneration === update.observedGeneration
  );
}
