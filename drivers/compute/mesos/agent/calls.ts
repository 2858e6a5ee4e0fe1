import { StatusError, type StatusReason } from "../../../../api-types/meta/status-error.js";
import type { Clock } from "../../../../platform/clock.js";
import { isRecord } from "../../../../platform/is-record.js";
import { type HttpHandler, type HttpRequest, TransportError } from "../../../../platform/transport.js";
import { type Answer, exchange, jsonOf } from "../../../exchange.js";

/** Where one agent is and how to reach it. */
export interface AgentConnection {
  readonly transport: HttpHandler;
  /** Base of its HTTP API, e.g. `http://10.250.3.21:5051`, without a slash at the end. */
  readonly url: string;
  readonly clock: Clock;
}

const TIMEOUT_MS = 10_000;

/** The JSON answer of one of the agent's legacy endpoints. Rejects with StatusError or TransportError. */
export async function getJson(agent: AgentConnection, operation: string, path: string): Promise<unknown> {
  const headers = { accept: "application/json" };
  return jsonAnswer(operation, await ask(agent, { method: "GET", url: `${agent.url}${path}`, headers }));
}

/** The part of an answer of the agent API that bears the name of the call. Rejects as getJson. */
export async function call(
  agent: AgentConnection,
  operation: string,
  body: { readonly type: string },
): Promise<Readonly<Record<string, unknown>>> {
  const request = { method: "POST", url: apiUrl(agent), headers: JSON_HEADERS, body: jsonBody(body) };
  const value = jsonAnswer(operation, await ask(agent, request));
  const part = isRecord(value) ? value[body.type.toLowerCase()] : undefined;
  if (isRecord(part)) return part;
  throw new StatusError("ServiceUnavailable", `${operation}: the agent answered something else`);
}

/** Where the agent API of this agent is. */
export function apiUrl({ url }: AgentConnection): string {
  return `${url}/api/v1`;
}

/** A call as the body of a request. */
export function jsonBody(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), "utf8");
}

/** The error that an answer other than 200 stands for. */
export function refusal(operation: string, status: number, text: string): Error {
  const message = `${operation}: the agent answered ${status} ${text.trim()}`.trim();
  const reason = REASONS.get(status);
  if (reason !== undefined) return new StatusError(reason, message);
  if (status >= 500) return new TransportError(message, { isSent: true });
  return new StatusError("Invalid", message);
}

const JSON_HEADERS = { "content-type": "application/json", accept: "application/json" };

const REASONS: ReadonlyMap<number, StatusReason> = new Map([
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [503, "ServiceUnavailable"],
]);

function ask({ transport, clock }: AgentConnection, request: HttpRequest): Promise<Answer> {
  return exchange(transport, request, { clock, timeoutMs: TIMEOUT_MS });
}

function jsonAnswer(operation: string, answer: Answer): unknown {
  if (answer.status !== 200) throw refusal(operation, answer.status, answer.text);
  const json = jsonOf(answer.text);
  if (json === undefined) throw new StatusError("ServiceUnavailable", `${operation}: the agent's answer is not JSON`);
  return json.value;
}
