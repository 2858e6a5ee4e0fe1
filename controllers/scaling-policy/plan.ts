import type { ScalingPolicy, ScalingRule } from "../../api-types/scaling-policy.js";

/** One reading of one metric; `value` undefined: the source gave none, which agrees with no rule (R25). */
export interface Reading {
  readonly at: number;
  readonly value: number | undefined;
}

/** What the policy remembers between rounds. Times in milliseconds of wall time. */
export interface PolicyMemory {
  /** Readings by metric name, oldest first, bounded by the longest window. */
  readonly readings: ReadonlyMap<string, readonly Reading[]>;
  /** When each rule last fired. */
  readonly firedAt: ReadonlyMap<string, number>;
}

export interface PolicyView {
  readonly policy: ScalingPolicy;
  readonly memory: PolicyMemory;
  /** The size that the target asks for now. */
  readonly currentReplicas: number;
  /** Suspended targets and Paused policies hold. */
  readonly isHeld: boolean;
  readonly now: number;
}

export interface RuleState {
  readonly name: string;
  /** How many of the last readings agree, of how many wanted. */
  readonly agreeing: number;
  readonly needed: number;
  readonly cooldownUntil: number | undefined;
}

export interface PolicyPlan {
  readonly desiredReplicas: number;
  /** The rule that decided; undefined: nothing changes, or only the bounds do. */
  readonly rule: string | undefined;
  /** A bound cut what the rule asked for. */
  readonly limitedBy: "minReplicas" | "maxReplicas" | undefined;
  readonly rules: readonly RuleState[];
}

/** Upper bound of readings kept for one metric. */
export const READINGS_MAX = 1000;

/** The first rule whose change is not void decides; the result stays within the bounds. Pure. */
export function planPolicy(view: PolicyView): PolicyPlan {
  const { policy, currentReplicas, isHeld } = view;
  const rules = (policy.spec.rules ?? []).map((rule) => ({ rule, state: stateOf(view, rule) }));
  const holding = isHeld ? [] : rules.filter(({ rule, state }) => holds(view, rule, state));
  const firing = holding.find(({ rule }) => !isVoid(view, rule));
  const asked = firing === undefined ? currentReplicas : changed(firing.rule, currentReplicas);
  const { replicas, limitedBy } = bounded(policy, asked);
  const desiredReplicas = isHeld ? currentReplicas : replicas;
  return {
    desiredReplicas,
    rule: desiredReplicas === currentReplicas ? undefined : firing?.rule.name,
    limitedBy: firing === undefined ? bindingLimit(view, holding[0]?.rule) : limitedBy,
    rules: rules.map(({ state }) => state),
  };
}

/** Adds a reading; old ones beyond the bound are dropped. */
export function remember(memory: PolicyMemory, metric: string, reading: Reading): PolicyMemory {
  const readings = new Map(memory.readings);
  readings.set(metric, [...(readings.get(metric) ?? []), reading].slice(-READINGS_MAX));
  return { ...memory, readings };
}

/** After a rule fired its readings no longer count. */
export function afterFiring(memory: PolicyMemory, rule: string, now: number): PolicyMemory {
  return { ...memory, firedAt: new Map(memory.firedAt).set(rule, now) };
}

function stateOf({ memory, now }: PolicyView, rule: ScalingRule): RuleState {
  const { count, of } = windowOf(rule);
  const lastFiring = Math.max(0, ...memory.firedAt.values());
  const window = (memory.readings.get(rule.metric ?? "") ?? []).slice(-of).filter((reading) => reading.at > lastFiring);
  const agreeing = window.filter((reading) => agrees(rule, reading.value)).length;
  return { name: rule.name, agreeing, needed: count, cooldownUntil: cooldownUntil(memory, rule, now) };
}

/** Until when the rule may not fire again, as its last firing is remembered. */
export function cooldownUntil(memory: PolicyMemory, rule: ScalingRule, now: number): number | undefined {
  const end = (memory.firedAt.get(rule.name) ?? 0) + (rule.cooldownSeconds ?? 0) * 1000;
  return end > now ? end : undefined;
}

/** What a new process knows of an earlier one's firings: only what still matters, the cooldowns. */
export function memoryOf({ spec, status }: ScalingPolicy): PolicyMemory {
  const firedAt = (status?.rules ?? []).flatMap(({ name, cooldownUntil: until }): [string, number][] => {
    const rule = spec.rules?.find((candidate) => candidate.name === name);
    const end = Date.parse(until ?? "");
    return rule === undefined || Number.isNaN(end) ? [] : [[name, end - (rule.cooldownSeconds ?? 0) * 1000]];
  });
  return { readings: new Map(), firedAt: new Map(firedAt) };
}

function windowOf(rule: ScalingRule): { count: number; of: number } {
  return rule.atLeast ?? { count: 1, of: 1 };
}

/** Comparisons are strict; no value agrees with nothing. */
function agrees(rule: ScalingRule, value: number | undefined): boolean {
  if (value === undefined) return false;
  return (rule.above === undefined || value > rule.above) && (rule.below === undefined || value < rule.below);
}

/** Enough readings agree, the newest among them, and the cooldown is over. */
function holds(view: PolicyView, rule: ScalingRule, state: RuleState): boolean {
  const newest = view.memory.readings.get(rule.metric ?? "")?.at(-1);
  return state.agreeing >= state.needed && state.cooldownUntil === undefined && agrees(rule, newest?.value);
}

/** A change that alters nothing; a veto means to. */
function isVoid({ policy, currentReplicas }: PolicyView, rule: ScalingRule): boolean {
  if (rule.change.delta === 0) return false;
  return bounded(policy, changed(rule, currentReplicas)).replicas === currentReplicas;
}

/** The bound that made the change of a rule void. */
function bindingLimit({ policy, currentReplicas }: PolicyView, rule: ScalingRule | undefined): PolicyPlan["limitedBy"] {
  return rule === undefined ? undefined : bounded(policy, changed(rule, currentReplicas)).limitedBy;
}

function changed(rule: ScalingRule, current: number): number {
  const { delta, percent, replicas } = rule.change;
  if (replicas !== undefined) return replicas;
  if (delta !== undefined) return current + delta;
  const exact = (current * (percent ?? 0)) / 100;
  return current + (exact >= 0 ? Math.ceil(exact) : Math.floor(exact));
}

function bounded(policy: ScalingPolicy, asked: number): { replicas: number; limitedBy: PolicyPlan["limitedBy"] } {
  const { minReplicas, maxReplicas } = policy.spec;
  if (asked > maxReplicas) return { replicas: maxReplicas, limitedBy: "maxReplicas" };
  if (asked < minReplicas) return { replicas: minReplicas, limitedBy: "minReplicas" };
  return { replicas: asked, limitedBy: undefined };
}

/** One value of many samples. Undefined of none. */
export function combine(values: readonly number[], how: "Average" | "Max" | "Min" | "Sum"): number | undefined {
  if (values.length === 0) return undefined;
  const sum = values.reduce((total, value) => total + value, 0);
  if (how === "Sum") return sum;
  if (how === "Average") return sum / values.length;
  return how === "Max" ? Math.max(...values) : Math.min(...values);
}
