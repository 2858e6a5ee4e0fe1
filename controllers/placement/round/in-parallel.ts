/**
 * Runs over items, at most `limit` at once; results in the order of the items. After a rejection nothing more is begun, and
 * once all that was begun has ended it is told: nobody goes on when the caller has given up.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  run: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const failures: unknown[] = [];
  const entries = items.entries();
  const work = async () => {
    for (const [index, item] of entries) {
      if (failures.length > 0) return;
      try {
        results.set(index, await run(item));
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (failures.length > 0) throw failures[0];
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
