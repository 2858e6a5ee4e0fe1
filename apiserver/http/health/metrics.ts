import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** The labels that Kubernetes puts on a request. */
export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: string;
  readonly component: string;
  readonly dry_run: string;
}

/** What the API server counts, under the names of Kubernetes' own API server. */
export interface ApiMetrics {
  /** A request began; call the result when it was answered. */
  begin(kind: "mutating" | "readOnly"): () => void;
  answered(labels: RequestLabels, code: number, durationSeconds: number): void;
  responseSize(labels: RequestLabels, bytes: number): void;
  requestSize(labels: RequestLabels, bytes: number): void;
  /** A watch began; call the result when it ended. */
  watchBegan(labels: RequestLabels): () => void;
  watchEvent(labels: Pick<RequestLabels, "group" | "version"> & { readonly kind: string }): void;
}

/** Registers the metrics; `objects` is read on every scrape. */
export function apiMetrics(
  registry: Registry,
  objects: () => readonly { readonly resource: string; readonly count: number }[],
): ApiMetrics {
  const { requests, durations, sizes, bodies } = requestInstruments([registry]);
  const { inflight, longRunning, events } = loadInstruments([registry]);
  registerObjectCount(registry, objects);
  return {
    begin(kind) {
      inflight.inc({ request_kind: kind });
      return () => inflight.dec({ request_kind: kind });
    },
    answered(labels, code, seconds) {
      requests.inc({ ...labels, code: String(code) });
      durations.observe({ ...labels }, seconds);
    },
    requestSize: ({ verb, resource }, bytes) => bodies.observe({ verb, resource }, bytes),
    responseSize: ({ verb, resource }, bytes) => sizes.observe({ verb, resource }, bytes),
    watchBegan({ dry_run: _dryRun, ...labels }) {
      longRunning.inc(labels);
      return () => longRunning.dec(labels);
    },
    watchEvent: (labels) => events.inc(labels),
  };
}

function requestInstruments(registers: Registry[]) {
  return {
    requests: new Counter({
      name: "apiserver_request_total",
      help: "Requests by verb, resource and answer.",
      labelNames: [...REQUEST_LABELS, "code"],
      registers,
    }),
    durations: new Histogram({
      name: "apiserver_request_duration_seconds",
      help: "Time to answer a request.",
      labelNames: REQUEST_LABELS,
      buckets: DURATION_BUCKETS,
      registers,
    }),
    sizes: new Histogram({
      name: "apiserver_response_sizes",
      help: "Size of the answers in bytes.",
      labelNames: ["verb", "resource"],
      buckets: SIZE_BUCKETS,
      registers,
    }),
    bodies: new Histogram({
      name: "apiserver_request_body_size_bytes",
      help: "Size of the bodies of writes in bytes.",
      labelNames: ["verb", "resource"],
      buckets: SIZE_BUCKETS,
      registers,
    }),
  };
}

function loadInstruments(registers: Registry[]) {
  return {
    inflight: new Gauge({
      name: "apiserver_current_inflight_requests",
      help: "Requests being answered, watches excluded.",
      labelNames: ["request_kind"],
      registers,
    }),
    longRunning: new Gauge({
      name: "apiserver_longrunning_requests",
      help: "Open watches.",
      labelNames: REQUEST_LABELS.filter((label) => label !== "dry_run"),
      registers,
    }),
    events: new Counter({
      name: "apiserver_watch_events_total",
      help: "Events sent to watchers.",
      labelNames: ["group", "version", "kind"],
      registers,
    }),
  };
}

const REQUEST_LABELS = ["verb", "group", "version", "resource", "subresource", "scope", "component", "dry_run"];
const DURATION_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const SIZE_BUCKETS = [1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

function registerObjectCount(
  registry: Registry,
  objects: () => readonly { readonly resource: string; readonly count: number }[],
) {
  new Gauge({
    name: "apiserver_storage_objects",
    help: "Stored objects by resource.",
    labelNames: ["resource"],
    registers: [registry],
    collect() {
      for (const { resource, count } of objects()) this.set({ resource }, count);
    },
  });
}
