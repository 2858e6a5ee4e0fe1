/** What happened when, printed as it happens and once more as a whole at the end. */
export function createTimeline() {
  const startedAt = performance.now();
  const lines: string[] = [];
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  return {
    seconds,
    /** A step that held, or a fact worth telling. */
    say(text: string): void {
      const line = `${String(seconds()).padStart(4)} s  ${text}`;
      lines.push(line);
      console.log(line);
    },
    print(): void {
      console.log("\nTimeline");
      for (const line of lines) console.log(line);
    },
  };
}

export type Timeline = ReturnType<typeof createTimeline>;

/** Waits until `probe` gives a value; says what was waited for when it does not come in time. */
export async function until<T>(
  what: string,
  limitSeconds: number,
  probe: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = performance.now() + limitSeconds * 1000;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const why = last instanceof Error ? ` (last error: ${last.message})` : "";
  throw new Error(`${what}: not within ${limitSeconds} s${why}`);
}

/** Fails the demo when a claim does not hold. */
export function hold(claim: string, isTrue: boolean): void {
  if (!isTrue) throw new Error(`not so: ${claim}`);
}
