/** A counter at a time of the source, seconds. */
interface Reading {
  readonly value: number;
  readonly timestamp: number;
}

interface Baseline extends Reading {
  /** The rate between the reading before and this one. */
  readonly rate: number | undefined;
  readonly keptSince: number;
}

/** Turns counters into rates per second between two readings of one key. */
export interface Rates {
  /** Undefined: the first reading, or the counter or its clock went back; then this reading is the new beginning. */
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
      if (now() - baseline.keptSince <= KEEP_MS) return;
      baselines.delete(key);
    }
  };
  return {
    next(key, reading) {
      forget();
      const before = baselines.get(key);
      // asked again before the source measured again: the same answer
      if (before?.timestamp === reading.timestamp && before.value === reading.value) return before.rate;
      const rate = before === undefined ? undefined : rateBetween(before, reading);
      baselines.delete(key);
      baselines.set(key, { ...reading, rate, keptSince: now() });
      return rate;
    },
  };
}

function rateBetween(before: Reading, after: Reading): number | undefined {
  const seconds = after.timestamp - before.timestamp;
  if (seconds <= 0 || after.value < before.value) return undefined;
  return (after.value - before.value) / seconds;
}
