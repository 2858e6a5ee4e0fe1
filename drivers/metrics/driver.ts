/** A value at a time. Never NaN or infinite: such a point is left out. */
export interface Sample {
  /** Which instance (task id) or node it belongs to; undefined: one series for all. */
  readonly subject: string | undefined;
  readonly value: number;
  /** Our wall time at which this measurement was heard first, milliseconds: whatever the source's clock says (R30). */
  readonly at: number;
}

/** One query of a metric source, about the named subjects. */
export interface MetricQuery {
  /** A built-in name (`network_in_bytes`, …: true rates per second) or the source's own language. */
  readonly query: string;
  /** Tasks to read, with the agent each runs on. */
  readonly tasks: readonly { readonly taskId: string; readonly agentId: string }[];
}

/** Complete: every asked subject answered. Partial: those that did. Unknown: the source failed; never zero samples instead. */
export type MetricResult =
  | { readonly type: "Complete"; readonly samples: readonly Sample[] }
  | { readonly type: "Partial"; readonly samples: readonly Sample[]; readonly reason: string }
  | { readonly type: "Unknown"; readonly reason: string };

/** A source of measurements. Counters become rates inside: the first read of a subject gives no sample. */
export interface MetricDriver {
  /** Never rejects. */
  query(query: MetricQuery): Promise<MetricResult>;
  close(): void;
}

/** The built-in metrics: cores for cpu, bytes for memory, bytes or packets per second for the network. */
export const METRIC_NAMES = [
  "cpu_usage_user",
  "cpu_usage_system",
  "memory_usage",
  "network_in_bytes",
  "network_out_bytes",
  "network_in_drops",
  "network_out_drops",
] as const;
export type MetricName = (typeof METRIC_NAMES)[number];

/** What something used at one moment. What is not measured, or not yet (a rate needs two readings), is absent, not zero. */
export type Usage = Readonly<Partial<Record<MetricName, number>>>;

/** A node to be measured. */
export interface MeterTarget {
  readonly node: string;
  /** Inside the rack; undefined: not known. */
  readonly address: string | undefined;
  /** Its Mesos agent; undefined: not known. */
  readonly agentId: string | undefined;
  /** Containers to measure: ids of tasks, or of containers as docker or Mesos name them. */
  readonly containers: readonly string[];
}

/** One node at one moment. */
export type NodeReading =
  | {
      readonly type: "read";
      /** Wall time at which the answer arrived, milliseconds: one clock for all nodes. */
      readonly at: number;
      readonly machine: Usage;
      readonly interfaces: ReadonlyMap<string, Usage>;
      /** By the id that was asked for; what does not run there is absent. */
      readonly containers: ReadonlyMap<string, Usage>;
    }
  | { readonly type: "failed"; readonly reason: string };

/** Measures nodes and what runs there. Counters become true rates inside. */
export interface NodeMeter {
  /** An answer about every target, by its node; some are asked at a time, none after 30 s. Never rejects. */
  read(targets: readonly MeterTarget[]): Promise<ReadonlyMap<string, NodeReading>>;
  close(): void;
}

/** One row of a time series. */
export interface Point {
  readonly series: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number>>;
  /** Wall time, milliseconds. */
  readonly at: number;
}

/** Refused points are refused for ever; failed ones may be written later, again as often as needed. */
export type PointsWritten =
  | { readonly type: "written" }
  | { readonly type: "refused"; readonly count: number; readonly reason: string }
  | { readonly type: "failed"; readonly reason: string };

/** A database of time series. Writing a point twice is as writing it once. */
export interface PointSink {
  /** Never rejects. */
  write(points: readonly Point[]): Promise<PointsWritten>;
  close(): void;
}
