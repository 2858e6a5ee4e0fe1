import type { Random } from "../../../platform/random.js";
import type { HttpHandler, HttpRequest, HttpResponse } from "../../../platform/transport.js";
import type { Topics } from "../topics.js";
import { HttpError } from "./http-error.js";
import { type Agent, type Call, type Reply, ROUTES } from "./routes.js";

const WAIT_DEFAULT_MS = 300_000;
const WAIT_MAX_MS = 600_000;

/** What answering needs. `generation` changes when the process restarts: a query that blocked across it fails. */
export interface HandlerOptions {
  readonly agent: Agent;
  readonly topics: Topics;
  readonly random: Random;
  readonly generation: () => number;
}

/** Consul's HTTP API, blocking queries included. Never rejects. */
export function createHandler(options: HandlerOptions): HttpHandler {
  return async (request) => {
    try {
      return await answer(request, options);
    } catch (error) {
      if (error instanceof HttpError) return textResponse(error.status, error.message);
      throw error;
    }
  };
}

async function answer(request: HttpRequest, options: HandlerOptions): Promise<HttpResponse> {
  const url = new URL(request.url, "http://consul");
  const found = findRoute(url.pathname);
  if (found === undefined) return { status: 404, headers: {}, body: new Uint8Array() };
  const route = found.methods.get(request.method);
  if (route === undefined) return methodNotAllowed(request.method, [...found.methods.keys()]);
  const call: Call = { rest: decodePath(found.rest), query: url.searchParams, body: request.body };
  refuseUnsupported(call.query, options.agent.datacenter);
  const reply = route(options.agent, call);
  if (reply.type === "plain") return jsonResponse(reply.status, reply.value, {});
  return answerRead(reply, { request, query: call.query, options });
}

function findRoute(path: string) {
  const exact = ROUTES.get(path);
  if (exact !== undefined) return { methods: exact, rest: "" };
  for (const [prefix, methods] of ROUTES) {
    if (prefix.endsWith("/") && path.startsWith(prefix)) return { methods, rest: path.slice(prefix.length) };
  }
  return undefined;
}

function refuseUnsupported(query: URLSearchParams, datacenter: string): void {
  const asked = query.get("dc");
  if (asked !== null && asked !== "" && asked !== datacenter) throw new HttpError(500, "No path to datacenter");
  if (query.has("filter")) throw new HttpError(400, "filter expressions are not simulated");
}

async function answerRead(
  reply: Extract<Reply, { type: "read" }>,
  context: { readonly request: HttpRequest; readonly query: URLSearchParams; readonly options: HandlerOptions },
): Promise<HttpResponse> {
  const { topics, generation } = context.options;
  const minIndex = indexOf(context.query);
  const waitMs = waitOf(context.query, context.options.random);
  const begun = generation();
  if (minIndex > 0) {
    const { signal } = context.request;
    await topics.wait(reply.topic, minIndex, signal === undefined ? { waitMs } : { waitMs, signal });
  }
  if (generation() !== begun) return textResponse(500, "rpc error making call: EOF");
  const { status, value } = reply.answer();
  return jsonResponse(status, value, {
    "x-consul-effective-consistency": "leader",
    "x-consul-index": String(topics.indexOf(reply.topic)),
    "x-consul-knownleader": "true",
    "x-consul-lastcontact": "0",
  });
}

function indexOf(query: URLSearchParams): number {
  const text = query.get("index") ?? "0";
  if (!/^\d+$/.test(text)) throw new HttpError(400, "Invalid index");
  return Number(text);
}

/** Consul adds up to a sixteenth to every wait, so that queries do not return all at once. */
function waitOf(query: URLSearchParams, random: Random): number {
  const asked = parseDuration(query.get("wait") ?? "");
  const waitMs = Math.min(asked === 0 ? WAIT_DEFAULT_MS : asked, WAIT_MAX_MS);
  return waitMs + (waitMs / 16) * random.next();
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function parseDuration(text: string): number {
  if (text === "") return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new HttpError(400, "Invalid wait time");
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNITS_MS[unit ?? ""] ?? 0);
  }
  return total;
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new HttpError(400, "invalid URL escape");
  }
}

function methodNotAllowed(method: string, allowed: readonly string[]): HttpResponse {
  const response = textResponse(405, `method ${method} not allowed`);
  return { ...response, headers: { ...response.headers, allow: ["OPTIONS", ...allowed].join(",") } };
}

function textResponse(status: number, text: string): HttpResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: Buffer.from(text) };
}

function jsonResponse(status: number, value: unknown, headers: Readonly<Record<string, string>>): HttpResponse {
  if (value === undefined) return { status, headers, body: new Uint8Array() };
  if (value instanceof Uint8Array) return { status, headers, body: value };
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { ...headers, "content-type": "application/json" }, body };
}
