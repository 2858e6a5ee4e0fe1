/** Monotonic times at which entries that carried another uid were made a record's own, by the entry's key, oldest first. */
export type Takeovers = ReadonlyMap<string, readonly number[]>;

/** An entry that was taken over so often, each time because somebody had taken it back, is contested (R21). */
const TAKEOVERS_MAX = 3;
/** The time in which they count, and after which a contested entry is looked at again. */
export const CONTEST_MS = 600_000;

/** Whether one of these entries was taken over so often that taking it again would be ping-pong. Pure. */
export function isContested(takeovers: Takeovers, keys: readonly string[], nowMs: number): boolean {
  return keys.some((key) => {
    const times = takeovers.get(key) ?? [];
    const last = times.at(-1);
    const first = times.at(-TAKEOVERS_MAX);
    return last !== undefined && first !== undefined && last - first <= CONTEST_MS && nowMs < last + CONTEST_MS;
  });
}

/** The same with these entries taken over now; only the times that decide are kept. Pure. */
export function withTakeovers(takeovers: Takeovers, keys: readonly string[], nowMs: number): Takeovers {
  const next = new Map(takeovers);
  for (const key of keys) next.set(key, [...(next.get(key) ?? []), nowMs].slice(-TAKEOVERS_MAX));
  return next;
}
