import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { HttpHandler } from "../../../platform/transport.js";
import { exchange, jsonOf } from "../../exchange.js";
import { type ContainerStatistics, parseStatistics } from "./statistics.js";

/** How the agents of one Mesos cluster are reached. */
export interface AgentsOptions {
  readonly transport: HttpHandler;
  /** The base address of an agent, e.g. `http://10.250.3.21:5051`; undefined when it is not known. */
  readonly agentUrl: (agentId: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What an agent measured of its containers, or why nothing is known. */
export type AgentAnswer =
  | { readonly type: "answered"; readonly containers: readonly ContainerStatistics[] }
  | { readonly type: "failed"; readonly reason: string };

/** Reads an agent's `/monitor/statistics`; an answer that is not one is a failure. Never rejects. */
export async function askAgent(options: AgentsOptions, agentId: string, signal: AbortSignal): Promise<AgentAnswer> {
  const answer = await askPath(options, { agentId, path: "/monitor/statistics", signal });
  if (answer.type === "failed") return failed(options, agentId, answer.reason);
  const containers = parseStatistics(answer.value);
  if (containers !== undefined) return { type: "answered", containers };
  return failed(options, agentId, "a malformed body");
}

/** One endpoint of one agent. */
export interface AgentQuestion {
  readonly agentId: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** The JSON that an agent answers with status 200. Never rejects. */
export async function askPath(
  { transport, agentUrl, clock }: AgentsOptions,
  { agentId, path, signal }: AgentQuestion,
): Promise<
  { readonly type: "answered"; readonly value: unknown } | { readonly type: "failed"; readonly reason: string }
> {
  const base = agentUrl(agentId);
  if (base === undefined) return { type: "failed", reason: "its address is not known" };
  const url = base.replace(/\/+$/, "") + path;
  try {
    const answer = await exchange(
      transport,
      { method: "GET", url, headers: {} },
      { clock, timeoutMs: TIMEOUT_MS, signal },
    );
    const json = answer.status === 200 ? jsonOf(answer.text) : undefined;
    if (json !== undefined) return { type: "answered", value: json.value };
    return { type: "failed", reason: `status ${answer.status} or a malformed body` };
  } catch (error) {
    return { type: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

const TIMEOUT_MS = 5000;

function failed({ log }: AgentsOptions, agentId: string, why: string): AgentAnswer {
  log.debug("agent statistics not read", { agentId, reason: why });
  return { type: "failed", reason: `reading statistics of agent ${agentId}: ${why}` };
}
