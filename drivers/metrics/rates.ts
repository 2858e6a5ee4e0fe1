/** A counter at a time of the source, seconds. */
export interface Reading {
  readonly value: number;
  readonly timestamp: number;
}

interface Baseline extends Reading {
  /** The rate between the reading before and this one. */
  readonly rate: number | undefined;
  /** Monotonic: when it was heard. */
  readonly heardAt: number;
}

/** Turns counters into rates per second between two readings of one key. */
export interface Rates {
  /** Undefined: the first reading, or one that does not fit the one before; then this reading is the new beginning. */
  next(key: string, reading: Reading): number | undefined;
}

/** Readings older than this are forgotten: their task is gone, or a rate over so long says nothing. */
const KEEP_MS = 600_000;

/** Remembers nothing yet; `now` is monotonic milliseconds. */
export function createRates(now: () => number): Rates {
  const baselines = new Map<string, Baseline>();
  const forget = () => {
    // kept in order of insertion, the oldest first
    for (const [key, baseline] of baselines) {
      if (now() - baseline.heardAt <= KEEP_MS) return;
      baselines.delete(key);
    }
  };
  return {
    next(key, reading) {
      forget();
      const before = baselines.get(key);
      if (before !== undefined && isSoonAfter(before, reading)) return before.rate;
      const heardAt = now();
      const rate = before === undefined ? undefined : rateBetween(before, { ...reading, heardAt });
      baselines.delete(key);
      baselines.set(key, { ...reading, rate, heardAt });
      return rate;
    },
  };
}

/** Nearer to each other than this, two readings give no rate worth the name: counters move in steps. Seconds. */
const APART_MIN_SECONDS = 0.5;

/** Two who ask for one counter one after the other get one answer. */
function isSoonAfter(before: Reading, after: Reading): boolean {
  const seconds = after.timestamp - before.timestamp;
  return seconds >= 0 && seconds < APART_MIN_SECONDS && after.value >= before.value;
}

interface Heard extends Reading {
  readonly heardAt: number;
}

/**
 * Per second of the source's clock, which knows best when it measured; undefined where the two cannot be compared:
 *
 * | the counter went | the source's clock went                             | then                              |
 * |------------------|-----------------------------------------------------|-----------------------------------|
 * | back             |                                                     | it began anew: nothing is known   |
 * |                  | back                                                | nothing is known                  |
 * |                  | otherwise than ours, by half the time and a second  | it was set: the time is not known |
 */
export function rateBetween(before: Heard, after: Heard): number | undefined {
  const seconds = after.timestamp - before.timestamp;
  if (seconds <= 0 || after.value < before.value) return undefined;
  const own = (after.heardAt - before.heardAt) / 1000;
  if (Math.abs(seconds - own) > own / 2 + 1) return undefined;
  return (after.value - before.value) / seconds;
}
