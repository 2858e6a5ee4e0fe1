import { setMaxListeners } from "node:events";
import type { MetricDriver, MetricQuery, MetricResult, Sample } from "../driver.js";
import { createRates, type Rates } from "../rates.js";
import { type AgentAnswer, type AgentsOptions, askAgent } from "./ask-agent.js";
import { createFirstHeard, type FirstHeard } from "./first-heard.js";
import { BUILT_IN, type BuiltIn, containerOf, readingOf } from "./statistics.js";

const AGENTS_AT_ONCE = 16;

/** The built-in metrics, read from each agent's `/monitor/statistics`. */
export function createMesosMetrics(options: AgentsOptions): MetricDriver {
  const rates = createRates(() => options.clock.monotonic());
  const heard = createFirstHeard(() => options.clock.now());
  const closing = new AbortController();
  // one listener per open request, taken off when it ends
  setMaxListeners(0, closing.signal);
  return {
    async query(query) {
      const metric = BUILT_IN.get(query.query);
      if (metric === undefined) return { type: "Unknown", reason: `${query.query} is not a built-in metric` };
      const agents = await askAgents(options, query, closing.signal);
      return resultOf(query, { metric, agents, rates, heard });
    },
    close: () => closing.abort(),
  };
}

/** Every agent of the query once, some at a time. */
async function askAgents(options: AgentsOptions, query: MetricQuery, signal: AbortSignal) {
  const waiting = new Set(query.tasks.map((task) => task.agentId)).values();
  const answers = new Map<string, AgentAnswer>();
  const work = async () => {
    // the iterator is shared: each worker takes the next agent
    for (const agentId of waiting) answers.set(agentId, await askAgent(options, agentId, signal));
  };
  await Promise.all(Array.from({ length: AGENTS_AT_ONCE }, work));
  return answers;
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
    readonly heard: FirstHeard;
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
  { metric, agents, rates, heard }: Parameters<typeof resultOf>[1],
): Sample | undefined {
  const agent = agents.get(agentId);
  if (agent?.type !== "answered") return undefined;
  const container = containerOf(agent.containers, taskId);
  const reading = container && readingOf(container, metric);
  if (container === undefined || reading === undefined) return undefined;
  const { timestamp } = container;
  const value = metric.type === "gauge" ? reading : rates.next(`${name} ${taskId}`, { value: reading, timestamp });
  const at = heard.at(`${name} ${taskId}`, timestamp);
  return value === undefined ? undefined : { subject: taskId, value, at };
}
