import type { Clock, Timer } from "./clock.js";

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  /** Stays in the heap until it is due, or until most of the heap is like it: to find it there costs more. */
  isCancelled: boolean;
}

/** A clock that moves only when told, firing timers in order of time, then of creation. */
export interface VirtualClock extends Clock {
  /** Moves time forward by `durationMs`, letting all promises settle after every timer. */
  advance(durationMs: number): Promise<void>;
  /** Advances until `isDone` holds or `limitMs` has passed; resolves with whether it holds. */
  advanceUntil(isDone: () => boolean, limitMs: number): Promise<boolean>;
}

/** `startMs` is the wall time at which the clock begins; monotonic time begins at 0. */
export function virtualClock(startMs: number = Date.UTC(2026, 0, 1)): VirtualClock {
  const heap: Entry[] = [];
  let elapsed = 0;
  let order = 0;
  let cancelled = 0;

  function schedule(delayMs: number, run: () => void): Timer {
    const entry: Entry = { at: elapsed + Math.max(0, delayMs), order: order++, run, isCancelled: false };
    push(heap, entry);
    return { cancel: () => cancel(entry) };
  }

  function cancel(entry: Entry): void {
    if (entry.isCancelled) return;
    entry.isCancelled = true;
    cancelled += 1;
    if (cancelled < CANCELLED_MIN || cancelled < heap.length / 2) return;
    cancelled = 0;
    const kept = heap.filter(({ isCancelled }) => !isCancelled);
    heap.length = 0;
    for (const each of kept) push(heap, each);
  }

  /** The entry that is due first. */
  function first(): Entry | undefined {
    while (heap[0]?.isCancelled) {
      cancelled -= 1;
      pop(heap);
    }
    return heap[0];
  }

  async function advanceUntil(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const end = elapsed + limitMs;
    await settle();
    while (!isDone()) {
      const next = first();
      if (next === undefined || next.at > end) {
        elapsed = end;
        return isDone();
      }
      pop(heap);
      next.isCancelled = true; // what cancels it from now on comes too late
      elapsed = next.at;
      next.run();
      await settle();
    }
    return true;
  }

  return {
    // whole milliseconds, as an operating system tells them
    now: () => Math.floor(startMs + elapsed),
    monotonic: () => elapsed,
    schedule,
    advanceUntil,
    async advance(durationMs) {
      await advanceUntil(() => false, durationMs);
    },
  };
}

/** Fewer are not worth a new heap. */
const CANCELLED_MIN = 1000;

/** One turn of the event loop: every promise that can settle without I/O has settled by then. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order;
}

function push(heap: Entry[], entry: Entry): void {
  heap.push(entry);
  siftUp(heap, heap.length - 1);
}

function pop(heap: Entry[]): void {
  removeAt(heap, 0);
}

function removeAt(heap: Entry[], index: number): void {
  const last = heap.pop();
  if (last === undefined || index === heap.length) return;
  heap[index] = last;
  siftUp(heap, index);
  siftDown(heap, index);
}

function siftUp(heap: Entry[], start: number): void {
  let index = start;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!swapIfBefore(heap, index, parent)) return;
    index = parent;
  }
}

function siftDown(heap: Entry[], start: number): void {
  let index = start;
  for (;;) {
    const left = 2 * index + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    // both indexes are below heap.length here
    const child = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left;
    if (!swapIfBefore(heap, child, index)) return;
    index = child;
  }
}

function swapIfBefore(heap: Entry[], lower: number, upper: number): boolean {
  // callers pass indexes inside the heap
  const a = heap[lower]!;
  const b = heap[upper]!;
  if (!isBefore(a, b)) return false;
  heap[lower] = b;
  heap[upper] = a;
  return true;
}
