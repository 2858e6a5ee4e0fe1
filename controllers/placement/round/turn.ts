import { each, type Steps } from "../../../platform/steps.js";

/** So many are considered in one round: a round stays short, and a storm of launches comes in waves. */
export const TURN_MAX = 500;

/** Whose turn it is, and whether others wait for theirs. */
export interface Turn {
  readonly keys: ReadonlySet<string>;
  /** The next round is due at once. */
  readonly hasMore: boolean;
}

/** What may be given a turn. */
export interface Candidate {
  readonly key: string;
  readonly createdAt: string;
}

/**
 * Gives turns to those that were not considered since the last news: the longest not considered first, then the oldest.
 * Nobody who cannot be placed keeps others waiting, and where all fit in one round all have their turn together.
 */
export function createTurns(max = TURN_MAX) {
  /** Number of the last round in which each was considered. */
  let considered: ReadonlyMap<string, number> = new Map();
  const forgotten = new Set<string>();
  let round = 0;
  /** The first round that knew what is known now. */
  let since = 0;
  const last = ({ key }: Candidate) => (forgotten.has(key) ? 0 : (considered.get(key) ?? 0));
  return {
    /** `isNews`: something changed that may let in whoever was refused before. */
    *next(candidates: readonly Candidate[], isNews: boolean): Steps<Turn> {
      round += 1;
      if (isNews) since = round;
      const fresh: Candidate[] = [];
      yield* each(candidates, (candidate) => {
        if (last(candidate) < Math.max(since, 1)) fresh.push(candidate);
      });
      const chosen = fresh.length <= max ? fresh : yield* firstOf(fresh, max, last);
      const keys = new Set(chosen.map(({ key }) => key));
      const next = new Map<string, number>();
      yield* each(candidates, (one) => next.set(one.key, keys.has(one.key) ? round : last(one)));
      considered = next;
      forgotten.clear();
      return { keys, hasMore: fresh.length > keys.size };
    },
    /** It is to be considered again, news or not. */
    forget(key: string): void {
      forgotten.add(key);
    },
  };
}

/** Part by part: sorting tens of thousands at once takes too long. */
function* firstOf(candidates: readonly Candidate[], max: number, last: (candidate: Candidate) => number) {
  let first: readonly Candidate[] = [];
  for (let from = 0; from < candidates.length; from += SORTED_AT_ONCE) {
    const more = [...first, ...candidates.slice(from, from + SORTED_AT_ONCE)];
    first = more.sort((a, b) => last(a) - last(b) || compareText(a.createdAt, b.createdAt)).slice(0, max);
    yield;
  }
  return first;
}

const SORTED_AT_ONCE = 1000;

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
