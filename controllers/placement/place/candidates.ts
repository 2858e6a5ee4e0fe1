import { append } from "./append.js";
import { createHeap, type Heap, type Score } from "./heap.js";
import type { Room, Site } from "./room.js";
import type { Shape } from "./shapes.js";

/** The offers that fit a shape, in order of preference. */
export interface Candidates {
  /** The one that suits best now. Undefined: none fits. */
  best(): Room | undefined;
}

/** The same without keeping anything: every choice looks at every offer, which is cheaper for a few choices. */
export function createScan(shape: Shape): Candidates {
  return {
    best() {
      let best: Room | undefined;
      let [major, minor] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      // in order of names, so that of equals the first stays
      for (const room of shape.asked) {
        const own = majorOf(shape, room);
        if (own > major || (own === major && minorOf(shape, room) >= minor) || !fitsNow(shape, room)) continue;
        best = room;
        major = own;
        minor = minorOf(shape, room);
      }
      return best;
    },
  };
}

/** Offers with the same values of all attributes that the shape is to be spread evenly over: they are open or closed together. */
interface Bucket {
  readonly rooms: readonly Room[];
  readonly heap: Heap;
}

/**
 * Keeps the offers of a shape in heaps that are put right lazily: what a round gives away makes an offer less preferred,
 * seldom more, and an offer that was refused stays refused. So only the first of a heap is looked at again, and every
 * placement costs logarithmic time. `touched` is the round's list of nodes that were given a task, in order: where that
 * can make an offer preferred (BinPack, near), those are moved before each choice.
 *
 * Even spread is the exception: a bucket that has enough is set aside until the lowest group has caught up.
 */
export function createCandidates(shape: Shape, touched: readonly Site[]): Candidates {
  const { evens } = shape;
  const buckets = bucketsOf(shape);
  const heap = createHeap(buckets.length);
  /** By rule and size: buckets that wait until the lowest group has this size. */
  const parked = evens.map(() => new Map<number, number[]>());
  const released = evens.map((even) => even.lowest());
  const follow = isImproving(shape) ? createFollower({ shape, buckets, heap, touched }) : () => {};
  for (const index of buckets.keys()) settleBucket(index);
  return {
    best() {
      follow();
      for (const [index, even] of evens.entries()) release(index, even.lowest());
      for (let index = heap.first(); index !== undefined; index = heap.first()) {
        const room = settleBucket(index);
        if (room !== undefined && !park(index, room)) return room;
      }
      return undefined;
    },
  };

  /** Brings the first of a bucket up to date, and then the bucket; tells the offer if the bucket is still the first. */
  function settleBucket(index: number): Room | undefined {
    const bucket = buckets[index];
    const room = bucket && settle(shape, bucket);
    if (room === undefined) {
      heap.remove(index);
      return undefined;
    }
    const score = scoreOf(shape, room);
    if (heap.has(index) && heap.isAt(index, score)) return room;
    heap.set(index, score);
    return undefined;
  }

  function park(index: number, { site }: Room): boolean {
    const at = evens.findIndex((even) => !even.accepts(even.textOf(site)));
    const even = evens[at];
    const waiting = parked[at];
    const text = even?.textOf(site);
    if (even === undefined || waiting === undefined) return false;
    heap.remove(index);
    // nodes without the attribute wait for nothing
    if (text !== undefined) append(waiting, even.sizeOf(text), index);
    return true;
  }

  function release(at: number, lowest: number): void {
    const waiting = parked[at];
    for (let size = released[at] ?? 0; size <= lowest; size++) {
      for (const index of waiting?.get(size) ?? []) settleBucket(index);
      waiting?.delete(size);
    }
    released[at] = lowest;
  }
}

function bucketsOf(shape: Shape): readonly Bucket[] {
  const byValues = new Map<string, Room[]>();
  for (const room of shape.asked) {
    if (!fits(shape, room)) continue;
    const key = shape.evens.length === 0 ? "" : JSON.stringify(shape.evens.map((even) => even.textOf(room.site)));
    append(byValues, key, room);
  }
  return [...byValues.values()].map((rooms) => {
    const heap = createHeap(rooms.length);
    for (const [index, room] of rooms.entries()) heap.set(index, scoreOf(shape, room));
    return { rooms, heap };
  });
}

/** The first of a bucket that still fits, at its present score. */
function settle(shape: Shape, { rooms, heap }: Bucket): Room | undefined {
  for (let index = heap.first(); index !== undefined; index = heap.first()) {
    const room = rooms[index];
    if (room === undefined || !fits(shape, room)) {
      heap.remove(index);
      continue;
    }
    const score = scoreOf(shape, room);
    if (heap.isAt(index, score)) return room;
    heap.set(index, score);
  }
  return undefined;
}

function fits({ lasting }: Shape, room: Room): boolean {
  for (const check of lasting) if (check.lack(room) > 0) return false;
  return true;
}

function fitsNow(shape: Shape, room: Room): boolean {
  return fits(shape, room) && shape.evens.every((even) => even.accepts(even.textOf(room.site)));
}

/** Whether a placement elsewhere can make an offer more preferred. */
function isImproving({ task }: Shape): boolean {
  return task.strategy === "BinPack" || task.near.length > 0;
}

interface Followed {
  readonly shape: Shape;
  readonly buckets: readonly Bucket[];
  readonly heap: Heap;
  readonly touched: readonly Site[];
}

/** Moves offers of nodes that were given something since the last call; all of them at most once. */
function createFollower({ shape, buckets, heap, touched }: Followed): () => void {
  let seen = touched.length;
  const placeOf = new Map(
    buckets.flatMap(({ rooms }, bucket) => rooms.map((room, item) => [room.index, { bucket, item }] as const)),
  );
  return () => {
    const sites = new Set(touched.slice(seen));
    seen = touched.length;
    for (const room of [...sites].flatMap((site) => site.rooms)) {
      const place = placeOf.get(room.index);
      const bucket = place && buckets[place.bucket];
      if (place === undefined || !bucket?.heap.has(place.item)) continue;
      bucket.heap.set(place.item, scoreOf(shape, room));
      const first = bucket.rooms[bucket.heap.first() ?? -1];
      if (first !== undefined && heap.has(place.bucket)) heap.set(place.bucket, scoreOf(shape, first));
    }
  };
}

/**
 * | strategy | order                                                                                             |
 * |----------|---------------------------------------------------------------------------------------------------|
 * | Spread   | listed first, near, spared, fewest tasks of the service, fewest tasks, most free, name             |
 * | BinPack  | listed first, near, spared, least free, name                                                      |
 *
 * Spared: nodes with GPUs come last for tasks that need none.
 */
function scoreOf(shape: Shape, room: Room): Score {
  return { major: majorOf(shape, room), minor: minorOf(shape, room), order: room.index };
}

function majorOf({ task: { near, need, service, strategy }, ranks }: Shape, { site }: Room): number {
  const rank = ranks.size === 0 ? 0 : (ranks.get(site.facts.name) ?? 0);
  const isFar = near.length > 0 && !near.some((other) => site.services.has(other));
  const isSpared = need.gpu === 0 && site.facts.hasGpu === true;
  const place = rank * 4 + (isFar ? 2 : 0) + (isSpared ? 1 : 0);
  if (strategy === "BinPack") return place;
  const same = Math.min(site.services.get(service) ?? 0, SAME_MAX - 1);
  const tasks = Math.min(site.tasks, TASKS_MAX - 1);
  // one whole number, exact: 10,000 names give 16 bits, and 16 + 17 + 20 are the 53 of a double
  return (place * SAME_MAX + same) * TASKS_MAX + tasks;
}

function minorOf({ task }: Shape, { freeShare }: Room): number {
  return task.strategy === "BinPack" ? freeShare : -freeShare;
}

const SAME_MAX = 2 ** 17;
const TASKS_MAX = 2 ** 20;
