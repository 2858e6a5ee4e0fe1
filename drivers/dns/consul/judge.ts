import type { DnsEntry } from "../driver.js";

/** What the watch remembers of the catalogue between two answers. */
export interface WatchMemory {
  /** Who led when the last answer was taken. */
  readonly leader: string;
  /** The index to block on; 0: ask at once. */
  readonly index: number;
  /** How often the index went backwards: a restored or emptied catalogue. */
  readonly resets: number;
  /** Our entries that were seen in this epoch and that we did not remove. */
  readonly known: ReadonlySet<string>;
}

/** What an answer means. `again`: its index went backwards, ask from 0. */
export type Judgement =
  | { readonly type: "complete"; readonly memory: WatchMemory }
  | { readonly type: "partial"; readonly memory: WatchMemory; readonly reason: string }
  | { readonly type: "again"; readonly memory: WatchMemory; readonly reason: string };

/** Before the first answer. */
export const NO_MEMORY: WatchMemory = { leader: "", index: 0, resets: 0, known: new Set() };

/**
 * | answer                                    | meaning  |
 * |-------------------------------------------|----------|
 * | index lower than the last                 | again    |
 * | none of ours where some were known        | partial  |
 * | anything else                             | complete |
 *
 * `removed` are keys that we deregistered and that no answer has lacked since: their absence is our own doing.
 */
export function judge(
  memory: WatchMemory,
  answer: { readonly leader: string; readonly index: number; readonly items: ReadonlyMap<string, DnsEntry> },
  removed: ReadonlySet<string>,
): Judgement {
  if (answer.index < memory.index) {
    const reset: WatchMemory = { leader: answer.leader, index: 0, resets: memory.resets + 1, known: new Set() };
    return { type: "again", memory: reset, reason: `index went back from ${memory.index} to ${answer.index}` };
  }
  const ours = [...answer.items].filter(([, entry]) => entry.stamp !== undefined).map(([key]) => key);
  const missed = [...memory.known].filter((key) => !removed.has(key));
  const next = { leader: answer.leader, index: answer.index, resets: memory.resets };
  if (ours.length === 0 && missed.length > 0) {
    const reason = `no entries where ${missed.length} were known`;
    return { type: "partial", memory: { ...next, known: new Set(missed) }, reason };
  }
  return { type: "complete", memory: { ...next, known: new Set(ours.filter((key) => !removed.has(key))) } };
}
