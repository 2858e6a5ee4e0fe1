import { StatusError, type StatusReason } from "../../../api-types/meta/status-error.js";
import type { Clock } from "../../../platform/clock.js";
import { type HttpHandler, TransportError } from "../../../platform/transport.js";
import { type Answer, exchange, jsonOf } from "../../exchange.js";

/** How to reach one Consul. */
export interface ConsulConnection {
  readonly transport: HttpHandler;
  /** e.g. `http://10.250.3.20:8500`. */
  readonly address: string;
  readonly datacenter: string | undefined;
  readonly token: string | undefined;
  readonly clock: Clock;
}

/** A well-formed answer of the catalogue with the index it belongs to. */
export interface IndexedAnswer {
  readonly value: unknown;
  readonly index: number;
}

const WRITE_TIMEOUT_MS = 10_000;

/** A read that only succeeds with status 200, JSON, an index and a leader; everything else rejects, naming what was wrong. */
export async function readIndexed(
  connection: ConsulConnection,
  path: string,
  options: { readonly query?: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<IndexedAnswer> {
  const query = [connection.datacenter && `dc=${encodeURIComponent(connection.datacenter)}`, options.query];
  const text = query.filter((part) => part).join("&");
  const answer = await get(connection, `${path}${text === "" ? "" : `?${text}`}`, options);
  const index = Number(answer.headers["x-consul-index"] ?? "");
  if (!Number.isSafeInteger(index) || index < 1) throw unreadable(path, "has no X-Consul-Index");
  if (answer.headers["x-consul-knownleader"] !== "true") throw unreadable(path, "comes from a server without a leader");
  return { value: answer.value, index };
}

/** The address of the cluster's leader; rejects when there is none. */
export async function readLeader(
  connection: ConsulConnection,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<string> {
  const { value } = await get(connection, "/v1/status/leader", options);
  if (typeof value !== "string" || value === "") throw unreadable("/v1/status/leader", "names no leader");
  return value;
}

/** A write of the catalogue. What Consul refused is a StatusError; what it may have done anyway is a TransportError. */
export async function write(
  connection: ConsulConnection,
  request: { readonly path: string; readonly body: object; readonly what: string; readonly signal?: AbortSignal },
): Promise<void> {
  const { datacenter } = connection;
  const body = datacenter === undefined ? request.body : { Datacenter: datacenter, ...request.body };
  const answer = await exchange(
    connection.transport,
    {
      method: "PUT",
      url: urlOf(connection, request.path),
      headers: { ...headersOf(connection), "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(body)),
    },
    { clock: connection.clock, timeoutMs: WRITE_TIMEOUT_MS, ...signalOf(request.signal) },
  );
  if (answer.status === 200 && answer.text.trim() === "true") return;
  const said = `${request.what}: Consul answered ${answer.status} ${answer.text.slice(0, 200)}`;
  const refusal = answer.status >= 400 && answer.status < 500;
  if (!refusal) throw new TransportError(said, { isSent: true });
  throw new StatusError(REFUSALS.get(answer.status) ?? "BadRequest", said);
}

const REFUSALS: ReadonlyMap<number, StatusReason> = new Map([
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [405, "MethodNotAllowed"],
  [429, "TooManyRequests"],
]);

async function get(
  connection: ConsulConnection,
  pathAndQuery: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Answer & { readonly value: unknown }> {
  const answer = await exchange(
    connection.transport,
    { method: "GET", url: urlOf(connection, pathAndQuery), headers: headersOf(connection) },
    { clock: connection.clock, timeoutMs: options.timeoutMs, ...signalOf(options.signal) },
  );
  if (answer.status !== 200) throw unreadable(pathAndQuery, `has status ${answer.status} ${answer.text.slice(0, 200)}`);
  const json = jsonOf(answer.text);
  if (json === undefined) throw unreadable(pathAndQuery, "is not JSON");
  return { ...answer, value: json.value };
}

function urlOf(connection: ConsulConnection, pathAndQuery: string): string {
  return `${connection.address.replace(/\/+$/, "")}${pathAndQuery}`;
}

function headersOf({ token }: ConsulConnection): Readonly<Record<string, string>> {
  return token === undefined ? {} : { "x-consul-token": token };
}

function signalOf(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function unreadable(path: string, problem: string): StatusError {
  return new StatusError("ServiceUnavailable", `Consul's answer to ${path} ${problem}`);
}
