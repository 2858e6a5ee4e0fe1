import type { Instance } from "../../../api-types/instance.js";
import type { PlacementRule } from "../../../api-types/service/placement-rules.js";

/** What tells whether instances are spread evenly. */
export interface Spread {
  readonly rules: readonly PlacementRule[];
  readonly attributeOf: (node: string, attribute: string) => string | undefined;
}

/** How many instances have each value of the attribute of each GroupBy rule. */
export interface Balance {
  /** A key of all values that count for an instance: those of one key weigh the same. */
  keyOf(instance: Instance): string;
  /** How many share the values of such an instance, summed over the rules: the most crowded leaves first. */
  crowdOf(key: string): number;
  remove(key: string): void;
}

/** Only GroupBy influences who leaves (marathon.md 2.6); undefined: no such rule. */
export function balanceOf({ rules, attributeOf }: Spread, instances: readonly Instance[]): Balance | undefined {
  const attributes = rules.filter(({ operator }) => operator === "GroupBy").map(({ attribute }) => attribute);
  if (attributes.length === 0) return undefined;
  const valuesOf = (instance: Instance) =>
    attributes.map((attribute) => {
      const node = instance.status?.placement?.node;
      return (node === undefined ? undefined : attributeOf(node, attribute)) ?? "";
    });
  const counts = attributes.map(() => new Map<string, number>());
  const change = (values: readonly string[], by: number) => {
    for (const [index, count] of counts.entries()) {
      const value = values[index] ?? "";
      count.set(value, (count.get(value) ?? 0) + by);
    }
  };
  for (const instance of instances) change(valuesOf(instance), 1);
  // written by keyOf
  const parse = (key: string) => JSON.parse(key) as readonly string[];
  return {
    keyOf: (instance) => JSON.stringify(valuesOf(instance)),
    crowdOf: (key) => parse(key).reduce((sum, value, index) => sum + (counts[index]?.get(value) ?? 0), 0),
    remove: (key) => change(parse(key), -1),
  };
}
