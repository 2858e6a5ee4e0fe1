import type { Point } from "../../drivers/metrics/driver.js";
import type { Clock } from "../../platform/clock.js";
import type { Metrics } from "../../platform/metrics.js";

/** What /metrics shows of the last round of each rack. */
export interface Gauges {
  /**
   * Exactly these points are shown of the rack from now on: what is in none of them any more is removed. Works in turns:
   * who forgets the rack meanwhile does so again afterwards.
   */
  show(rack: string, points: readonly Point[]): Promise<void>;
  /** Counts what became of points. */
  count(rack: string, outcome: "written" | "refused" | "dropped", points: number): void;
  /** How many points wait, and how many nodes did not answer. */
  note(rack: string, state: { readonly waiting: number; readonly silent: number }): void;
  /** Nothing of the rack is shown any more. */
  forget(rack: string): void;
}

/** Values of one rack that are shown at most; the rest goes into the database only. */
const SHOWN_MAX = 10_000;

/** Series in the words of Prometheus: what the name begins with, and how labels are called. */
const SERIES: Readonly<
  Record<string, { readonly prefix: string; readonly labels: readonly (readonly [tag: string, label: string])[] }>
> = {
  machine: { prefix: "rackwright_node", labels: [["hostname", "node"]] },
  network: {
    prefix: "rackwright_node_network",
    labels: [
      ["hostname", "node"],
      ["interface_name", "interface"],
    ],
  },
  stats: {
    prefix: "rackwright_instance",
    labels: [
      ["namespace", "namespace"],
      ["group", "group"],
      ["service", "service"],
      ["instance", "instance"],
    ],
  },
};

/** Fields in the words of Prometheus: unit last. */
const FIELDS: Readonly<Record<string, readonly [name: string, help: string]>> = {
  cpu_usage_user: ["cpu_user_cores", "Processor time in user mode, cores."],
  cpu_usage_system: ["cpu_system_cores", "Processor time in the kernel, cores."],
  memory_usage: ["memory_bytes", "Memory in use, bytes."],
  network_in_bytes: ["receive_bytes_per_second", "Bytes received per second."],
  network_out_bytes: ["transmit_bytes_per_second", "Bytes sent per second."],
  network_in_drops: ["receive_drops_per_second", "Packets dropped on receipt per second."],
  network_out_drops: ["transmit_drops_per_second", "Packets dropped on sending per second."],
};

type Gauge = ReturnType<Metrics["gauge"]>;
type Labels = Record<string, string>;

/** Shows nothing yet; without metrics it never will. */
export function createGauges(metrics: Metrics | undefined, clock: Pick<Clock, "breathe">): Gauges {
  if (metrics === undefined) return { show: async () => {}, count() {}, note() {}, forget() {} };
  const shown = new Map<string, ReadonlyMap<string, readonly [Gauge, Labels]>>();
  const points = metrics.counter({
    name: "rackwright_collector_points_total",
    help: "Points by what became of them: written; refused by the database; dropped, because too many waited.",
    labelNames: ["rack", "outcome"],
  });
  const waiting = metrics.gauge({
    name: "rackwright_collector_points_waiting",
    help: "Points that wait to be written.",
    labelNames: ["rack"],
  });
  const silent = metrics.gauge({
    name: "rackwright_collector_silent_nodes",
    help: "Nodes that gave no measurements in the last round.",
    labelNames: ["rack"],
  });
  return {
    async show(rack, next) {
      const before = shown.get(rack);
      const now = new Map<string, readonly [Gauge, Labels]>();
      for (const point of next) {
        const values = valuesOf(metrics, point);
        if (now.size + values.length > SHOWN_MAX) break;
        for (const { id, gauge, labels, value } of values) {
          gauge.set(labels, value);
          now.set(id, [gauge, labels]);
        }
        await clock.breathe?.();
      }
      for (const [id, [gauge, labels]] of before ?? []) if (!now.has(id)) gauge.remove(labels);
      shown.set(rack, now);
    },
    count: (rack, outcome, number) => points.inc({ rack, outcome }, number),
    note(rack, state) {
      waiting.set({ rack }, state.waiting);
      silent.set({ rack }, state.silent);
    },
    forget(rack) {
      for (const [gauge, labels] of shown.get(rack)?.values() ?? []) gauge.remove(labels);
      shown.delete(rack);
      waiting.remove({ rack });
      silent.remove({ rack });
    },
  };
}

function valuesOf(metrics: Metrics, { series, tags, fields }: Point) {
  const known = SERIES[series];
  if (known === undefined) return [];
  const labels = Object.fromEntries(known.labels.map(([tag, label]) => [label, tags[tag] ?? ""]));
  const labelNames = known.labels.map(([, label]) => label);
  const whose = Object.values(labels).join("\n");
  return Object.entries(fields).flatMap(([field, value]) => {
    const [suffix, help] = FIELDS[field] ?? [];
    if (suffix === undefined || help === undefined) return [];
    const name = `${known.prefix}_${suffix}`;
    return [{ id: `${name}\n${whose}`, gauge: metrics.gauge({ name, help, labelNames }), labels, value }];
  });
}
