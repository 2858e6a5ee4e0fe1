import type { Condition } from "../api-types/meta/object.js";
import { type ConditionUpdate, findCondition, setCondition } from "../runtime/conditions.js";

/** The conditions that one loop owns, ready to be sent: those it names now, with the times of their last transitions. */
export function ownConditions(
  object: { readonly status?: { readonly conditions?: readonly Condition[] } },
  updates: readonly ConditionUpdate[],
  nowMs: number,
): readonly Condition[] {
  const types = new Set(updates.map((update) => update.type));
  const own = (object.status?.conditions ?? []).filter((condition) => types.has(condition.type));
  const next = updates.reduce<readonly Condition[]>((known, update) => setCondition(known, update, nowMs), own);
  return updates.flatMap((update) => findCondition(next, update.type) ?? []);
}
