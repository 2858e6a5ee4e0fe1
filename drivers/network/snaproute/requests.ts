import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Clock } from "../../../platform/clock.js";
import { isRecord } from "../../../platform/is-record.js";
import { type HttpHandler, TransportError } from "../../../platform/transport.js";
import { exchange, jsonOf } from "../../exchange.js";

/** How to reach one switch. */
export interface SwitchConnection {
  readonly transport: HttpHandler;
  /** e.g. `http://10.250.3.20:8080`. */
  readonly address: string;
  readonly clock: Clock;
}

/** What the switch said; `text` is its Result, or the Error of early builds. */
export interface SwitchAnswer {
  readonly status: number;
  readonly value: unknown;
  readonly text: string;
}

const TIMEOUT_MS = 10_000;

/** What is asked of a switch, below `/public/v1/`. */
export interface SwitchRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
}

/** One call below `/public/v1/`. Rejects with TransportError when there is no answer, or none that a switch would give. */
export async function call(connection: SwitchConnection, request: SwitchRequest): Promise<SwitchAnswer> {
  const answer = await ask(connection, request);
  if (answer.value !== undefined) return answer;
  const what = `${request.method} ${request.path}: the answer with status ${answer.status} is not an object`;
  throw new TransportError(what, { isSent: true });
}

/** As `call`, but an answer that is not an object is an answer too: so a build says that it does not know the path. */
export async function ask(connection: SwitchConnection, request: SwitchRequest): Promise<SwitchAnswer> {
  const { transport, address, clock } = connection;
  const payload = request.body === undefined ? {} : { body: Buffer.from(JSON.stringify(request.body)) };
  const answer = await exchange(
    transport,
    {
      method: request.method,
      url: `${address.replace(/\/+$/, "")}/public/v1/${request.path}`,
      headers: { accept: "application/json", ...(request.body && { "content-type": "application/json" }) },
      ...payload,
    },
    { clock, timeoutMs: TIMEOUT_MS, ...(request.signal && { signal: request.signal }) },
  );
  const json = jsonOf(answer.text);
  if (json === undefined || !isRecord(json.value)) return { status: answer.status, value: undefined, text: "" };
  return { status: answer.status, value: json.value, text: textOf(json.value) };
}

/** The error for an answer that is not the success hoped for: what may have happened anyway is a TransportError. */
export function refusal(what: string, answer: SwitchAnswer): Error {
  const said = `${what}: the switch answered ${answer.status} ${answer.text}`;
  if (answer.status === 503) return new StatusError("ServiceUnavailable", said);
  if (answer.status === 429) return new StatusError("TooManyRequests", said);
  if (answer.status === 401 || answer.status === 403) return new StatusError("Forbidden", said);
  // a 500 with a text is how the switch refuses; without one it is a crash in the middle
  if (answer.status === 500 && answer.text !== "") return new StatusError("Invalid", said);
  if (answer.status >= 400 && answer.status < 500) return new StatusError("BadRequest", said);
  return new TransportError(said, { isSent: true });
}

function textOf(value: Readonly<Record<string, unknown>>): string {
  const { Result: result, Error: error } = value;
  if (typeof result === "string" && result !== "") return result;
  return typeof error === "string" ? error : "";
}
