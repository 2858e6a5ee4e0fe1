import { setMaxListeners } from "node:events";
import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { HttpHandler } from "../../../platform/transport.js";
import { exchange, jsonOf } from "../../exchange.js";
import type { MetricDriver, MetricQuery, MetricResult, Sample } from "../driver.js";
import { createRates, type Rates } from "./rates.js";
import { BUILT_IN, type BuiltIn, type ContainerStatistics, parseStatistics, readingOf } from "./statistics.js";

/** What the built-in metrics of one Mesos cluster are made of. */
export interface MesosMetricsOptions {
  readonly transport: HttpHandler;
  /** The base address of an agent, e.g. `http://10.250.3.21:5051`; undefined when it is not known. */
  readonly agentUrl: (agentId: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const TIMEOUT_MS = 5000;
const AGENTS_AT_ONCE = 16;

/** The built-in metrics, read from each agent's `/monitor/statistics`. */
export function createMesosMetrics(options: MesosMetricsOptions): MetricDriver {
  const rates = createRates(() => options.clock.monotonic());
  const closing = new AbortController();
  // one listener per open request, taken off when it ends
  setMaxListeners(0, closing.signal);
  return {
    async query(query) {
      const metric = BUILT_IN.get(query.query);
      if (metric === undefined) return { type: "Unknown", reason: `${query.query} is not a built-in metric` };
      const agents = await askAgents(options, query, closing.signal);
      return resultOf(query, { metric, agents, rates });
    },
    close: () => closing.abort(),
  };
}

type AgentAnswer =
  | { readonly type: "answered"; readonly containers: readonly ContainerStatistics[] }
  | { readonly type: "failed"; readonly reason: string };

/** Every agent of the query once, some at a time. */
async function askAgents(options: MesosMetricsOptions, query: MetricQuery, signal: AbortSignal) {
  const waiting = new Set(query.tasks.map((task) => task.agentId)).values();
  const answers = new Map<string, AgentAnswer>();
  const work = async () => {
    // the iterator is shared: each worker takes the next agent
    for (const agentId of waiting) answers.set(agentId, await askAgent(options, agentId, signal));
  };
  await Promise.all(Array.from({ length: AGENTS_AT_ONCE }, work));
  return answers;
}

async function askAgent(options: MesosMetricsOptions, agentId: string, signal: AbortSignal): Promise<AgentAnswer> {
  const base = options.agentUrl(agentId);
  if (base === undefined) return { type: "failed", reason: `the address of agent ${agentId} is not known` };
  const url = `${base.replace(/\/+$/, "")}/monitor/statistics`;
  try {
    const limits = { clock: options.clock, timeoutMs: TIMEOUT_MS, signal };
    const answer = await exchange(options.transport, { method: "GET", url, headers: {} }, limits);
    const json = answer.status === 200 ? jsonOf(answer.text) : undefined;
    const containers = json && parseStatistics(json.value);
    if (containers !== undefined) return { type: "answered", containers };
    return failed(options, agentId, `status ${answer.status} or a malformed body`);
  } catch (error) {
    return failed(options, agentId, error instanceof Error ? error.message : String(error));
  }
}

function failed({ log }: MesosMetricsOptions, agentId: string, why: string): AgentAnswer {
  log.debug("agent statistics not read", { agentId, reason: why });
  return { type: "failed", reason: `reading statistics of agent ${agentId}: ${why}` };
}

/** | agents that failed | tasks without a sample | result   |
 *  |--------------------|------------------------|----------|
 *  | all                |                        | Unknown  |
 *  | some               |                        | Partial  |
 *  | none               | some                   | Partial  |
 *  | none               | none                   | Complete |
 */
function resultOf(
  query: MetricQuery,
  context: {
    readonly metric: BuiltIn;
    readonly agents: ReadonlyMap<string, AgentAnswer>;
    readonly rates: Rates;
  },
): MetricResult {
  const failures = [...context.agents.values()].flatMap((agent) => (agent.type === "failed" ? [agent.reason] : []));
  if (failures.length > 0 && failures.length === context.agents.size) {
    return { type: "Unknown", reason: failures.join("; ") };
  }
  const samples: Sample[] = [];
  const missing: string[] = [];
  for (const task of query.tasks) {
    const sample = sampleOf(query.query, task, context);
    if (sample === undefined) missing.push(task.taskId);
    else samples.push(sample);
  }
  if (missing.length === 0) return { type: "Complete", samples };
  const reasons = [...failures, `no sample of ${query.query} for ${missing.length} of ${query.tasks.length} tasks`];
  return { type: "Partial", samples, reason: reasons.join("; ") };
}

function sampleOf(
  name: string,
  { taskId, agentId }: MetricQuery["tasks"][number],
  { metric, agents, rates }: Parameters<typeof resultOf>[1],
): Sample | undefined {
  const agent = agents.get(agentId);
  if (agent?.type !== "answered") return undefined;
  const container =
    agent.containers.find((one) => one.executorId === taskId) ?? agent.containers.find((one) => one.source === taskId);
  const reading = container && readingOf(container, metric);
  if (container === undefined || reading === undefined) return undefined;
  const { timestamp } = container;
  const value = metric.type === "gauge" ? reading : rates.next(`${name} ${taskId}`, { value: reading, timestamp });
  return value === undefined ? undefined : { subject: taskId, value, at: timestamp * 1000 };
}
