/** How a server is trusted and a client proves itself; PEM. */
export interface TlsOptions {
  /** Instead of the authorities that the system trusts. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** The name the server's certificate must have, where it is not the URL's host. */
  readonly serverName?: string;
}

/** An HTTP request as plain data; `url` is absolute when sent, path and query when served. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Instead of `body`: sent piece by piece, while the answer may begin already. */
  readonly bodyStream?: AsyncIterable<Uint8Array>;
  /** For https, where the transport's own does not fit. */
  readonly tls?: TlsOptions;
  /** Aborting cancels the request, or ends a streamed body. */
  readonly signal?: AbortSignal;
}

/** An HTTP response; a body that is not bytes is a stream, read once, ended early by `return()` or the request's signal. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/**
 * One exchange. A server is a Handler (it answers every request), and so is a transport: over sockets in production,
 * a call in simulation. A transport rejects only with TransportError; a server never rejects.
 */
export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>;

/** The exchange did not complete. `isSent` false: the peer never saw it; true: the outcome is unknown. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly isSent: boolean;

  constructor(message: string, options: { readonly isSent: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.isSent = options.isSent;
  }
}

/** The whole body as bytes; above `limitBytes` it throws TransportError. */
export async function readBody(response: HttpResponse, limitBytes: number = 64 * 1024 * 1024): Promise<Uint8Array> {
  if (response.body instanceof Uint8Array) return response.body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > limitBytes) throw new TransportError(`body exceeds ${limitBytes} bytes`, { isSent: true });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A transport that calls handlers in this process, chosen by `host:port` of the URL; an unknown host refuses the connection. */
export function inProcessTransport(handlers: ReadonlyMap<string, HttpHandler>): HttpHandler {
  return async (request) => {
    const url = new URL(request.url);
    // a URL forgets the port that its scheme implies
    const host = url.port === "" ? `${url.host}:${url.protocol === "https:" ? 443 : 80}` : url.host;
    const handler = handlers.get(host) ?? handlers.get(url.host);
    if (handler === undefined) {
      throw new TransportError(`connect ECONNREFUSED ${url.host}`, { isSent: false });
    }
    return handler({ ...request, url: url.pathname + url.search });
  };
}
