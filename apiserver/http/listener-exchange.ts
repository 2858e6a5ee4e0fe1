import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { TLSSocket } from "node:tls";
import { gzip } from "node:zlib";
import { StatusError } from "../../api-types/meta/status-error.js";
import { drained } from "../../platform/http-server.js";
import type { HttpRequest, HttpResponse } from "../../platform/transport.js";
import type { ApiHandler, Identity } from "./contract.js";
import { respondError } from "./format/respond.js";

export type Incoming = Http2ServerRequest | IncomingMessage;
export type Outgoing = Http2ServerResponse | ServerResponse;

/** What Kubernetes accepts as the body of a request. */
const BODY_BYTES_MAX = 3 * 1024 * 1024;
/** From this size an answer is compressed for clients that take it. */
const GZIP_BYTES_MIN = 128 * 1024;

/** Reads one request, has it answered, and sends the answer; never rejects. */
export async function serveExchange(
  { handle }: { readonly handle: ApiHandler },
  incoming: Incoming,
  outgoing: Outgoing,
): Promise<void> {
  const aborter = new AbortController();
  outgoing.once("close", () => aborter.abort());
  // a client that goes away ends the exchange; there is nobody left to tell
  outgoing.on("error", () => aborter.abort());
  incoming.on("error", () => aborter.abort());
  try {
    const response = await answered(handle, incoming, aborter.signal);
    await send(response, { incoming, outgoing, signal: aborter.signal });
  } catch {
    outgoing.destroy();
  }
}

async function answered(handle: ApiHandler, incoming: Incoming, signal: AbortSignal): Promise<HttpResponse> {
  const body = await bodyOf(incoming);
  if (body === undefined) {
    const message = `the request body exceeds ${BODY_BYTES_MAX} bytes`;
    return respondError(new StatusError("RequestEntityTooLarge", message));
  }
  const request: HttpRequest = {
    method: incoming.method ?? "GET",
    url: incoming.url ?? "/",
    headers: headersOf(incoming),
    signal,
    ...(body.length > 0 && { body }),
  };
  return handle(request, identityOf(incoming));
}

/** The whole body; undefined when it is too large. */
async function bodyOf(incoming: Incoming): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

function headersOf(incoming: Incoming): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value === undefined || name.startsWith(":")) continue;
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

/** Who the verified client certificate names; undefined without one, or when our authority did not sign it. */
function identityOf(incoming: Incoming): Identity | undefined {
  // the proxy of HTTP/2's compatibility API and HTTP/1.1 requests both lead to the TLS socket
  const socket = ("stream" in incoming ? incoming.stream?.session?.socket : incoming.socket) as TLSSocket | undefined;
  if (socket === undefined || !socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const user = subject?.CN;
  if (typeof user !== "string" || user === "") return undefined;
  const organisations = (subject.O ?? []) as string | readonly string[]; // several organisations arrive as a list
  return { user, groups: typeof organisations === "string" ? [organisations] : organisations };
}

interface Exchange {
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly signal: AbortSignal;
}

async function send(response: HttpResponse, exchange: Exchange): Promise<void> {
  const { incoming, outgoing } = exchange;
  if (response.body instanceof Uint8Array) {
    const isGzipped =
      response.body.length >= GZIP_BYTES_MIN && /\bgzip\b/.test(headersOf(incoming)["accept-encoding"] ?? "");
    const body = isGzipped ? await compressed(response.body) : response.body;
    const headers = {
      ...response.headers,
      "content-length": String(body.length),
      ...(isGzipped && { "content-encoding": "gzip" }),
    };
    writeHead(outgoing, response.status, response.status === 304 ? response.headers : headers);
    const writable = outgoing as ServerResponse; // both protocols write alike
    if (incoming.method === "HEAD") writable.end();
    else writable.end(body);
    return;
  }
  writeHead(outgoing, response.status, response.headers);
  // clients wait for the head of a watch, long before its first event
  if ("flushHeaders" in outgoing) outgoing.flushHeaders();
  await stream(response.body, exchange);
}

function writeHead(outgoing: Outgoing, status: number, headers: Readonly<Record<string, string>>): void {
  // the compatibility API takes the same call as HTTP/1.1
  (outgoing as ServerResponse).writeHead(status, headers);
}

/** Sends as fast as the client reads: while it does not, the watch's own bounded queue fills, then ends. */
async function stream(body: AsyncIterable<Uint8Array>, { outgoing, signal }: Exchange): Promise<void> {
  for await (const chunk of body) {
    if (signal.aborted) return;
    const writable = outgoing as ServerResponse; // both protocols write alike
    if (!writable.write(chunk)) await drained(outgoing, signal);
  }
  outgoing.end();
}

function compressed(bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gzip(bytes, { level: 1 }, (error, result) => (error ? reject(error) : resolve(result)));
  });
}
