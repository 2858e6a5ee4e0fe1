import type { Entry } from "../store.js";

/** What one revision did to one key, with what stood there before: enough to replay it and to undo it. */
export interface Change {
  readonly key: string;
  readonly revision: number;
  /** `undefined`: the key was deleted. */
  readonly entry: Entry | undefined;
  readonly previous: Entry | undefined;
  /** Monotonic time of the change, by the clock of the store. */
  readonly atMs: number;
}

/** How long changes are kept: as long as either bound asks. */
export interface HistoryLimits {
  readonly ageMs: number;
  readonly revisions: number;
}

/** Five minutes, and at least 10,000 revisions (DESIGN section 4). */
export const HISTORY_LIMITS: HistoryLimits = { ageMs: 5 * 60_000, revisions: 10_000 };

/** The kept changes in order. A position counts every change ever appended, so that it stays valid over compaction. */
export interface ChangeLog {
  /** The states at this revision and later can be told. */
  compactedRevision(): number;
  /** The position after the last change. */
  end(): number;
  /** Undefined: forgotten, or not yet there. */
  at(position: number): Change | undefined;
  /** The position of the first change after `revision`. */
  positionAfter(revision: number): number;
  append(change: Change): void;
  /** Forgets what the limits allow at `nowMs`; returns them. */
  compact(limits: HistoryLimits, nowMs: number): readonly Change[];
}

/** An empty log whose past ends at `compactedRevision`. */
export function changeLog(compactedRevision: number): ChangeLog {
  let changes: Change[] = [];
  let first = 0;
  let dropped = 0;
  let compacted = compactedRevision;

  const at = (position: number) => (position < first + dropped ? undefined : changes[position - first]);

  function positionAfter(revision: number): number {
    let low = dropped;
    let high = changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // middle is below changes.length
      if (changes[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return first + low;
  }

  function compact(limits: HistoryLimits, nowMs: number): readonly Change[] {
    const newest = changes.at(-1)?.revision ?? 0;
    const start = dropped;
    for (let change = changes[dropped]; change !== undefined; change = changes[dropped]) {
      if (newest - change.revision < limits.revisions || nowMs - change.atMs < limits.ageMs) break;
      compacted = change.revision;
      dropped += 1;
    }
    const forgotten = dropped === start ? NOTHING : changes.slice(start, dropped);
    // moving the rest costs its length: only when at least as much was dropped
    if (dropped * 2 > changes.length) {
      changes = changes.slice(dropped);
      first += dropped;
      dropped = 0;
    }
    return forgotten;
  }

  return {
    compactedRevision: () => compacted,
    end: () => first + changes.length,
    at,
    positionAfter,
    append: (change) => {
      changes.push(change);
    },
    compact,
  };
}

const NOTHING: readonly Change[] = [];
