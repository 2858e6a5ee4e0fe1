import type { Clock } from "./clock.js";

/** Work that can be put down between two steps, each of a millisecond or so; what it gives does not depend on that. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Does work step by step, and lets others work in between when a turn of the event loop has lasted long enough. */
export async function inTurns<Result>(work: Steps<Result>, { breathe }: Pick<Clock, "breathe">): Promise<Result> {
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) return step.value;
    const breath = breathe?.();
    if (breath !== undefined) await breath;
  }
}

/** Does work in one go. */
export function atOnce<Result>(work: Steps<Result>): Result {
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}

/** Looks at one item after the other, some hundreds a step. */
export function* each<Item>(items: Iterable<Item>, look: (item: Item) => void): Steps<void> {
  let looks = 0;
  for (const item of items) {
    look(item);
    looks += 1;
    if (looks % LOOKS_PER_STEP === 0) yield;
  }
}

const LOOKS_PER_STEP = 500;
