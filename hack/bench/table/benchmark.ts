/** One line of the table. A ratio is always of two things measured in the same run. */
export interface Row {
  readonly what: string;
  /** With its unit, e.g. `1,234 writes/s`. */
  readonly measured: string;
  /** What it is compared with, with its unit. */
  readonly yardstick: string;
  /** Measured by yardstick; unset where a plain number is the point. */
  readonly ratio?: number;
  /** One sentence: what a person may conclude. */
  readonly meaning: string;
}

/** What a benchmark found; any failure makes the whole run fail. */
export interface Findings {
  readonly rows: readonly Row[];
  readonly failures?: readonly string[];
  /** Further tables, as text that is already aligned. */
  readonly notes?: readonly string[];
}

/** One measurement, run in a process of its own. */
export interface Benchmark {
  readonly name: string;
  readonly run: () => Promise<Findings>;
}
