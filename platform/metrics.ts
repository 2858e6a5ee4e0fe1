import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What a metric is called and which labels it has; the values of a label must be few. */
export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

export interface HistogramOptions extends MetricOptions {
  /** Upper bounds in the metric's unit; default: seconds, from 1 ms to 60 s. */
  readonly buckets?: readonly number[];
}

/** The metrics of one process. Asking twice for one name gives the same metric, so that parts can share it. */
export interface Metrics {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  histogram(options: HistogramOptions): Histogram;
  /** Calls `collect` before every exposition, to set gauges that are computed; returns how to stop. */
  onCollect(collect: () => void): () => void;
  /** The Prometheus text format, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
  /** What lies below, for parts that register metrics of their own. */
  readonly registry: Registry;
}

/** An empty set of metrics; `isProcessIncluded` adds what prom-client knows of the process. */
export function createMetrics(options: { readonly isProcessIncluded?: boolean } = {}): Metrics {
  const registry = new Registry();
  const collectors = new Set<() => void>();
  if (options.isProcessIncluded) collectDefaultMetrics({ register: registry });
  return {
    counter: (metric) => existing(registry, metric.name, Counter) ?? new Counter(configuration(registry, metric)),
    gauge: (metric) => existing(registry, metric.name, Gauge) ?? new Gauge(configuration(registry, metric)),
    histogram: (metric) =>
      existing(registry, metric.name, Histogram) ??
      new Histogram({ ...configuration(registry, metric), buckets: [...(metric.buckets ?? SECONDS)] }),
    onCollect(collect) {
      collectors.add(collect);
      return () => collectors.delete(collect);
    },
    text() {
      for (const collect of collectors) collect();
      return registry.metrics();
    },
    contentType: registry.contentType,
    registry,
  };
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

function configuration(registry: Registry, options: MetricOptions) {
  const { name, help, labelNames = [] } = options;
  return { name, help, labelNames: [...labelNames], registers: [registry] };
}

/** The metric already registered under `name`; another type under that name is a bug. */
function existing<T>(registry: Registry, name: string, type: new (...args: never[]) => T): T | undefined {
  const metric: unknown = registry.getSingleMetric(name);
  if (metric === undefined) return undefined;
  if (!(metric instanceof type)) throw new Error(`metric ${name} exists with another type`);
  return metric;
}
