import type { Room, Site } from "../room.js";
import { minorOf, type Strategy, sharedMajor } from "./score.js";

/** All offers of a round as a strategy orders them, whatever else a task asks for: one list for all shapes. */
export interface Ranking {
  /** The best first, as it is now; not to be kept. */
  readonly rooms: () => readonly Room[];
}

/**
 * A sorted list that follows `touched`, the round's list of nodes that were given a task: each is moved once, whoever asks
 * next. Finding a place takes logarithmic time; the move itself shifts memory, some microseconds for thousands of offers.
 */
export function createRanking(strategy: Strategy, rooms: readonly Room[], touched: readonly Site[]): Ranking {
  /** By index of the room: where it stands in the list. */
  const majors = new Float64Array(rooms.length);
  const minors = new Float64Array(rooms.length);
  for (const room of rooms) note(room);
  const ranked = [...rooms].sort(compare);
  let seen = touched.length;
  return {
    rooms() {
      if (seen < touched.length) {
        const sites = new Set(touched.slice(seen));
        seen = touched.length;
        for (const site of sites) for (const room of site.rooms) move(room);
      }
      return ranked;
    },
  };

  function note(room: Room): void {
    majors[room.index] = sharedMajor(strategy, room);
    minors[room.index] = minorOf({ strategy }, room);
  }

  function compare({ index: a }: Room, { index: b }: Room): number {
    // every index is below the length
    return (majors[a] ?? 0) - (majors[b] ?? 0) || (minors[a] ?? 0) - (minors[b] ?? 0) || a - b;
  }

  function move(room: Room): void {
    ranked.splice(placeOf(room), 1);
    note(room);
    ranked.splice(placeOf(room), 0, room);
  }

  /** Where it is, or belongs. */
  function placeOf(room: Room): number {
    let [low, high] = [0, ranked.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = ranked[middle];
      if (other !== undefined && compare(other, room) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
