import { compareText, type Site } from "../room.js";

/** How many tasks of a service are on nodes of each usable value of an attribute. */
export interface EvenSpread {
  readonly textOf: (site: Site) => string | undefined;
  /** Grows only. */
  lowest(): number;
  sizeOf(text: string): number;
  /** Whether one more on nodes of this value is even. */
  readonly accepts: (text: string | undefined) => boolean;
  /** Why not; undefined: it is. */
  readonly refusal: (text: string) => string | undefined;
  readonly add: (site: Site) => void;
}

/** At most so many values are named that a task waits for. */
const NAMED_MAX = 3;

/**
 * GroupBy without a number: a value may take one more while no other usable value has fewer, so that sizes differ by at
 * most one. A value whose nodes are full holds up the others: that is what was asked for, and the refusal names it.
 */
export function evenSpread(textOf: (site: Site) => string | undefined, usable: readonly Site[]): EvenSpread {
  const sizes = new Map<string, number>();
  for (const site of usable) {
    const text = textOf(site);
    if (text !== undefined) sizes.set(text, 0);
  }
  const valuesAt = new Map([[0, sizes.size]]);
  let lowest = 0;
  return {
    textOf,
    lowest: () => lowest,
    sizeOf: (text) => sizes.get(text) ?? 0,
    accepts: (text) => text !== undefined && sizes.get(text) === lowest,
    refusal(text) {
      const size = sizes.get(text);
      if (size === undefined) return "no usable node has";
      return size === lowest ? undefined : `has ${size}, while ${waitedFor(sizes, lowest)} still ${lowest}`;
    },
    add(site) {
      const text = textOf(site);
      const size = text === undefined ? undefined : sizes.get(text);
      if (text === undefined || size === undefined) return;
      sizes.set(text, size + 1);
      valuesAt.set(size, (valuesAt.get(size) ?? 0) - 1);
      valuesAt.set(size + 1, (valuesAt.get(size + 1) ?? 0) + 1);
      if (size === lowest && valuesAt.get(size) === 0) lowest += 1;
    },
  };
}

function waitedFor(sizes: ReadonlyMap<string, number>, lowest: number): string {
  const values = [...sizes].flatMap(([text, size]) => (size === lowest ? [text] : [])).sort(compareText);
  const named = values.slice(0, NAMED_MAX).join(", ");
  const others = values.length - NAMED_MAX;
  if (others > 0) return `${named} and ${others} more have`;
  return `${named} ${values.length === 1 ? "has" : "have"}`;
}
