import type { Instance } from "../../../api-types/instance.js";
import type { RackCollector } from "../../../api-types/rack.js";
import type { MetricName, NodeReading, Point, Usage } from "../../../drivers/metrics/driver.js";

/** What one round found of a node, and whose containers are whose. */
export interface NodeRound {
  readonly collector: RackCollector;
  readonly hostname: string;
  readonly reading: NodeReading;
  /** The metered instances that were placed there. */
  readonly metered: readonly Instance[];
}

/** Interfaces of one node that are written where the Rack chooses none. */
const INTERFACES_MAX = 64;
const MACHINE: readonly MetricName[] = ["cpu_usage_user", "cpu_usage_system", "memory_usage"];

/**
 * The points of a node, in the series that ToRC wrote:
 *
 * | series  | one for each      | tags                                                                |
 * |---------|-------------------|---------------------------------------------------------------------|
 * | machine | node              | hostname                                                            |
 * | network | interface         | hostname, interface_name                                            |
 * | stats   | metered instance  | hostname, container_name, namespace, group, service, instance       |
 *
 * A node that did not answer has none, and what was not measured is left out: a gap, never a zero.
 */
export function pointsOf({ collector, hostname, reading, metered }: NodeRound): readonly Point[] {
  if (reading.type === "failed") return [];
  const { at, machine, interfaces, containers } = reading;
  return [
    ...point("machine", { hostname }, { usage: only(machine, MACHINE), at }),
    ...chosen(interfaces, collector.interfaces).flatMap(([name, usage]) =>
      point("network", { hostname, interface_name: name }, { usage, at }),
    ),
    ...metered.flatMap((instance) => {
      const usage = containerIds(instance).flatMap((id) => containers.get(id) ?? [])[0] ?? {};
      return point("stats", tagsOf(instance, hostname), { usage, at });
    }),
  ];
}

/** The ids by which sources know the container of an instance: the task's, docker's, Mesos'. */
export function containerIds({ status }: Instance): readonly string[] {
  const docker = status?.containerID?.replace(/^[a-z]+:\/\//, "");
  const ids = [status?.placement?.taskID, docker, status?.mesosContainerID];
  return ids.flatMap((id) => (id === undefined || id === "" ? [] : [id]));
}

function tagsOf({ metadata, spec }: Instance, hostname: string): Readonly<Record<string, string>> {
  return {
    hostname,
    // one name for all that hold a number one after the other, so that a graph goes on
    container_name: `${spec.service}-${spec.number}`,
    namespace: metadata.namespace ?? "",
    group: spec.serviceGroup,
    service: spec.service,
    instance: metadata.name,
  };
}

function point(
  series: string,
  tags: Readonly<Record<string, string>>,
  { usage, at }: { readonly usage: Usage; readonly at: number },
): readonly Point[] {
  const fields = Object.entries(usage).filter(([, value]) => Number.isFinite(value));
  return fields.length === 0 ? [] : [{ series, tags, fields: Object.fromEntries(fields), at }];
}

function only(usage: Usage, names: readonly MetricName[]): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([name]) => names.some((one) => one === name)));
}

/** In order of their names, so that the same ones are left out each time. */
function chosen(interfaces: ReadonlyMap<string, Usage>, names: readonly string[] | undefined) {
  const found = [...interfaces].sort(([a], [b]) => (a < b ? -1 : 1));
  return names === undefined ? found.slice(0, INTERFACES_MAX) : found.filter(([name]) => names.includes(name));
}
