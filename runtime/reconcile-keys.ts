import { Observable, type Subscriber } from "rxjs";
import type { Clock } from "../platform/clock.js";
import { createKeyQueue, type KeyQueue } from "../platform/key-queue.js";
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
      next: (key) => {
        if (loop.queue.add(key)) loop.metrics?.added();
      },
      error: (error) => subscriber.error(error),
    });
    return () => {
      subscription.unsubscribe();
      loop.abort.abort();
      loop.queue.close();
      loop.metrics?.close();
    };
  });
}

const BACK_OFF_BASE_MS = 100;
const BACK_OFF_MAX_MS = 60_000;

interface Loop {
  readonly options: ReconcileKeysOptions;
  readonly outcomes: Subscriber<KeyOutcome>;
  readonly abort: AbortController;
  readonly queue: KeyQueue;
  readonly metrics: LoopMetrics | undefined;
  /** Failures in a row; successful keys are not listed. */
  readonly failures: Map<string, number>;
}

function createLoop(options: ReconcileKeysOptions, outcomes: Subscriber<KeyOutcome>): Loop {
  const { metrics, name, concurrency, clock } = options;
  const queue = createKeyQueue({
    clock,
    concurrency,
    start(key, waitedMs) {
      loop.metrics?.started(waitedMs);
      void work(loop, key);
    },
  });
  const gauges = () => ({ depth: queue.depth(), activeSinceMs: queue.startTimes(), nowMs: clock.monotonic() });
  const loop: Loop = {
    options,
    outcomes,
    abort: new AbortController(),
    queue,
    metrics: metrics && loopMetrics(metrics, { name, concurrency, gauges }),
    failures: new Map(),
  };
  return loop;
}

async function work(loop: Loop, key: string): Promise<void> {
  const { clock, reconcile, log } = loop.options;
  const since = clock.monotonic();
  const attempt = await attemptOf(reconcile, key, loop.abort.signal);
  if (loop.abort.signal.aborted) return;
  const durationMs = clock.monotonic() - since;
  const result = settle(loop, key, attempt);
  loop.metrics?.finished(result, durationMs);
  if (attempt.type === "failed") {
    // a view that was old is looked at anew: no news for anybody
    const level = nextStepOf(attempt.error).type === "again" ? "info" : "warn";
    log[level]("reconcile failed", { key, result, durationMs, error: attempt.error });
  } else log.debug("reconciled", { key, result, durationMs });
  loop.queue.done(key);
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
  loop.queue.addLater(key, attempt.requeueAfterMs);
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
      loop.queue.retryLater(key, isFirst ? 0 : hintMs + backOffMs(loop.options.random, failures));
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
