import { isRecord } from "../../../../platform/is-record.js";

/** A rule of which routes BGP takes from others. Only one policy stands for each source. */
export interface Redistribution {
  /** Protocols with commas between them, e.g. `CONNECTED,STATIC`; empty: all. */
  readonly sources: string;
  readonly policy: string;
}

/** What of `BGPGlobal` matters here. */
export interface BgpGlobal {
  /** Runs and has a number of its own. */
  readonly isEnabled: boolean;
  /** Undefined: this build has no redistribution by policies. */
  readonly redistributions: readonly Redistribution[] | undefined;
}

export interface Condition {
  readonly name: string;
  /** Whether it holds for exactly one prefix, and for which. */
  readonly prefix: string | undefined;
}

export interface Statement {
  readonly conditions: readonly string[];
  readonly isPermit: boolean;
  /** Whether one condition is enough; only the configuration says so. */
  readonly isAny: boolean;
}

export interface Definition {
  readonly statements: readonly string[];
}

/** What our policy tells STATIC routes by. */
export const SOURCE = "STATIC";

/** Whether a redistribution takes static routes. */
export function takesStatic({ sources }: Redistribution): boolean {
  const names = sources.split(",").map((source) => source.trim().toUpperCase());
  return names.includes(SOURCE) || names.includes("");
}

export function parseGlobal(value: unknown): BgpGlobal | undefined {
  const shown = objectOf(value);
  if (shown === undefined) return undefined;
  const { Disabled: isDisabled = false, ASNum: number = "", Redistribution: list } = shown;
  const isEnabled = isDisabled !== true && !["", "0"].includes(String(number));
  if (list === null) return { isEnabled, redistributions: [] };
  if (list === undefined) return { isEnabled, redistributions: undefined };
  if (!Array.isArray(list)) return undefined;
  const redistributions = list.map(parseRedistribution);
  return redistributions.every((one) => one !== undefined) ? { isEnabled, redistributions } : undefined;
}

function parseRedistribution(value: unknown): Redistribution | undefined {
  if (!isRecord(value)) return undefined;
  const { Sources: sources, Policy: policy = value.policy } = value;
  return typeof sources === "string" && typeof policy === "string" ? { sources, policy } : undefined;
}

export function parseCondition(value: unknown): Condition | undefined {
  const { Name: name, ConditionType: type, IpPrefix: ip, MaskLengthRange: range } = objectOf(value) ?? {};
  if (typeof name !== "string") return undefined;
  const isExact = type === "MatchDstIpPrefix" && typeof ip === "string" && range === "exact";
  return { name, prefix: isExact ? ip : undefined };
}

export function parseStatement(value: unknown): Statement | undefined {
  const { Name: name, Conditions: list, Action: action, MatchConditions: match } = objectOf(value) ?? {};
  const conditions = textsOf(list);
  if (typeof name !== "string" || conditions === undefined) return undefined;
  return { conditions, isPermit: action === "permit", isAny: match === "any" };
}

export function parseDefinition(value: unknown): Definition | undefined {
  const { Name: name, StatementList: list } = objectOf(value) ?? {};
  if (typeof name !== "string") return undefined;
  const items: readonly unknown[] | undefined = Array.isArray(list) ? list : (list ?? null) === null ? [] : undefined;
  const statements = textsOf(items?.map((item) => (isRecord(item) ? item.Statement : undefined)));
  return statements && { statements };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isRecord(value) && isRecord(value.Object) ? value.Object : undefined;
}

/** An empty list may be written as null. */
function textsOf(value: unknown): readonly string[] | undefined {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  return value.every((item): item is string => typeof item === "string") ? value : undefined;
}
