import type { Clock } from "../platform/clock.js";
import { type HttpHandler, type HttpRequest, readBody, TransportError } from "../platform/transport.js";

/** An HTTP answer whose body has arrived as text. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Bounds of one exchange. */
export interface ExchangeOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * One request and its whole answer within `timeoutMs`. Rejects only with TransportError; a timeout or an abort after the
 * request left is one with `isSent`.
 */
export async function exchange(
  transport: HttpHandler,
  request: Omit<HttpRequest, "signal">,
  options: ExchangeOptions,
): Promise<Answer> {
  if (options.signal?.aborted) throw new TransportError(`${request.method} ${request.url} aborted`, { isSent: false });
  const controller = new AbortController();
  const { promise: interrupted, reject } = withReject();
  const interrupt = (why: string) => {
    reject(new TransportError(`${request.method} ${request.url} ${why}`, { isSent: true }));
    controller.abort();
  };
  const timer = options.clock.schedule(options.timeoutMs, () => interrupt(`timed out after ${options.timeoutMs} ms`));
  const onAbort = () => interrupt("aborted");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([receive(transport, { ...request, signal: controller.signal }), interrupted]);
  } finally {
    timer.cancel();
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** The parsed JSON of `text`, or undefined when it is not JSON. */
export function jsonOf(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

async function receive(transport: HttpHandler, request: HttpRequest): Promise<Answer> {
  const response = await transport(request);
  try {
    const body = await readBody(response);
    return { status: response.status, headers: response.headers, text: Buffer.from(body).toString("utf8") };
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw new TransportError(`reading the answer to ${request.method} ${request.url}`, { isSent: true, cause: error });
  }
}

/** A promise that only ever rejects; a rejection that nobody waits for is not an error. */
function withReject(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_resolve, rejectPromise) => {
    reject = rejectPromise;
  });
  promise.catch(() => {});
  return { promise, reject };
}
