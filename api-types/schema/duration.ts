const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Milliseconds of a Go duration such as `168h` or `1h30m`; days and weeks are none. Throws RangeError on other text. */
export function parseDuration(duration: string): number {
  const value = durationMs(duration);
  if (value === undefined) throw new RangeError(`not a duration: ${JSON.stringify(duration)}`);
  return value;
}

/** Whether parseDuration understands it. */
export function isDuration(duration: string): boolean {
  return durationMs(duration) !== undefined;
}

function durationMs(duration: string): number | undefined {
  const sign = duration.startsWith("-") ? -1 : 1;
  const text = duration.replace(/^[+-]/, "");
  if (text === "0") return 0;
  let total = 0;
  let at = 0;
  while (at < text.length) {
    PART.lastIndex = at;
    const match = PART.exec(text);
    if (match === null) return undefined;
    const [whole, digits = "", unit = ""] = match;
    total += Number(digits) * (UNITS_MS[unit] ?? 0);
    at += whole.length;
  }
  return at === 0 ? undefined : sign * total;
}
