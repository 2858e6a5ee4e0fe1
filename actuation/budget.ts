import type { BudgetClass } from "./action.js";

/** What is left of one budget, as it is stored in `Rack.status.budgets`. */
export interface BudgetState {
  readonly class: string;
  readonly available: number;
  readonly capacity: number;
  /** RFC 3339. */
  readonly updatedAt: string;
}

/** The size of a budget. */
export interface BudgetLimits {
  readonly capacity: number;
  readonly refillPerMinute: number;
}

/** What may be set in `Rack.spec.safety.budgets`; the defaults are R4's. */
export interface BudgetSettings {
  readonly minimum?: number;
  readonly percent?: number;
  readonly refillPerMinute?: number;
}

/** The limits for a class of which `knownItems` exist: max(5, 10 %), 5 a minute, unless the rack says otherwise. */
export function budgetLimits(knownItems: number, settings: BudgetSettings = {}): BudgetLimits {
  const { minimum = 5, percent = 10, refillPerMinute = 5 } = settings;
  return { capacity: Math.max(minimum, Math.floor((knownItems * percent) / 100)), refillPerMinute };
}

/** What a budget holds after `elapsedMs`; one that was never used is full, and a clock that went back adds nothing. */
export function refill(state: BudgetState | undefined, elapsedMs: number, limits: BudgetLimits): number {
  if (state === undefined) return limits.capacity;
  const gained = (Math.max(0, elapsedMs) / 60_000) * limits.refillPerMinute;
  return Math.max(0, Math.min(limits.capacity, state.available + gained));
}

/** Whether a plan with so many removals is let through, and what is left then. A plan passes whole or not at all. */
export type Admission =
  | { readonly type: "admitted"; readonly state: BudgetState }
  | { readonly type: "held"; readonly message: string };

/** Draws `count` removals from a budget that holds `available`. */
export function admit(
  request: { readonly class: BudgetClass; readonly count: number; readonly nowMs: number },
  available: number,
  limits: BudgetLimits,
): Admission {
  const { count, nowMs } = request;
  if (count > available) {
    const message = `${count} removals of class ${request.class} are planned, the budget holds ${Math.floor(available)} of ${limits.capacity}`;
    return { type: "held", message };
  }
  const updatedAt = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const left = Math.round((available - count) * 1000) / 1000;
  return { type: "admitted", state: { class: request.class, available: left, capacity: limits.capacity, updatedAt } };
}
