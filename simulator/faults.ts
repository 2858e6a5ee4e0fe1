import { type Clock, sleep } from "../platform/clock.js";
import type { Random } from "../platform/random.js";
import { type HttpHandler, type HttpRequest, type HttpResponse, TransportError } from "../platform/transport.js";

/** What goes wrong with an exchange. */
export type Fault =
  /** The request arrives late: by `ms`, plus up to `jitterMs` drawn. */
  | { readonly type: "delay"; readonly ms: number; readonly jitterMs?: number }
  /** Nobody listens: the peer never saw it, and the client knows. */
  | { readonly type: "refuse" }
  /** The request is lost after it was sent; the client learns nothing for `afterMs`, then only that. */
  | { readonly type: "dropRequest"; readonly afterMs?: number }
  /** The server acts, the answer is lost. */
  | { readonly type: "dropResponse"; readonly afterMs?: number }
  /** The server gets the request twice; the client sees the second answer. */
  | { readonly type: "duplicate" }
  /** Something in between answers in place of the server. */
  | { readonly type: "status"; readonly status: number; readonly body?: string; readonly contentType?: string }
  /** Something in between answers 200 with a page. */
  | { readonly type: "html" }
  /** The body ends after so many bytes: bytes are cut short, a stream breaks. */
  | { readonly type: "truncate"; readonly bytes: number }
  /** The body ends after so many bytes as if it were complete, perhaps in the middle of a record. */
  | { readonly type: "end"; readonly bytes: number }
  /** A streamed body breaks after so long. */
  | { readonly type: "cut"; readonly afterMs: number };

/** When a fault strikes. */
export interface FaultRule {
  readonly fault: Fault;
  /** Only requests for which this holds; default: all. */
  readonly when?: (request: HttpRequest) => boolean;
  /** Chance per request; default: 1. */
  readonly probability?: number;
  /** At most so often; default: no limit. */
  readonly times?: number;
}

/** The rules in force: replace the list at any time. The first that strikes counts, after all delays that strike. */
export interface FaultScript {
  rules: readonly FaultRule[];
}

/** A handler behind a bad network or proxy. With no rules it is the handler. Faults are drawn from `random` only. */
export function withFaults(handler: HttpHandler, options: FaultOptions): HttpHandler {
  const struck = new WeakMap<FaultRule, number>();

  function strikes(rule: FaultRule, request: HttpRequest): boolean {
    const count = struck.get(rule) ?? 0;
    if (count >= (rule.times ?? Number.POSITIVE_INFINITY)) return false;
    if (rule.when?.(request) === false) return false;
    if (options.random.next() >= (rule.probability ?? 1)) return false;
    struck.set(rule, count + 1);
    return true;
  }

  return async (request) => {
    let fault: Exclude<Fault, { type: "delay" }> | undefined;
    for (const rule of options.script.rules) {
      if (fault !== undefined && rule.fault.type !== "delay") continue;
      if (!strikes(rule, request)) continue;
      if (rule.fault.type !== "delay") fault = rule.fault;
      else await delay(request, options, rule.fault.ms + options.random.next() * (rule.fault.jitterMs ?? 0));
    }
    return fault === undefined ? handler(request) : suffer(fault, { ...options, handler, request });
  };
}

/** What faults need; the script may be shared by several handlers. */
export interface FaultOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly script: FaultScript;
}

async function delay(request: HttpRequest, { clock }: FaultOptions, ms: number): Promise<void> {
  await sleep(clock, ms, request.signal);
  if (request.signal?.aborted) throw new TransportError("aborted", { isSent: true });
}

interface Exchange extends FaultOptions {
  readonly handler: HttpHandler;
  readonly request: HttpRequest;
}

async function suffer(fault: Exclude<Fault, { type: "delay" }>, exchange: Exchange): Promise<HttpResponse> {
  const { handler, request, clock } = exchange;
  switch (fault.type) {
    case "refuse":
      throw new TransportError("connect ECONNREFUSED", { isSent: false });
    case "dropRequest":
      await delay(request, exchange, fault.afterMs ?? 0);
      throw new TransportError("socket hang up", { isSent: true });
    case "dropResponse":
      await discard(await handler(request));
      await delay(request, exchange, fault.afterMs ?? 0);
      throw new TransportError("socket hang up", { isSent: true });
    case "duplicate":
      await discard(await handler(request));
      return handler(request);
    case "status":
      return answer(fault.status, fault.contentType ?? "text/plain", fault.body ?? "");
    case "html":
      return answer(200, "text/html", "<html><body>It works!</body></html>");
    case "truncate":
      return truncated(await handler(request), fault.bytes);
    case "end":
      return ended(await handler(request), fault.bytes);
    case "cut":
      return cut(await handler(request), clock, fault.afterMs);
    default:
      throw new Error(`fault not known: ${JSON.stringify(fault satisfies never)}`);
  }
}

/** Closes an answer that nobody will read. */
async function discard(response: HttpResponse): Promise<void> {
  if (!(response.body instanceof Uint8Array)) await response.body[Symbol.asyncIterator]().return?.();
}

function answer(status: number, type: string, text: string): HttpResponse {
  return { status, headers: { "content-type": type }, body: Buffer.from(text, "utf8") };
}

function truncated(response: HttpResponse, bytes: number): HttpResponse {
  const { body } = response;
  return { ...response, body: body instanceof Uint8Array ? body.subarray(0, bytes) : firstBytes(body, bytes) };
}

async function* firstBytes(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  yield* firstOf(body, bytes);
  throw new TransportError("aborted", { isSent: true });
}

async function* firstOf(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of body) {
    if (chunk.length >= left) {
      if (left > 0) yield chunk.subarray(0, left);
      break;
    }
    left -= chunk.length;
    yield chunk;
  }
}

function ended(response: HttpResponse, bytes: number): HttpResponse {
  const { body } = response;
  return { ...response, body: body instanceof Uint8Array ? body.subarray(0, bytes) : firstOf(body, bytes) };
}

function cut(response: HttpResponse, clock: Clock, afterMs: number): HttpResponse {
  const { body } = response;
  return body instanceof Uint8Array ? response : { ...response, body: until(body, clock, afterMs) };
}

/** The time runs from the answer, not from the first read. */
function until(body: AsyncIterable<Uint8Array>, clock: Clock, afterMs: number): AsyncIterable<Uint8Array> {
  const inner = body[Symbol.asyncIterator]();
  let isBroken = false;
  let breakNow: (error: TransportError) => void = () => {};
  const broken = new Promise<never>((_resolve, reject) => {
    breakNow = reject;
  });
  broken.catch(() => {});
  const timer = clock.schedule(afterMs, () => {
    isBroken = true;
    breakNow(new TransportError("aborted", { isSent: true }));
    void inner.return?.();
  });
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => (isBroken ? broken : Promise.race([inner.next(), broken])),
    async return() {
      timer.cancel();
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
