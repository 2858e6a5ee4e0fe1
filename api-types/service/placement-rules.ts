import type { Service } from "./fields.js";

/** The operators of constraints, in the spelling that is used inside. */
export const OPERATORS = ["Unique", "Cluster", "GroupBy", "Like", "Unlike", "MaxPer", "Is"] as const;

export type PlacementOperator = (typeof OPERATORS)[number];

/** A rule of `placement.constraints`, parsed: the operator in one spelling, the value as it was written. */
export interface PlacementRule {
  readonly operator: PlacementOperator;
  /** `hostname`, `@region`, `@zone` or the name of an agent attribute. */
  readonly attribute: string;
  readonly value: string | undefined;
}

/** The operator that a text names; case and underscores do not count: `MAX_PER` is MaxPer. */
export function operatorOf(text: string): PlacementOperator | undefined {
  const plain = text.replaceAll("_", "").toLowerCase();
  return OPERATORS.find((operator) => operator.toLowerCase() === plain);
}

/**
 * The constraints of a service as rules; `substitute` fills in variables. A constraint whose operator nobody knows is left
 * out: validation refuses it, so none is stored.
 */
export function placementRules(
  { placement }: Pick<Service, "placement">,
  substitute: (text: string) => string = (text) => text,
): readonly PlacementRule[] {
  return (placement.constraints ?? []).flatMap(({ attribute, operator: written, value }) => {
    const operator = operatorOf(written);
    if (operator === undefined) return [];
    const given = value === undefined ? undefined : substitute(value);
    return [{ operator, attribute: attributeOf(substitute(attribute)), value: given }];
  });
}

/** Marathon also writes `@hostname`. */
function attributeOf(text: string): string {
  return text === "@hostname" ? "hostname" : text;
}
