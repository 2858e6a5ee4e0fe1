import { isRecord } from "../../../platform/is-record.js";
import {
  METRIC_NAMES,
  type MeterTarget,
  type MetricName,
  type NodeMeter,
  type NodeReading,
  type Usage,
} from "../driver.js";
import { createRates, type Rates } from "../rates.js";
import { sweepingMeter } from "../sweep.js";
import { type AgentsOptions, askAgent, askPath } from "./ask-agent.js";
import { BUILT_IN, type ContainerStatistics, containerOf, readingOf } from "./statistics.js";

/**
 * Measures by what Mesos agents tell: containers from `/monitor/statistics`, known by the id of their task, and the memory
 * of the machine from `/metrics/snapshot`. Agents do not measure the processors and the interfaces of a machine.
 */
export function createAgentsMeter(options: AgentsOptions): NodeMeter {
  const rates = createRates(() => options.clock.monotonic());
  return sweepingMeter({
    clock: options.clock,
    measure: (target, signal) => measure(options, { target, rates }, signal),
  });
}

interface Subject {
  readonly target: MeterTarget;
  readonly rates: Rates;
}

async function measure(options: AgentsOptions, { target, rates }: Subject, signal: AbortSignal): Promise<NodeReading> {
  const { agentId } = target;
  if (agentId === undefined) return { type: "failed", reason: "no Mesos agent is known of it" };
  const [answer, snapshot] = await Promise.all([
    askAgent(options, agentId, signal),
    askPath(options, { agentId, path: "/metrics/snapshot", signal }),
  ]);
  if (answer.type === "failed") return answer;
  const containers = target.containers.flatMap((id): [string, Usage][] => {
    const container = containerOf(answer.containers, id);
    return container === undefined ? [] : [[id, usageOf(container, id, rates)]];
  });
  return {
    type: "read",
    at: options.clock.now(),
    machine: snapshot.type === "answered" ? machineOf(snapshot.value) : {},
    interfaces: new Map(),
    containers: new Map(containers),
  };
}

function usageOf(container: ContainerStatistics, id: string, rates: Rates): Usage {
  const { timestamp } = container;
  const values = METRIC_NAMES.flatMap((name): [MetricName, number][] => {
    const metric = BUILT_IN.get(name);
    const value = metric && readingOf(container, metric);
    if (metric === undefined || value === undefined) return [];
    const measured = metric.type === "gauge" ? value : rates.next(`${name} ${id}`, { value, timestamp });
    return measured === undefined ? [] : [[name, measured]];
  });
  return Object.fromEntries(values);
}

/** What is not free is used, caches of the system included. */
function machineOf(snapshot: unknown): Usage {
  const total = isRecord(snapshot) ? snapshot["system/mem_total_bytes"] : undefined;
  const free = isRecord(snapshot) ? snapshot["system/mem_free_bytes"] : undefined;
  if (typeof total !== "number" || typeof free !== "number" || !(free >= 0 && free <= total)) return {};
  return { memory_usage: total - free };
}
