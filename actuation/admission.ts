import type { Clock } from "../platform/clock.js";
import type { Action, BudgetClass } from "./action.js";
import { admit, type BudgetLimits, type BudgetState, refill } from "./budget.js";

/** Where the state of budgets is kept: `Rack.status.budgets`, so that a restart does not refill it. */
export interface BudgetStore {
  limits(rack: string, budgetClass: BudgetClass): BudgetLimits;
  load(rack: string): Promise<readonly BudgetState[]>;
  /** Replaces the states of the classes given. */
  save(rack: string, states: readonly BudgetState[]): Promise<void>;
}

/** Valid DisruptionOverrides. */
export interface Overrides {
  /** The name of an unexpired override that allows `count` more removals of this class on this rack. */
  find(rack: string, budgetClass: BudgetClass, count: number): string | undefined;
  /** Counts the removals in the override's status. */
  use(name: string, count: number): Promise<void>;
}

/** Admits the budgeted actions of a plan, whole or not at all; resolves with why not. Never rejects. */
export type Admit = (actions: readonly Action[]) => Promise<string | undefined>;

/** One plan after another, so that two plans cannot spend the same budget. */
export function createAdmission(options: {
  readonly budget: BudgetStore;
  readonly overrides: Overrides;
  readonly clock: Clock;
}): Admit {
  const ledger: Ledger = { ...options, spentAt: new Map() };
  let last: Promise<unknown> = Promise.resolve();
  return (actions) => {
    const budgeted = actions.filter((action) => action.budgetClass !== undefined);
    if (budgeted.length === 0) return Promise.resolve(undefined);
    const verdict = last.then(() => decide(ledger, budgeted)).catch(faultText);
    last = verdict;
    return verdict;
  };
}

interface Ledger {
  readonly budget: BudgetStore;
  readonly overrides: Overrides;
  readonly clock: Clock;
  /** Monotonic time of our last saves, by rack, class and stored time: stored wall times are for restarts only. */
  readonly spentAt: Map<string, { readonly updatedAt: string; readonly at: number }>;
}

interface Demand {
  readonly rack: string;
  readonly class: BudgetClass;
  readonly count: number;
}

async function decide(ledger: Ledger, actions: readonly Action[]): Promise<string | undefined> {
  const uses: { readonly name: string; readonly count: number }[] = [];
  const saves = new Map<string, BudgetState[]>();
  for (const demand of demandsOf(actions)) {
    const name = ledger.overrides.find(demand.rack, demand.class, demand.count);
    if (name !== undefined) {
      uses.push({ name, count: demand.count });
      continue;
    }
    const admission = await draw(ledger, demand);
    if (admission.type === "held") return admission.message;
    saves.set(demand.rack, [...(saves.get(demand.rack) ?? []), admission.state]);
  }
  // spent before it is sent: a crash in between costs budget, never safety
  for (const [rack, states] of saves) await save(ledger, rack, states);
  for (const { name, count } of uses) await ledger.overrides.use(name, count);
  return undefined;
}

async function draw(ledger: Ledger, demand: Demand) {
  const { budget, clock } = ledger;
  const limits = budget.limits(demand.rack, demand.class);
  const state = (await budget.load(demand.rack)).find((known) => known.class === demand.class);
  const own = ledger.spentAt.get(`${demand.rack}/${demand.class}`);
  const elapsedMs =
    own !== undefined && own.updatedAt === state?.updatedAt
      ? clock.monotonic() - own.at
      : clock.now() - Date.parse(state?.updatedAt ?? "");
  const available = refill(state, Number.isNaN(elapsedMs) ? 0 : elapsedMs, limits);
  return admit({ class: demand.class, count: demand.count, nowMs: clock.now() }, available, limits);
}

async function save(ledger: Ledger, rack: string, states: readonly BudgetState[]): Promise<void> {
  await ledger.budget.save(rack, states);
  const at = ledger.clock.monotonic();
  for (const { class: name, updatedAt } of states) ledger.spentAt.set(`${rack}/${name}`, { updatedAt, at });
}

function demandsOf(actions: readonly Action[]): readonly Demand[] {
  const demands = new Map<string, Demand>();
  for (const { rack, budgetClass } of actions) {
    if (budgetClass === undefined) continue;
    const key = `${rack}/${budgetClass}`;
    demands.set(key, { rack, class: budgetClass, count: (demands.get(key)?.count ?? 0) + 1 });
  }
  return [...demands.values()];
}

function faultText(error: unknown): string {
  return `the budget cannot be drawn from: ${error instanceof Error ? error.message : String(error)}`;
}
