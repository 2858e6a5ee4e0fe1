import { compilePattern, patternFault } from "../../../../api-types/format/pattern.js";
import type { PlacementRule } from "../../../../api-types/service/placement-rules.js";
import type { Check } from "../checks.js";
import type { Site } from "../room.js";
import { comparedText } from "./attribute-text.js";
import { type EvenSpread, evenSpread } from "./even-spread.js";

/** What a rule is judged by, beside the node. */
export interface RuleContext {
  /** The text of an attribute of a live node. */
  readonly textOf: (site: Site, attribute: string) => string | undefined;
  /** Live nodes that hold a task of the service, one entry a task. */
  readonly placedOn: readonly Site[];
  /** How many tasks of the service there are to be, at least: shares of GroupBy are of these. */
  readonly wanted: number;
  /** Live nodes that meet everything about a node that does not change: a group without any of them waits for nothing. */
  readonly usable: () => readonly Site[];
}

/** A rule ready to be asked. */
export interface Rule {
  readonly check: Check<Site>;
  /** Tells it that a task of the service was placed; undefined: that does not matter to it. */
  readonly add?: (site: Site) => void;
  /** Set where a refusal may be lifted later in the round. */
  readonly even?: EvenSpread;
}

/**
 * | operator | value   | accepts a node when                                                                             |
 * |----------|---------|--------------------------------------------------------------------------------------------------|
 * | Unique   |         | no task of the service is on a node with the same attribute                                     |
 * | Cluster  | text    | its attribute is this                                                                           |
 * | Cluster  |         | its attribute is that of most tasks of the service, or there is none yet                        |
 * | GroupBy  | N       | a new group: fewer than N exist; a known one: fewer than wanted/N are in it, or one more for the remainder |
 * | GroupBy  |         | no usable group of the live nodes holds fewer tasks                                             |
 * | Like     | pattern | the whole attribute matches                                                                     |
 * | Unlike   | pattern | it does not, or is missing                                                                      |
 * | MaxPer   | N       | fewer than N tasks are in its group                                                             |
 * | Is       | text    | equal, numbers after rounding to 3 decimals                                                     |
 *
 * A missing attribute meets Unlike only. Tasks on nodes without the attribute are a group of their own. Every task counts,
 * whatever its revision. As Marathon's Constraints, save for GroupBy without a number, which Marathon cannot do any more.
 */
export function ruleOf(rule: PlacementRule, context: RuleContext): Rule {
  const { attribute, value } = rule;
  const fault = faultOf(rule);
  if (fault !== undefined) return unreadableRule(rule, fault);
  switch (rule.operator) {
    case "Unique":
      return groupRule(rule, context, (group) => ((group.size ?? 0) > 0 ? "is used already" : undefined));
    case "MaxPer":
      return groupRule(rule, context, ({ size = 0 }) => (size < Number(value) ? undefined : `has ${size} of ${value}`));
    case "GroupBy":
      return value === undefined ? evenRule(rule, context) : groupRule(rule, context, shareOf(Number(value), context));
    case "Cluster":
      return value === undefined
        ? clusterRule(rule, context)
        : equalRule(rule, context, comparedText(attribute, value));
    case "Is":
      return equalRule(rule, context, comparedText(attribute, value ?? ""));
    case "Like":
      return patternRule(rule, context, (isMatch) => isMatch === true);
    case "Unlike":
      return patternRule(rule, context, (isMatch) => isMatch !== true);
    default:
      return rule.operator satisfies never;
  }
}

/** What is wrong with a value: variables in it are filled in long after it was validated. */
function faultOf({ operator, value }: PlacementRule): string | undefined {
  const isPattern = operator === "Like" || operator === "Unlike";
  if (isPattern) return patternFault(value ?? "");
  const isCount = operator === "MaxPer" || (operator === "GroupBy" && value !== undefined);
  return isCount && !/^\d{1,9}$/.test(value ?? "") ? `${value ?? "nothing"} is no number` : undefined;
}

/** Accepts nothing: what was meant is not known. */
function unreadableRule(rule: PlacementRule, fault: string): Rule {
  const reason = ruleText(rule);
  return { check: { passes: () => false, reason: () => reason, explain: () => `cannot be judged: ${fault}` } };
}

/** Whether a rule depends on the node alone: then it is asked once. */
export function isOfNodeAlone({ operator, value }: PlacementRule): boolean {
  return ["Like", "Unlike", "Is"].includes(operator) || (operator === "Cluster" && value !== undefined);
}

/** `constraint Unique hostname`, with the value where there is one. */
function ruleText({ operator, attribute, value }: PlacementRule): string {
  const told = value !== undefined && value.length > VALUE_TOLD_MAX ? `${value.slice(0, VALUE_TOLD_MAX)}…` : value;
  return `constraint ${operator} ${attribute}${told === undefined ? "" : ` ${told}`}`;
}

/** Expressions may be long; so much of one is told. */
const VALUE_TOLD_MAX = 60;

/** One group of the tasks of a service. */
interface Group {
  /** How many tasks are in it; undefined: there is no such group yet. */
  readonly size: number | undefined;
  readonly groups: number;
  /** Tasks above the share of their group. */
  readonly above: number;
}

type Judge = ((group: Group) => string | undefined) & { readonly share?: number };

/** A rule about how many are where; `judge` says why the group of a node takes no more. */
function groupRule(rule: PlacementRule, context: RuleContext, judge: Judge): Rule {
  const sizes = new Map<string | undefined, number>();
  let above = 0;
  const add = (site: Site) => {
    const text = context.textOf(site, rule.attribute);
    const size = (sizes.get(text) ?? 0) + 1;
    sizes.set(text, size);
    if (size > (judge.share ?? 0)) above += 1;
  };
  for (const site of context.placedOn) add(site);
  const why = (text: string) => judge({ size: sizes.get(text), groups: sizes.size, above });
  return { add, check: ruleCheck(rule, context, why) };
}

/** GroupBy with a number: even shares, the remainder one each to whoever comes first. */
function shareOf(groupsMax: number, { wanted }: RuleContext): Judge {
  const share = Math.floor(wanted / groupsMax);
  const remainder = wanted % groupsMax;
  const judge = ({ size, groups, above }: Group) => {
    if (size === undefined) return groups < groupsMax ? undefined : `would be group ${groups + 1} of ${groupsMax}`;
    if (size < share || (size === share && above < remainder)) return undefined;
    return `has its share with ${size} of ${wanted}`;
  };
  return Object.assign(judge, { share });
}

/** Cluster without a value. Of several values that of most tasks counts, of equals the first in the alphabet. */
function clusterRule(rule: PlacementRule, context: RuleContext): Rule {
  const sizes = new Map<string, number>();
  for (const site of context.placedOn) {
    // "" for nodes without it: no node can join them
    const text = context.textOf(site, rule.attribute) ?? "";
    sizes.set(text, (sizes.get(text) ?? 0) + 1);
  }
  let [chosen] = [...sizes.keys()].sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0) || (a < b ? -1 : 1));
  const add = (site: Site) => {
    chosen ??= context.textOf(site, rule.attribute) ?? "";
  };
  const why = (text: string) => (chosen === undefined || text === chosen ? undefined : `is not ${chosen}`);
  return { add, check: ruleCheck(rule, context, why) };
}

function evenRule(rule: PlacementRule, context: RuleContext): Rule {
  const textOf = (site: Site) => context.textOf(site, rule.attribute);
  const even = evenSpread(textOf, context.usable());
  for (const site of context.placedOn) even.add(site);
  const check = ruleCheck(rule, context, even.refusal);
  const passes = (site: Site) => even.accepts(textOf(site));
  return { add: even.add, even, check: { ...check, passes } };
}

function equalRule(rule: PlacementRule, context: RuleContext, wanted: string): Rule {
  return { check: ruleCheck(rule, context, (text) => (text === wanted ? undefined : `is not ${wanted}`)) };
}

function patternRule(
  rule: PlacementRule,
  context: RuleContext,
  isAccepted: (isMatch: boolean | undefined) => boolean,
): Rule {
  const { matches } = compilePattern(rule.value ?? "");
  // an empty expression is met by nothing
  const isMatch = remembered((text) => rule.value !== "" && rule.value !== undefined && matches(text));
  const passes = (site: Site) => {
    const text = context.textOf(site, rule.attribute);
    return isAccepted(text === undefined ? undefined : isMatch(text));
  };
  const check = ruleCheck(rule, context, () => (rule.operator === "Like" ? "does not match" : "matches"));
  return { check: { ...check, passes } };
}

/** Matching is linear in the text but not cheap, and nodes share values. */
function remembered(matches: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    const answer = known.get(text) ?? matches(text);
    known.set(text, answer);
    return answer;
  };
}

/** Why the value of a node is refused; undefined: it is not. */
type Why = (text: string) => string | undefined;

/** A node without the attribute is always refused. */
function ruleCheck(rule: PlacementRule, { textOf }: RuleContext, why: Why): Check<Site> {
  const reason = ruleText(rule);
  return {
    reason: () => reason,
    passes(site) {
      const text = textOf(site, rule.attribute);
      return text !== undefined && why(text) === undefined;
    },
    explain(site) {
      const text = textOf(site, rule.attribute);
      if (text === undefined) return `has no attribute ${rule.attribute}`;
      return `has ${rule.attribute} ${text}, which ${why(text) ?? "fits"}`;
    },
  };
}
