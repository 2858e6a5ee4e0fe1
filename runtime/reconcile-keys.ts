import { Observable, type Subscriber } from "rxjs";
import type { Clock, Timer } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import { type LoopMetrics, type LoopResult, loopMetrics } from "../platform/loop-metrics.js";
import type { Metrics } from "../platform/metrics.js";
import type { Random } from "../platform/random.js";
import { nextStepOf } from "./errors.js";

/** What a successful reconcile asks for; nothing means: wait for the next event. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number;
}

export interface ReconcileContext {
  /** Aborts when the loop is stopped. */
  readonly signal: AbortSignal;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a reconcile that asks for nothing returns nothing
export type Reconcile = (key: string, context: ReconcileContext) => Promise<ReconcileResult | void>;

/** How the work on one key ended. */
export interface KeyOutcome {
  readonly key: string;
  readonly result: LoopResult;
  readonly durationMs: number;
  readonly error?: unknown;
}

export interface ReconcileKeysOptions {
  readonly keys$: Observable<string>;
  readonly reconcile: Reconcile;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly name: string;
  readonly log: Logger;
  readonly metrics?: Metrics;
}

/**
 * Works on keys: never on one twice at once, never forgetting one that came in the meantime, at most `concurrency` at a
 * time. Failures are outcomes; only `Fenced` errors the stream. Completes never, does not replay; unsubscribing aborts
 * the running work and drops what waits. Idle keys cost no memory.
 */
export function reconcileKeys(options: ReconcileKeysOptions): Observable<KeyOutcome> {
  return new Observable((subscriber) => {
    const loop = createLoop(options, subscriber);
    const subscription = options.keys$.subscribe({
      next: (key) => add(loop, key),
      error: (error) => subscriber.error(error),
    });
    return () => {
      subscription.unsubscribe();
      close(loop);
    };
  });
}

const BACK_OFF_BASE_MS = 100;
const BACK_OFF_MAX_MS = 60_000;
/** Retries start at this rate at most, with this burst, so that ten thousand failing keys stay bearable (R15). */
const RETRIES_PER_SECOND = 100;
const RETRY_BURST = 100;
/** Fresh keys go first, but every so many starts a waiting retry does. */
const FRESH_STARTS_IN_A_ROW = 8;

interface Loop {
  readonly options: ReconcileKeysOptions;
  readonly outcomes: Subscriber<KeyOutcome>;
  readonly abort: AbortController;
  readonly metrics: LoopMetrics | undefined;
  /** Waiting keys, oldest first, with the time they came. */
  readonly fresh: Map<string, number>;
  readonly retries: Map<string, number>;
  /** Keys being worked on: since when, and whether they must be looked at again afterwards. */
  readonly active: Map<string, { readonly since: number; isDirty: boolean }>;
  readonly timers: Map<string, Timer>;
  /** Failures in a row; successful keys are not listed. */
  readonly failures: Map<string, number>;
  startsInARow: number;
  retryTokens: number;
  retryTokensAt: number;
  retryTimer: Timer | undefined;
}

function createLoop(options: ReconcileKeysOptions, outcomes: Subscriber<KeyOutcome>): Loop {
  const { metrics, name, concurrency, clock } = options;
  const loop: Omit<Loop, "metrics"> = {
    options,
    outcomes,
    abort: new AbortController(),
    fresh: new Map(),
    retries: new Map(),
    active: new Map(),
    timers: new Map(),
    failures: new Map(),
    startsInARow: 0,
    retryTokens: RETRY_BURST,
    retryTokensAt: clock.monotonic(),
    retryTimer: undefined,
  };
  const gauges = () => ({
    depth: loop.fresh.size + loop.retries.size,
    activeSinceMs: [...loop.active.values()].map((work) => work.since),
    nowMs: clock.monotonic(),
  });
  return Object.assign(loop, { metrics: metrics && loopMetrics(metrics, { name, concurrency, gauges }) });
}

function close(loop: Loop): void {
  loop.abort.abort();
  for (const timer of loop.timers.values()) timer.cancel();
  loop.retryTimer?.cancel();
  loop.timers.clear();
  loop.fresh.clear();
  loop.retries.clear();
  loop.metrics?.close();
}

/** Something happened to `key`: it is worked on as soon as there is room, whatever it was waiting for. */
function add(loop: Loop, key: string): void {
  if (loop.abort.signal.aborted) return;
  const running = loop.active.get(key);
  if (running !== undefined) {
    running.isDirty = true;
    return;
  }
  loop.retries.delete(key);
  if (!loop.fresh.has(key)) {
    loop.fresh.set(key, loop.options.clock.monotonic());
    loop.metrics?.added();
  }
  dispatch(loop);
}

/** `key` comes back by itself after `delayMs`. */
function retryLater(loop: Loop, key: string, delayMs: number): void {
  const timer = loop.options.clock.schedule(delayMs, () => {
    loop.timers.delete(key);
    if (loop.fresh.has(key) || loop.active.has(key)) return;
    loop.retries.set(key, loop.options.clock.monotonic());
    dispatch(loop);
  });
  loop.timers.get(key)?.cancel();
  loop.timers.set(key, timer);
}

function dispatch(loop: Loop): void {
  while (loop.active.size < loop.options.concurrency && !loop.abort.signal.aborted) {
    const key = takeNext(loop);
    if (key === undefined) return;
    void work(loop, key);
  }
}

function takeNext(loop: Loop): string | undefined {
  const isRetrysTurn = loop.fresh.size === 0 || loop.startsInARow >= FRESH_STARTS_IN_A_ROW;
  if (isRetrysTurn && loop.retries.size > 0 && takeRetryToken(loop)) {
    loop.startsInARow = 0;
    return takeOldest(loop, loop.retries);
  }
  if (loop.fresh.size > 0) loop.startsInARow += 1;
  return takeOldest(loop, loop.fresh);
}

function takeOldest(loop: Loop, waiting: Map<string, number>): string | undefined {
  const [oldest] = waiting;
  if (oldest === undefined) return undefined;
  const [key, since] = oldest;
  waiting.delete(key);
  loop.metrics?.started(loop.options.clock.monotonic() - since);
  return key;
}

function takeRetryToken(loop: Loop): boolean {
  const { clock } = loop.options;
  const gained = ((clock.monotonic() - loop.retryTokensAt) / 1000) * RETRIES_PER_SECOND;
  loop.retryTokens = Math.min(RETRY_BURST, loop.retryTokens + gained);
  loop.retryTokensAt = clock.monotonic();
  if (loop.retryTokens >= 1) {
    loop.retryTokens -= 1;
    return true;
  }
  loop.retryTimer ??= clock.schedule(1000 / RETRIES_PER_SECOND, () => {
    loop.retryTimer = undefined;
    dispatch(loop);
  });
  return false;
}

async function work(loop: Loop, key: string): Promise<void> {
  const { clock, reconcile, log } = loop.options;
  const since = clock.monotonic();
  // what the key was waiting for is answered by this look
  loop.timers.get(key)?.cancel();
  loop.timers.delete(key);
  loop.active.set(key, { since, isDirty: false });
  const attempt = await attemptOf(reconcile, key, loop.abort.signal);
  if (loop.abort.signal.aborted) return;
  const isDirty = loop.active.get(key)?.isDirty === true;
  loop.active.delete(key);
  const durationMs = clock.monotonic() - since;
  const result = settle(loop, key, attempt);
  loop.metrics?.finished(result, durationMs);
  if (attempt.type === "failed") log.warn("reconcile failed", { key, result, durationMs, error: attempt.error });
  else log.debug("reconciled", { key, result, durationMs });
  if (isDirty) add(loop, key);
  else dispatch(loop);
  loop.outcomes.next({ key, result, durationMs, ...(attempt.type === "failed" ? { error: attempt.error } : {}) });
}

type Attempt =
  | { readonly type: "succeeded"; readonly requeueAfterMs: number | undefined }
  | { readonly type: "failed"; readonly error: unknown };

async function attemptOf(reconcile: Reconcile, key: string, signal: AbortSignal): Promise<Attempt> {
  try {
    const result = await reconcile(key, { signal });
    return { type: "succeeded", requeueAfterMs: result ? result.requeueAfterMs : undefined };
  } catch (error) {
    return { type: "failed", error };
  }
}

/** Decides when `key` is looked at again without an event. */
function settle(loop: Loop, key: string, attempt: Attempt): LoopResult {
  if (attempt.type === "failed") return settleFailure(loop, key, attempt.error);
  loop.failures.delete(key);
  if (attempt.requeueAfterMs === undefined) return "success";
  retryLater(loop, key, attempt.requeueAfterMs);
  return "requeue_after";
}

function settleFailure(loop: Loop, key: string, error: unknown): LoopResult {
  const step = nextStepOf(error);
  switch (step.type) {
    case "done":
      loop.failures.delete(key);
      return "success";
    case "stalled":
      loop.failures.delete(key);
      return "stalled";
    case "stop":
      loop.outcomes.error(error);
      return "error";
    case "again":
    case "backOff": {
      const failures = (loop.failures.get(key) ?? 0) + 1;
      loop.failures.set(key, failures);
      loop.metrics?.retried();
      const isFirst = step.type === "again" && failures === 1;
      const hintMs = step.type === "backOff" ? step.afterMs : 0;
      retryLater(loop, key, isFirst ? 0 : hintMs + backOffMs(loop.options.random, failures));
      return "error";
    }
    default:
      return step satisfies never;
  }
}

/** Full jitter: anything up to the ceiling, which doubles with every failure. */
function backOffMs(random: Random, failures: number): number {
  return Math.ceil(random.next() * Math.min(BACK_OFF_MAX_MS, BACK_OFF_BASE_MS * 2 ** Math.min(failures, 20)));
}
