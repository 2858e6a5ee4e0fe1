import type { Room, Site } from "../room.js";
import { minorOf, type Strategy, sharedMajor } from "./score.js";

/** All offers of a round as a strategy orders them, whatever else a task asks for: one list for all shapes. */
export interface Ranking {
  /** Indexes of the rooms, the best first, as it is now; not to be kept. */
  readonly order: () => Int32Array;
}

/**
 * A sorted list that follows `touched`, the round's list of nodes that were given a task: each is moved once, whoever asks
 * next. Finding a place takes logarithmic time; the move itself shifts memory, a microsecond for thousands of offers.
 */
export function createRanking(strategy: Strategy, rooms: readonly Room[], touched: readonly Site[]): Ranking {
  /** By index of the room: where it stands in the list. */
  const majors = new Float64Array(rooms.length);
  const minors = new Float64Array(rooms.length);
  for (const room of rooms) note(room);
  const order = Int32Array.from(rooms, ({ index }) => index).sort(compare);
  let seen = touched.length;
  return {
    order() {
      if (seen < touched.length) {
        const sites = new Set(touched.slice(seen));
        seen = touched.length;
        for (const site of sites) for (const room of site.rooms) move(room);
      }
      return order;
    },
  };

  function note(room: Room): void {
    majors[room.index] = sharedMajor(strategy, room);
    minors[room.index] = minorOf({ strategy }, room);
  }

  function compare(a: number, b: number): number {
    // every index is below the length
    return (majors[a] ?? 0) - (majors[b] ?? 0) || (minors[a] ?? 0) - (minors[b] ?? 0) || a - b;
  }

  function move(room: Room): void {
    const from = placeOf(room.index, order.length);
    order.copyWithin(from, from + 1);
    note(room);
    const to = placeOf(room.index, order.length - 1);
    order.copyWithin(to + 1, to, order.length - 1);
    order[to] = room.index;
  }

  /** Where it is, or belongs, among the first `count`. */
  function placeOf(index: number, count: number): number {
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(order[middle] ?? 0, index) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
