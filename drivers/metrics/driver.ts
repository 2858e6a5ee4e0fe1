/** A value at a time. Never NaN or infinite: such a point is left out. */
export interface Sample {
  /** Which instance (task id) or node it belongs to; undefined: one series for all. */
  readonly subject: string | undefined;
  readonly value: number;
  /** Wall time of the measurement, milliseconds. */
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
