import type { Metrics } from "./metrics.js";

/** How one key's work ended, as the metrics name it. */
export type LoopResult = "success" | "requeue_after" | "error" | "stalled";

/** What a loop tells of itself; durations in milliseconds. */
export interface LoopMetrics {
  added(): void;
  retried(): void;
  started(queuedMs: number): void;
  finished(result: LoopResult, durationMs: number): void;
  close(): void;
}

/** Live values, asked for at each exposition. */
export interface LoopGauges {
  readonly depth: number;
  readonly activeSinceMs: readonly number[];
  readonly nowMs: number;
}

/** Metrics under the names of client-go and controller-runtime, so that existing dashboards and alerts work. */
export function loopMetrics(
  metrics: Metrics,
  options: { readonly name: string; readonly concurrency: number; readonly gauges: () => LoopGauges },
): LoopMetrics {
  const { name, concurrency, gauges } = options;
  const counters = countersOf(metrics);
  const histograms = histogramsOf(metrics);
  const stop = metrics.onCollect(exposeGauges(metrics, name, gauges));
  metrics
    .gauge({
      name: "controller_runtime_max_concurrent_reconciles",
      help: "Keys worked on at once, at most",
      labelNames: ["controller"],
    })
    .set({ controller: name }, concurrency);
  return {
    added: () => counters.adds.inc({ name }),
    retried: () => counters.retries.inc({ name }),
    started: (queuedMs) => histograms.queue.observe({ name }, queuedMs / 1000),
    finished(result, durationMs) {
      counters.reconciles.inc({ controller: name, result: result === "stalled" ? "error" : result });
      if (result === "error" || result === "stalled") counters.errors.inc({ controller: name });
      if (result === "stalled") counters.terminal.inc({ controller: name });
      histograms.work.observe({ name }, durationMs / 1000);
      histograms.reconcile.observe({ controller: name }, durationMs / 1000);
    },
    close: stop,
  };
}

const BY_NAME = ["name"];
const BY_CONTROLLER = ["controller"];

function countersOf(metrics: Metrics) {
  return {
    adds: metrics.counter({ name: "workqueue_adds_total", help: "Keys added to the queue", labelNames: BY_NAME }),
    retries: metrics.counter({ name: "workqueue_retries_total", help: "Keys tried again", labelNames: BY_NAME }),
    reconciles: metrics.counter({
      name: "controller_runtime_reconcile_total",
      help: "Reconciles by result",
      labelNames: ["controller", "result"],
    }),
    errors: metrics.counter({
      name: "controller_runtime_reconcile_errors_total",
      help: "Reconciles that failed",
      labelNames: BY_CONTROLLER,
    }),
    terminal: metrics.counter({
      name: "controller_runtime_terminal_reconcile_errors_total",
      help: "Reconciles whose failure waits for a change of the object",
      labelNames: BY_CONTROLLER,
    }),
  };
}

function histogramsOf(metrics: Metrics) {
  return {
    queue: metrics.histogram({
      name: "workqueue_queue_duration_seconds",
      help: "Time a key waits before it is worked on",
      labelNames: BY_NAME,
    }),
    work: metrics.histogram({
      name: "workqueue_work_duration_seconds",
      help: "Time that the work on a key takes",
      labelNames: BY_NAME,
    }),
    reconcile: metrics.histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "Time that a reconcile takes",
      labelNames: BY_CONTROLLER,
    }),
  };
}

function exposeGauges(metrics: Metrics, name: string, gauges: () => LoopGauges): () => void {
  const gauge = (metric: string, help: string, labelNames = BY_NAME) =>
    metrics.gauge({ name: metric, help, labelNames });
  const depth = gauge("workqueue_depth", "Keys that wait");
  const unfinished = gauge("workqueue_unfinished_work_seconds", "Age of all unfinished work, summed");
  const longest = gauge("workqueue_longest_running_processor_seconds", "Age of the oldest unfinished work");
  const active = gauge("controller_runtime_active_workers", "Keys being worked on", BY_CONTROLLER);
  return () => {
    const live = gauges();
    const ages = live.activeSinceMs.map((since) => (live.nowMs - since) / 1000);
    depth.set({ name }, live.depth);
    unfinished.set(
      { name },
      ages.reduce((sum, age) => sum + age, 0),
    );
    longest.set(
      { name },
      ages.reduce((oldest, age) => Math.max(oldest, age), 0),
    );
    active.set({ controller: name }, ages.length);
  };
}
