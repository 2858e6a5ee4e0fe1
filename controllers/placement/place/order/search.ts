import type { Room } from "../room.js";
import type { Demand, Shape } from "../shapes.js";
import { isOfBestClass, majorOf, minorOf } from "./score.js";

/** What a search found, and what it cost. */
export interface Found {
  /** The offer that suits best now. Undefined: none fits. */
  readonly room: Room | undefined;
  /** How many offers were looked at. */
  readonly steps: number;
}

/** Looks at offers one by one; where they are ranked, only as far as a better one may come. */
export function search(shape: Shape, rooms: readonly Room[], isRanked: boolean): Found {
  let best: Room | undefined;
  let [major, minor] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let steps = 0;
  for (const room of rooms) {
    steps += 1;
    // whether one fits is asked first until one does: where none does nothing else is asked
    if (best === undefined && !fitsNow(shape.demand, room)) continue;
    const own = majorOf(shape, room);
    // of equals the first stays: they come in order of names
    if (own > major || (own === major && minorOf(shape.task, room) >= minor)) continue;
    if (best !== undefined && !fitsNow(shape.demand, room)) continue;
    best = room;
    major = own;
    minor = minorOf(shape.task, room);
    if (isRanked && isOfBestClass(shape, own)) break;
  }
  return { room: best, steps };
}

/** Whether nothing is missing that stays missing for the round. */
export function fits({ lasting }: Demand, room: Room): boolean {
  for (const check of lasting) if (!check.passes(room)) return false;
  return true;
}

function fitsNow(demand: Demand, room: Room): boolean {
  if (!fits(demand, room)) return false;
  for (const even of demand.evens) if (!even.accepts(even.textOf(room.site))) return false;
  return true;
}
