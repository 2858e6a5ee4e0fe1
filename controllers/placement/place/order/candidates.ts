import { append } from "../append.js";
import type { Room, Site } from "../room.js";
import type { Shape } from "../shapes.js";
import { createHeap, type Heap } from "./heap.js";
import { scoreOf } from "./score.js";
import { fits } from "./search.js";

/** The offers that fit a shape, in order of preference. */
export interface Candidates {
  /** The one that suits best now. Undefined: none fits. */
  best(): Room | undefined;
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
  const { evens } = shape.demand;
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
  const { demand } = shape;
  const byValues = new Map<string, Room[]>();
  for (const room of demand.asked) {
    if (!fits(demand, room)) continue;
    const key = demand.evens.length === 0 ? "" : JSON.stringify(demand.evens.map((even) => even.textOf(room.site)));
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
    if (room === undefined || !fits(shape.demand, room)) {
      heap.remove(index);
      continue;
    }
    const score = scoreOf(shape, room);
    if (heap.isAt(index, score)) return room;
    heap.set(index, score);
  }
  return undefined;
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
