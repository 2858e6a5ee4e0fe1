import type { Clock } from "../platform/clock.js";

/** Stored moments of wall time, as they lie before now by the monotonic clock: steps of the wall clock move nothing (R30). */
export interface SteadyTimes {
  /**
   * When `at` was, in milliseconds of today's wall time and never to come; `name` says what happened then. As long as the
   * wall clock does not step this is `at` itself.
   */
  of(name: string, at: number): number;
  /** Forgets what nobody asked for since the last sweep. */
  sweep(): void;
}

/** Clocks are set right by less than this all the time. */
const DRIFT_MS = 1000;

interface Seen {
  readonly at: number;
  readonly ageMs: number;
  /** Monotonic. */
  readonly seenAt: number;
  isAsked: boolean;
}

/** What is remembered begins when it is asked for first: until then a step cannot be told from time that passed. */
export function createSteadyTimes({ now, monotonic }: Pick<Clock, "now" | "monotonic">): SteadyTimes {
  const known = new Map<string, Seen>();
  return {
    of(name, at) {
      const before = known.get(name);
      const isSame = before?.at === at;
      const seen = isSame ? before : { at, ageMs: Math.max(0, now() - at), seenAt: monotonic(), isAsked: true };
      if (isSame) seen.isAsked = true;
      else known.set(name, seen);
      const ageMs = seen.ageMs + monotonic() - seen.seenAt;
      return Math.abs(now() - at - ageMs) < DRIFT_MS ? Math.min(at, now()) : Math.round(now() - ageMs);
    },
    sweep() {
      for (const [name, seen] of known) {
        if (!seen.isAsked) known.delete(name);
        seen.isAsked = false;
      }
    },
  };
}
