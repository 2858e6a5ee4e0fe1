import { type Action, REMOVAL_VERBS } from "./action.js";

/** Whether an action takes something away, by the last word of its type. */
export function isRemoval(type: string): boolean {
  const verb = type.slice(type.lastIndexOf(".") + 1);
  return REMOVAL_VERBS.some((removal) => removal === verb);
}

/**
 * Why a removal may not be sent, or undefined when its ground holds. The compiler demands a ground as well; this is for
 * what was made past it, such as an action read from JSON.
 */
export function faultOfGround(action: Action, periodMs: number): string | undefined {
  if (!isRemoval(action.type)) return undefined;
  const { ground } = action;
  if (ground === undefined) return `${action.type} ${action.key} names no ground`;
  // not >=, so that NaN is a fault
  if (ground.type === "absence" && !(ground.confirmedForMs >= periodMs)) {
    return `${action.type} ${action.key}: absence is confirmed for ${ground.confirmedForMs} ms of ${periodMs} ms`;
  }
  return undefined;
}
