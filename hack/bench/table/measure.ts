/** The middle value; of an even number the lower middle. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that at least `percent` per cent of the values do not exceed; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown> | unknown): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

/** Operations a second of a task repeated until `forMs` have passed; the first `warmUp` runs do not count. */
export async function rate(work: () => Promise<unknown> | unknown, options: { forMs: number; warmUp: number }) {
  for (let run = 0; run < options.warmUp; run++) await work();
  const since = performance.now();
  let runs = 0;
  while (performance.now() - since < options.forMs) {
    await work();
    runs += 1;
  }
  return (runs * 1000) / (performance.now() - since);
}

/** Runs `total` numbered tasks, `width` of them at a time. */
export async function inFlight(total: number, width: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < total) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Bytes on the heap after everything unreachable is gone; needs `--expose-gc`. */
export function heapBytes(): { readonly heap: number; readonly buffers: number } {
  if (globalThis.gc === undefined) throw new Error("memory is measured with --expose-gc only");
  for (let pass = 0; pass < 3; pass++) globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}

/** `1,234` above a hundred, otherwise three digits. */
export function format(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString("en-US")
    : value.toPrecision(3).replace(/\.0+$|(\.\d*?)0+$/, "$1");
}
