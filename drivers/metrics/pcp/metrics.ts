import type { MetricName } from "../driver.js";

/** A metric of Performance Co-Pilot, and which of ours it is. */
export interface PcpMetric {
  readonly name: string;
  readonly metric: MetricName;
  readonly type: "counter" | "gauge";
  /** What one of its units is of ours. */
  readonly scale: number;
}

/** Where it is measured: of interfaces, of control groups, of the machine. */
export type PcpScope = "interface" | "cgroup" | "machine";

/** The kernel counts processor time of cgroup v1 in these; PCP hands them on as they are, whatever it calls their unit. */
const SECONDS_PER_TICK = 0.01;

function counter(name: string, metric: MetricName, scale = 1): PcpMetric {
  return { name, metric, type: "counter", scale };
}

function gauge(name: string, metric: MetricName, scale = 1): PcpMetric {
  return { name, metric, type: "gauge", scale };
}

/**
 * What is read, the better first where one of ours has two. Nodes with version 1 of control groups have `cpuacct` and
 * `memory.usage`, those with version 2 the others.
 */
export const PCP_METRICS: Readonly<Record<PcpScope, readonly PcpMetric[]>> = {
  interface: [
    counter("network.interface.in.bytes", "network_in_bytes"),
    counter("network.interface.out.bytes", "network_out_bytes"),
    counter("network.interface.in.drops", "network_in_drops"),
    counter("network.interface.out.drops", "network_out_drops"),
  ],
  cgroup: [
    counter("cgroup.cpuacct.stat.user", "cpu_usage_user", SECONDS_PER_TICK),
    counter("cgroup.cpuacct.stat.system", "cpu_usage_system", SECONDS_PER_TICK),
    gauge("cgroup.memory.usage", "memory_usage"),
    counter("cgroup.cpu.stat.user", "cpu_usage_user", 1e-6),
    counter("cgroup.cpu.stat.system", "cpu_usage_system", 1e-6),
    gauge("cgroup.memory.current", "memory_usage"),
  ],
  // the root of version 2 does not count memory
  machine: [gauge("mem.util.used", "memory_usage", 1024)],
};

/** The names of all of them, for one request. */
export const PCP_NAMES: readonly string[] = Object.values(PCP_METRICS).flatMap((metrics) =>
  metrics.map(({ name }) => name),
);
