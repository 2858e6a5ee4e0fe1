import type { Clock, Timer } from "./clock.js";

export interface KeyQueueOptions {
  readonly clock: Clock;
  /** Keys given out at once, at most. */
  readonly concurrency: number;
  /** Takes a key that waited so long; `done` must follow. */
  readonly start: (key: string, waitedMs: number) => void;
}

/** Keys that wait for work: none is given out twice at once, and none that came is forgotten. Idle keys cost no memory. */
export interface KeyQueue {
  /** Something happened to `key`: it is given out as soon as there is room, whatever it was waiting for. False: it waits already. */
  add(key: string): boolean;
  /** `key` comes by itself after `delayMs`, unless something happens to it before. */
  addLater(key: string, delayMs: number): void;
  /** The same for a key that failed: it comes behind the others, and at a bounded rate. */
  retryLater(key: string, delayMs: number): void;
  /** The work on `key` has ended; what came for it in the meantime is now looked at. */
  done(key: string): void;
  /** Keys that wait for room. */
  depth(): number;
  /** Monotonic start times of what is being worked on. */
  startTimes(): readonly number[];
  /** Drops what waits and gives out nothing any more. */
  close(): void;
}

/** An empty queue. */
export function createKeyQueue(options: KeyQueueOptions): KeyQueue {
  const queue: Queue = {
    options,
    fresh: new Map(),
    retries: new Map(),
    active: new Map(),
    timers: new Map(),
    startsInARow: 0,
    tokens: RETRY_BURST,
    tokensAt: options.clock.monotonic(),
    tokenTimer: undefined,
    isClosed: false,
  };
  return {
    add: (key) => add(queue, key),
    addLater: (key, delayMs) => later(queue, { key, delayMs, waiting: queue.fresh }),
    retryLater: (key, delayMs) => later(queue, { key, delayMs, waiting: queue.retries }),
    done(key) {
      const isDirty = queue.active.get(key)?.isDirty;
      queue.active.delete(key);
      if (isDirty) add(queue, key);
      else fill(queue);
    },
    depth: () => queue.fresh.size + queue.retries.size,
    startTimes: () => [...queue.active.values()].map(({ since }) => since),
    close: () => close(queue),
  };
}

/** Retries start at this rate at most, with this burst, so that ten thousand failing keys stay bearable (R15). */
const RETRIES_PER_SECOND = 100;
const RETRY_BURST = 100;
/** Fresh keys go first, but every so many starts a waiting retry does. */
const FRESH_STARTS_IN_A_ROW = 8;

interface Queue {
  readonly options: KeyQueueOptions;
  /** Waiting keys, oldest first, with the time they came. */
  readonly fresh: Map<string, number>;
  readonly retries: Map<string, number>;
  /** Keys being worked on: since when, and whether they must be looked at again afterwards. */
  readonly active: Map<string, { readonly since: number; isDirty: boolean }>;
  readonly timers: Map<string, Timer>;
  startsInARow: number;
  tokens: number;
  tokensAt: number;
  tokenTimer: Timer | undefined;
  isClosed: boolean;
}

function add(queue: Queue, key: string): boolean {
  const running = queue.active.get(key);
  if (running !== undefined) {
    running.isDirty = true;
    return false;
  }
  if (queue.fresh.has(key) || queue.isClosed) return false;
  queue.retries.delete(key);
  queue.fresh.set(key, queue.options.clock.monotonic());
  fill(queue);
  return true;
}

interface Later {
  readonly key: string;
  readonly delayMs: number;
  /** Where the key waits for room when its time has come. */
  readonly waiting: Map<string, number>;
}

function later(queue: Queue, { key, delayMs, waiting }: Later): void {
  if (queue.isClosed) return;
  const timer = queue.options.clock.schedule(delayMs, () => {
    queue.timers.delete(key);
    const running = queue.active.get(key);
    if (running !== undefined) running.isDirty = true;
    else if (!queue.fresh.has(key)) waiting.set(key, queue.options.clock.monotonic());
    fill(queue);
  });
  queue.timers.get(key)?.cancel();
  queue.timers.set(key, timer);
}

function fill(queue: Queue): void {
  const { clock, concurrency } = queue.options;
  while (queue.active.size < concurrency && !queue.isClosed) {
    const next = takeNext(queue);
    if (next === undefined) return;
    const [key, since] = next;
    // what the key was waiting for is answered by this look
    queue.timers.get(key)?.cancel();
    queue.timers.delete(key);
    queue.active.set(key, { since: clock.monotonic(), isDirty: false });
    give(queue, key, clock.monotonic() - since);
  }
}

/** Work that follows work lets timers and sockets in between. */
function give(queue: Queue, key: string, waitedMs: number): void {
  const { clock, start } = queue.options;
  const breath = clock.breathe?.();
  if (breath === undefined) {
    start(key, waitedMs);
    return;
  }
  void breath.then(() => {
    if (!queue.isClosed) start(key, waitedMs);
  });
}

function takeNext(queue: Queue): readonly [string, number] | undefined {
  const isRetrysTurn = queue.fresh.size === 0 || queue.startsInARow >= FRESH_STARTS_IN_A_ROW;
  if (isRetrysTurn && queue.retries.size > 0 && takeToken(queue)) {
    queue.startsInARow = 0;
    return takeOldest(queue.retries);
  }
  if (queue.fresh.size > 0) queue.startsInARow += 1;
  return takeOldest(queue.fresh);
}

function takeOldest(waiting: Map<string, number>): readonly [string, number] | undefined {
  const [oldest] = waiting;
  if (oldest !== undefined) waiting.delete(oldest[0]);
  return oldest;
}

function takeToken(queue: Queue): boolean {
  const { clock } = queue.options;
  const gained = ((clock.monotonic() - queue.tokensAt) / 1000) * RETRIES_PER_SECOND;
  queue.tokens = Math.min(RETRY_BURST, queue.tokens + gained);
  queue.tokensAt = clock.monotonic();
  if (queue.tokens >= 1) {
    queue.tokens -= 1;
    return true;
  }
  queue.tokenTimer ??= clock.schedule(1000 / RETRIES_PER_SECOND, () => {
    queue.tokenTimer = undefined;
    fill(queue);
  });
  return false;
}

function close(queue: Queue): void {
  queue.isClosed = true;
  for (const timer of queue.timers.values()) timer.cancel();
  queue.tokenTimer?.cancel();
  queue.timers.clear();
  queue.fresh.clear();
  queue.retries.clear();
}
