import type { WireAttribute } from "../../../drivers/compute/mesos/wire.js";

/** What agents a role wants offers of: any group of a role must hold as a whole. */
export interface OfferConstraints {
  readonly role_constraints?: Readonly<
    Record<string, { readonly groups?: readonly { readonly attribute_constraints?: readonly Constraint[] }[] }>
  >;
}

interface Constraint {
  readonly selector: { readonly attribute_name?: string; readonly pseudoattribute_type?: string };
  readonly predicate: {
    readonly exists?: unknown;
    readonly not_exists?: unknown;
    readonly text_equals?: { readonly value: string };
    readonly text_not_equals?: { readonly value: string };
    readonly text_matches?: { readonly regex: string };
    readonly text_not_matches?: { readonly regex: string };
  };
}

/** What constraints can see of an agent. */
export interface ConstrainedAgent {
  readonly hostname: string;
  readonly region: string | undefined;
  readonly zone: string | undefined;
  readonly attributes: readonly WireAttribute[];
}

/** Whether the agent may be offered to the role. */
export function isWanted(constraints: OfferConstraints | undefined, role: string, agent: ConstrainedAgent): boolean {
  const groups = constraints?.role_constraints?.[role]?.groups;
  if (groups === undefined || groups.length === 0) return true;
  return groups.some((group) => (group.attribute_constraints ?? []).every((constraint) => holds(constraint, agent)));
}

function holds({ selector, predicate }: Constraint, agent: ConstrainedAgent): boolean {
  const selected = select(selector, agent);
  if (predicate.exists !== undefined) return selected !== undefined;
  if (predicate.not_exists !== undefined) return selected === undefined;
  if (predicate.text_not_equals !== undefined) return textOf(selected) !== predicate.text_not_equals.value;
  if (predicate.text_not_matches !== undefined) return !matches(selected, predicate.text_not_matches.regex);
  if (selected === undefined) return false;
  // a value that is no text satisfies every text predicate
  if (selected.type === "other") return true;
  if (predicate.text_equals !== undefined) return selected.text === predicate.text_equals.value;
  return predicate.text_matches === undefined || matches(selected, predicate.text_matches.regex);
}

type Selected = { readonly type: "text"; readonly text: string } | { readonly type: "other" } | undefined;

function select(selector: Constraint["selector"], agent: ConstrainedAgent): Selected {
  const pseudo: Readonly<Record<string, string | undefined>> = {
    HOSTNAME: agent.hostname,
    REGION: agent.region,
    ZONE: agent.zone,
  };
  if (selector.pseudoattribute_type !== undefined) {
    const text = pseudo[selector.pseudoattribute_type];
    return text === undefined ? undefined : { type: "text", text };
  }
  const attribute = agent.attributes.find((entry) => entry.name === selector.attribute_name);
  if (attribute === undefined) return undefined;
  return attribute.text === undefined ? { type: "other" } : { type: "text", text: attribute.text.value };
}

function textOf(selected: Selected): string | undefined {
  return selected?.type === "text" ? selected.text : undefined;
}

function matches(selected: Selected, regex: string): boolean {
  const text = textOf(selected);
  return text !== undefined && new RegExp(`^(?:${regex})$`).test(text);
}
