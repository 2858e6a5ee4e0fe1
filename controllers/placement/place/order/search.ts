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

/** Looks at offers one by one; where an order is given, by rank, and only as far as a better one may come. */
export function search(shape: Shape, rooms: readonly Room[], order?: Int32Array): Found {
  let best: Room | undefined;
  let bestMajor = Number.POSITIVE_INFINITY;
  let steps = 0;
  while (steps < rooms.length) {
    const room = rooms[order?.[steps] ?? steps];
    steps += 1;
    // whether one fits is asked first until one does: where none does nothing else is asked
    if (room === undefined || (best === undefined && !fitsNow(shape.demand, room))) continue;
    const major = majorOf(shape, room);
    if (best !== undefined && !(isBetter(shape, { room, major, best, bestMajor }) && fitsNow(shape.demand, room)))
      continue;
    best = room;
    bestMajor = major;
    if (order !== undefined && isOfBestClass(shape, major)) break;
  }
  return { room: best, steps };
}

interface Compared {
  readonly room: Room;
  readonly major: number;
  readonly best: Room;
  readonly bestMajor: number;
}

/** Of equals the first stays: they come in order of names. */
function isBetter({ task }: Shape, { room, major, best, bestMajor }: Compared): boolean {
  return major < bestMajor || (major === bestMajor && minorOf(task, room) < minorOf(task, best));
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
