import { Observable, type Subscriber } from "rxjs";
import { type Clock, sleep, type Timer } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Random } from "../platform/random.js";
import type { Observation } from "./observation.js";

/** What one look at a back end brought. */
export type Seen<Item> =
  | Exclude<Observation<Item>, { type: "Unknown" }>
  | { readonly type: "failed"; readonly reason: string };

/** How to keep looking at one back end. */
export interface PollOptions<Item> {
  /** Names the back end in observations. */
  readonly source: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly periodMs: number;
  /** One look; a rejection counts as failed. */
  readonly look: (signal: AbortSignal) => Promise<Seen<Item>>;
  /** What to wait for after a look that succeeded. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
}

/** A view not confirmed for this many periods is Unknown (R7). */
const PERIODS_MAX = 3;
const RETRY_MIN_MS = 100;

/**
 * Looks at a back end one look after the other; a failed one is repeated with full-jitter back-off up to one period.
 * Begins with Unknown, and becomes it again when nothing was seen for three periods. Starts when subscribed, never
 * completes, cannot error, does not replay.
 */
export function poll$<Item>(options: PollOptions<Item>): Observable<Observation<Item>> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    const view = createView(subscriber, options);
    void repeat(options, view, abort.signal);
    return () => {
      abort.abort();
      view.close();
    };
  });
}

interface View<Item> {
  saw(seen: Exclude<Seen<Item>, { type: "failed" }>): void;
  failed(reason: string): void;
  close(): void;
}

function createView<Item>(subscriber: Subscriber<Observation<Item>>, options: PollOptions<Item>): View<Item> {
  const { clock, source, periodMs } = options;
  let since = clock.monotonic();
  let reason = "not observed yet";
  let isUnknown = false;
  const becomeUnknown = () => {
    isUnknown = true;
    subscriber.next({ type: "Unknown", reason, since, source });
  };
  const arm = () => clock.schedule(PERIODS_MAX * periodMs, becomeUnknown);
  let timer: Timer = arm();
  becomeUnknown();
  return {
    saw(seen) {
      timer.cancel();
      timer = arm();
      since = clock.monotonic();
      isUnknown = false;
      subscriber.next(seen);
    },
    failed(why) {
      const isNews = why !== reason;
      reason = why;
      if (isUnknown && isNews) becomeUnknown();
    },
    close: () => timer.cancel(),
  };
}

async function repeat<Item>(options: PollOptions<Item>, view: View<Item>, signal: AbortSignal): Promise<void> {
  const { clock, random, log, source, periodMs, look, pause } = options;
  let failures = 0;
  while (!signal.aborted) {
    const seen = await look(signal).catch(failureOf);
    if (signal.aborted) return;
    if (seen.type !== "failed") {
      failures = 0;
      view.saw(seen);
      await pause(signal);
      continue;
    }
    failures += 1;
    view.failed(seen.reason);
    log.warn("back end not observed", { source, reason: seen.reason, failures });
    const ceiling = Math.min(periodMs, RETRY_MIN_MS * 2 ** Math.min(failures, 10));
    await sleep(clock, RETRY_MIN_MS + random.next() * ceiling, signal);
  }
}

function failureOf(error: unknown): { readonly type: "failed"; readonly reason: string } {
  return { type: "failed", reason: error instanceof Error ? error.message : String(error) };
}
