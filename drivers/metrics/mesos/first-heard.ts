/** Remembers when each measurement was heard first. */
export interface FirstHeard {
  /** Our wall time at which the key's measurement of this time of the source was heard first, milliseconds. */
  at(key: string, timestamp: number): number;
}

/** Keys that were not asked for so long are forgotten. */
const KEEP_MS = 600_000;

/**
 * Remembers nothing yet. How old a measurement is must not rest on the clock of an agent that is set otherwise than ours:
 * a new one is as old as its answer, one that the agent repeats ages.
 */
export function createFirstHeard(now: () => number): FirstHeard {
  const heard = new Map<string, { readonly timestamp: number; readonly at: number; readonly askedAt: number }>();
  return {
    at(key, timestamp) {
      const askedAt = now();
      const before = heard.get(key);
      const at = before?.timestamp === timestamp ? before.at : askedAt;
      // kept in the order in which they were asked for, the longest ago first
      heard.delete(key);
      heard.set(key, { timestamp, at, askedAt });
      for (const [known, { askedAt: last }] of heard) {
        if (askedAt - last <= KEEP_MS) break;
        heard.delete(known);
      }
      return at;
    },
  };
}
