import type { Point } from "../../../drivers/metrics/driver.js";

/** Points that wait to be written, the oldest first. */
export interface PointQueue {
  /** Adds at the end; returns how many of the oldest had to go. */
  add(points: readonly Point[]): number;
  /** The oldest, at most `max`, taken out. */
  take(max: number): readonly Point[];
  /** What was taken and not written, back at its place; returns how many of the oldest had to go. */
  putBack(points: readonly Point[]): number;
  readonly size: number;
}

/** Points that wait at most: a day of one small rack, some minutes of a very large one; about 20 MB. */
export const POINTS_MAX = 50_000;

/** Empty; never holds more than `max` points. */
export function createPointQueue(max: number = POINTS_MAX): PointQueue {
  let waiting: readonly Point[] = [];
  const keep = (points: readonly Point[]) => {
    waiting = points.slice(Math.max(0, points.length - max));
    return points.length - waiting.length;
  };
  return {
    add: (points) => keep([...waiting, ...points]),
    take(count) {
      const taken = waiting.slice(0, count);
      waiting = waiting.slice(count);
      return taken;
    },
    putBack: (points) => keep([...points, ...waiting]),
    get size() {
      return waiting.length;
    },
  };
}
