import { isRecord } from "../../../platform/is-record.js";
import type { MetricName } from "../driver.js";

/** What an agent says about one container. */
export interface ContainerStatistics {
  /** The executor's id, and its source: one of them is the task's id. */
  readonly executorId: string;
  readonly source: string;
  /** The agent's own time of the reading, seconds. */
  readonly timestamp: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** How a built-in metric is taken from an agent's statistics. A gauge may have several names, best first. */
export interface BuiltIn {
  readonly type: "counter" | "gauge";
  readonly fields: readonly string[];
}

/** The built-in metrics: counters become rates per second (cpu: cores), memory is bytes. */
export const BUILT_IN: ReadonlyMap<string, BuiltIn> = new Map<MetricName, BuiltIn>([
  ["network_in_bytes", { type: "counter", fields: ["net_rx_bytes"] }],
  ["network_out_bytes", { type: "counter", fields: ["net_tx_bytes"] }],
  ["network_in_drops", { type: "counter", fields: ["net_rx_dropped"] }],
  ["network_out_drops", { type: "counter", fields: ["net_tx_dropped"] }],
  ["cpu_usage_user", { type: "counter", fields: ["cpus_user_time_secs"] }],
  ["cpu_usage_system", { type: "counter", fields: ["cpus_system_time_secs"] }],
  ["memory_usage", { type: "gauge", fields: ["mem_total_bytes", "mem_rss_bytes"] }],
]);

/** The body of an agent's `/monitor/statistics`; undefined when any part of it is not what an agent sends. */
export function parseStatistics(value: unknown): readonly ContainerStatistics[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const containers = value.map(parseContainer);
  return containers.every((container) => container !== undefined) ? containers : undefined;
}

/** The container of a task: that of its own executor, else one that names the task as its source. */
export function containerOf(
  containers: readonly ContainerStatistics[],
  taskId: string,
): ContainerStatistics | undefined {
  return containers.find((one) => one.executorId === taskId) ?? containers.find((one) => one.source === taskId);
}

/** A finite, non-negative reading of the metric; undefined when the agent does not measure it. */
export function readingOf(container: ContainerStatistics, metric: BuiltIn): number | undefined {
  for (const field of metric.fields) {
    const value = container.values[field];
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  }
  return undefined;
}

function parseContainer(value: unknown): ContainerStatistics | undefined {
  if (!isRecord(value) || !isRecord(value.statistics)) return undefined;
  const { executor_id: executorId, source = "", statistics } = value;
  const { timestamp } = statistics;
  if (typeof executorId !== "string" || typeof source !== "string") return undefined;
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp) || timestamp <= 0) return undefined;
  return { executorId, source, timestamp, values: statistics };
}
