/** Doubt of one's own eyes: bad results are many at once when the observer is blind, and few when instances are bad (R3). */
export interface Blindness {
  /** The result of one target; `isTurn`: it was good before. Tells whether bad results are to be believed now. */
  note(rack: string, target: string, result: { readonly isGood: boolean; readonly isTurn: boolean }): Belief;
  /** The target is not asked any more. */
  forget(rack: string, target: string): void;
}

/** `begun` is told once, by the result that begins the doubt. */
export type Belief = "believed" | "doubted" | "begun";

/** So many targets, and so large a part of a rack's, that turn bad within one window are the observer's fault. */
const BAD_MIN = 3;
const BAD_SHARE = 0.3;
/** Longer than the default period, so that targets that are asked in turn fall into one window. */
const WINDOW_MS = 120_000;

interface RackTargets {
  readonly all: Set<string>;
  /** Targets that turned bad and still are, with when; oldest first. */
  readonly bad: Map<string, number>;
  isDoubted: boolean;
}

/** `monotonic` tells the time. Doubt ends when few enough of those that turned bad still are. */
export function createBlindness(monotonic: () => number): Blindness {
  const racks = new Map<string, RackTargets>();
  return {
    note(rack, target, { isGood, isTurn }) {
      const targets = racks.get(rack) ?? { all: new Set<string>(), bad: new Map<string, number>(), isDoubted: false };
      racks.set(rack, targets);
      targets.all.add(target);
      if (isGood) targets.bad.delete(target);
      else if (isTurn && !targets.bad.has(target)) targets.bad.set(target, monotonic());
      return judge(targets, monotonic());
    },
    forget(rack, target) {
      const targets = racks.get(rack);
      targets?.all.delete(target);
      targets?.bad.delete(target);
      if (targets?.all.size === 0) racks.delete(rack);
    },
  };
}

function judge(targets: RackTargets, now: number): Belief {
  const { all, bad, isDoubted } = targets;
  // while in doubt the window stands still: what was bad then counts until it is good
  if (!isDoubted) dropOlder(bad, now - WINDOW_MS);
  targets.isDoubted = bad.size >= BAD_MIN && bad.size > all.size * BAD_SHARE;
  if (!targets.isDoubted) return "believed";
  return isDoubted ? "doubted" : "begun";
}

function dropOlder(bad: Map<string, number>, time: number): void {
  for (const [target, since] of bad) {
    if (since >= time) return;
    bad.delete(target);
  }
}
