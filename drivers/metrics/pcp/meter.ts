import type { MeterTarget, MetricName, NodeMeter, NodeReading, Usage } from "../driver.js";
import { createRates, type Rates } from "../rates.js";
import { sweepingMeter } from "../sweep.js";
import { PCP_METRICS, PCP_NAMES, type PcpMetric } from "./metrics.js";
import { createPcpSession, type PcpOptions, type PcpSession } from "./session.js";
import { type Fetched, SINGLE } from "./wire.js";

/** Measures nodes by the web API of Performance Co-Pilot on each of them; containers by their control groups. */
export function createPcpMeter(options: PcpOptions): NodeMeter {
  const rates = createRates(() => options.clock.monotonic());
  const sessions = new Map<string, { readonly address: string; readonly session: PcpSession }>();
  const sessionOf = (node: string, address: string) => {
    const known = sessions.get(node);
    if (known?.address === address) return known.session;
    const session = createPcpSession(options, address);
    sessions.set(node, { address, session });
    return session;
  };
  return sweepingMeter({
    clock: options.clock,
    async measure(target, signal) {
      const { node, address } = target;
      if (address === undefined) return { type: "failed", reason: "its address is not known" };
      return readNode({ target, session: sessionOf(node, address), rates, now: options.clock.now }, signal);
    },
    forget(isAsked) {
      for (const node of [...sessions.keys()]) if (!isAsked(node)) sessions.delete(node);
    },
  });
}

interface Round {
  readonly target: MeterTarget;
  readonly session: PcpSession;
  readonly rates: Rates;
  readonly now: () => number;
}

async function readNode(round: Round, signal: AbortSignal): Promise<NodeReading> {
  const fetched = await round.session.fetch(PCP_NAMES, signal);
  const at = round.now();
  const used = { fetched, signal };
  const interfaces = await usages(round, used, { metrics: PCP_METRICS.interface, nameOf: (name) => name });
  const wanted = new Set(round.target.containers);
  const groups = await usages(round, used, {
    metrics: PCP_METRICS.cgroup,
    nameOf: (name) => (name === ROOT || wanted.has(containerId(name)) ? name : undefined),
  });
  const single = PCP_METRICS.machine.flatMap((metric) => {
    const value = fetched.values.get(metric.name)?.get(SINGLE);
    return value === undefined ? [] : [[metric.metric, value * metric.scale]];
  });
  const containers = [...groups].filter(([name]) => name !== ROOT);
  return {
    type: "read",
    at,
    machine: { ...Object.fromEntries(single), ...groups.get(ROOT) },
    interfaces,
    containers: new Map(containers.map(([name, usage]) => [containerId(name), usage])),
  };
}

const ROOT = "/";

/** `/docker/4f5e…`, `/mesos/<uuid>` and `/system.slice/docker-4f5e….scope` end in the id. */
function containerId(group: string): string {
  const last = group.slice(group.lastIndexOf("/") + 1);
  return last.replace(/^docker-/, "").replace(/\.scope$/, "");
}

interface Wanted {
  readonly metrics: readonly PcpMetric[];
  /** Undefined: of no interest. */
  readonly nameOf: (instance: string) => string | undefined;
}

/** What each instance used, by its name. */
async function usages(
  round: Round,
  { fetched, signal }: { readonly fetched: Fetched; readonly signal: AbortSignal },
  { metrics, nameOf }: Wanted,
): Promise<ReadonlyMap<string, Usage>> {
  const found = new Map<string, Partial<Record<MetricName, number>>>();
  for (const metric of metrics) {
    const values = fetched.values.get(metric.name) ?? new Map<number, number>();
    if (values.size === 0) continue;
    const names = await round.session.names(metric.name, values.keys(), signal);
    for (const [number, value] of values) {
      const name = nameOf(names.get(number) ?? "") ?? "";
      const used = name === "" ? undefined : usedOf(round, metric, { name, value, timestamp: fetched.timestamp });
      if (used === undefined) continue;
      // the better metric comes first
      found.set(name, { [metric.metric]: used, ...found.get(name) });
    }
  }
  return found;
}

interface Value {
  readonly name: string;
  readonly value: number;
  readonly timestamp: number;
}

function usedOf({ target, rates }: Round, { name: source, type, scale }: PcpMetric, { name, value, timestamp }: Value) {
  const scaled = value * scale;
  return type === "gauge" ? scaled : rates.next(`${target.node} ${source} ${name}`, { value: scaled, timestamp });
}
