import { type EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type HttpHandler, type HttpResponse, TransportError } from "./transport.js";

export interface ServeOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** A larger request body is refused with 413; default 16 MiB. */
  readonly bodyBytesMax?: number;
  /** Requests whose body is handed over piece by piece, as `bodyStream`; default: none. */
  readonly isBodyStreamed?: (headers: Readonly<Record<string, string>>) => boolean;
}

/** A listening server. */
export interface HttpServer {
  readonly port: number;
  /** Stops listening and ends every connection, open streams included. */
  close(): Promise<void>;
}

/** The address cannot be listened on; `code` is the system's, e.g. EADDRINUSE. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string;

  constructor(message: string, options: { readonly code: string; readonly cause: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
  }
}

/**
 * Serves a handler over HTTP/1.1 without TLS. Streamed bodies leave chunk by chunk, at the speed of the reader; the
 * request's signal fires when the peer goes away. Rejects with ListenError.
 */
export async function serve(handler: HttpHandler, options: ServeOptions): Promise<HttpServer> {
  const { host, port } = options;
  const server = createServer((incoming, outgoing) => void answer(handler, options, { incoming, outgoing }));
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port, // a listening TCP server has one
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const code = error.code ?? "UNKNOWN";
      const why = code === "EADDRINUSE" ? "the address is in use by another process" : error.message;
      reject(new ListenError(`listening on ${host}:${port}: ${why}`, { code, cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

const BODY_BYTES_MAX = 16 * 1024 * 1024;

async function answer(handler: HttpHandler, options: ServeOptions, { incoming, outgoing }: Exchange): Promise<void> {
  const abort = new AbortController();
  outgoing.once("close", () => abort.abort());
  outgoing.on("error", () => abort.abort());
  try {
    const { method = "GET", url = "/" } = incoming;
    const headers = headersOf(incoming);
    const request = { method, url, headers, signal: abort.signal };
    if (options.isBodyStreamed?.(headers) === true) {
      await send(outgoing, await handler({ ...request, bodyStream: incoming }), abort.signal);
      return;
    }
    const body = await bodyOf(incoming, options.bodyBytesMax ?? BODY_BYTES_MAX);
    if (body === undefined) {
      outgoing.writeHead(413, { connection: "close" }).end();
      return;
    }
    await send(outgoing, await handler(body.length === 0 ? request : { ...request, body }), abort.signal);
  } catch (error) {
    // a peer that went away, a body that broke off, or a handler that plays a broken connection: cut, so that it shows
    if (outgoing.headersSent || error instanceof TransportError) outgoing.destroy();
    else outgoing.writeHead(500).end();
  }
}

async function bodyOf(incoming: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function headersOf(incoming: IncomingMessage): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}

async function send(outgoing: ServerResponse, response: HttpResponse, signal: AbortSignal): Promise<void> {
  outgoing.writeHead(response.status, response.headers);
  if (response.body instanceof Uint8Array) {
    outgoing.end(response.body);
    return;
  }
  outgoing.flushHeaders();
  const chunks = response.body[Symbol.asyncIterator]();
  // a reader who is gone must end a stream that waits for its next chunk
  const stop = () => void chunks.return?.();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  for (let next = await chunks.next(); !next.done && !signal.aborted; next = await chunks.next()) {
    if (!outgoing.write(next.value)) await drained(outgoing, signal);
  }
  signal.removeEventListener("abort", stop);
  outgoing.end();
}

/** Waits until the peer has read what was written, or is gone. */
export function drained(outgoing: Pick<EventEmitter, "once" | "off">, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      outgoing.off("drain", finish);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    outgoing.once("drain", finish);
    signal.addEventListener("abort", finish, { once: true });
    if (signal.aborted) finish();
  });
}
