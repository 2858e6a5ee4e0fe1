import type { MetricDriver, MetricQuery, MetricResult, Sample } from "./driver.js";

/** A metric source in memory, for simulation and tests. */
export interface MemoryMetrics extends MetricDriver {
  /** From now on `query` answers with these samples; a sample without a subject answers for all. */
  load(query: string, samples: readonly Sample[]): void;
  /** Every query is Unknown for `reason`; undefined heals. */
  break(reason: string | undefined): void;
}

/** A source without samples: every query about tasks is Partial until loaded. */
export function createMemoryMetrics(): MemoryMetrics {
  const loaded = new Map<string, readonly Sample[]>();
  let fault: string | undefined;
  return {
    async query(query) {
      if (fault !== undefined) return { type: "Unknown", reason: fault };
      return resultOf(query, loaded.get(query.query) ?? []);
    },
    close: () => loaded.clear(),
    load: (query, samples) => void loaded.set(query, samples),
    break(reason) {
      fault = reason;
    },
  };
}

function resultOf({ query, tasks }: MetricQuery, samples: readonly Sample[]): MetricResult {
  const asked = new Set(tasks.map((task) => task.taskId));
  const isForAll = samples.some((sample) => sample.subject === undefined);
  const told = samples.filter(
    ({ subject, value }) => Number.isFinite(value) && (subject === undefined || asked.has(subject)),
  );
  const missing = isForAll ? 0 : asked.size - new Set(told.map((sample) => sample.subject)).size;
  if (missing === 0) return { type: "Complete", samples: told };
  return { type: "Partial", samples: told, reason: `no sample of ${query} for ${missing} tasks` };
}
