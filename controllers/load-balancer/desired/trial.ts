/**
 * What was learnt of one proxy's reloads. HAProxy does not tell which port it could not listen on: new ports are tried in
 * ever smaller parts until it is known, while the old ones serve on.
 */
export interface Trial {
  /** Ports that alone could not be added, with the monotonic time of the last try. */
  readonly refused: ReadonlyMap<number, number>;
  /** At most so many new ports are tried at once. */
  readonly sizeMax: number;
  /** Nothing is reloaded before this monotonic time. */
  readonly restUntil: number;
  /** What the proxy said last, if it refused. */
  readonly message: string;
}

export const NO_TRIAL: Trial = { refused: new Map(), sizeMax: Number.POSITIVE_INFINITY, restUntil: 0, message: "" };

/** A port that was refused is tried again so much later, as is a reload that failed without any new port. */
export const RETRY_MS = 60_000;

/** Which of the new ports are tried now. */
export function portsToTry(trial: Trial, added: readonly number[], now: number): readonly number[] {
  const isDue = (port: number) => now - (trial.refused.get(port) ?? Number.NEGATIVE_INFINITY) >= RETRY_MS;
  const due = added.filter(isDue);
  // those that were refused go last and alone, so that they delay nobody
  const fresh = due.filter((port) => !trial.refused.has(port));
  return fresh.length > 0 ? fresh.slice(0, trial.sizeMax) : due.slice(0, 1);
}

/** After a reload with these new ports. */
export function afterTrial(
  trial: Trial,
  { tried, isRefused, message, now }: { tried: readonly number[]; isRefused: boolean; message: string; now: number },
): Trial {
  const refused = new Map(trial.refused);
  if (!isRefused) {
    for (const port of tried) refused.delete(port);
    return { refused, sizeMax: Number.POSITIVE_INFINITY, restUntil: 0, message: refused.size > 0 ? trial.message : "" };
  }
  const [port] = tried;
  if (port === undefined) return { ...trial, restUntil: now + RETRY_MS, message };
  if (tried.length > 1) return { ...trial, sizeMax: Math.ceil(tried.length / 2), message };
  return { refused: refused.set(port, now), sizeMax: Number.POSITIVE_INFINITY, restUntil: 0, message };
}
