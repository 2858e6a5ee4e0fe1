import { Readable } from "node:stream";
import { Agent, type Dispatcher } from "undici";
import { type HttpHandler, type HttpRequest, type HttpResponse, type TlsOptions, TransportError } from "./transport.js";

export interface UndiciOptions {
  /** PEM. */
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** False accepts any server certificate. */
  readonly isVerified?: boolean;
  /** The name the certificate must have, where it is not the URL's host. */
  readonly serverName?: string;
  readonly connectTimeoutMs?: number;
  /** How long a server may take to begin its answer; the answer itself may last for ever. Default 60 s. */
  readonly headersTimeoutMs?: number;
}

/** A transport over sockets, to be closed. */
export type SocketTransport = HttpHandler & { close(): Promise<void> };

/** HTTP/1.1 over sockets with kept-alive connections; every exchange in flight has a connection of its own. */
export function undiciTransport(options: UndiciOptions = {}): SocketTransport {
  const own = agentOf(options);
  const others = new Map<string, Agent>();

  /** Connections made with one set of TLS options are never used for another. */
  function agentFor({ tls }: HttpRequest): Agent {
    if (tls === undefined) return own;
    const id = JSON.stringify(tls);
    const known = others.get(id);
    const agent = known ?? agentOf({ ...options, ...undiciTls(tls) });
    // the last used is the last in order
    others.delete(id);
    others.set(id, agent);
    const [oldest] = others;
    if (others.size > TLS_AGENTS_MAX && oldest !== undefined) {
      others.delete(oldest[0]);
      // exchanges in flight end in peace; a failure to close concerns nobody
      oldest[1].close().catch(() => {});
    }
    return agent;
  }

  return Object.assign(async (request: HttpRequest) => exchange(agentFor(request), request), {
    close: async () => void (await Promise.all([own, ...others.values()].map((agent) => agent.destroy()))),
  });
}

/** Sets of TLS options whose connections are kept: one for each secured back end. */
const TLS_AGENTS_MAX = 64;

function undiciTls({ ca, certificate, key, serverName }: TlsOptions): UndiciOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

function agentOf(options: UndiciOptions): Agent {
  const { ca, cert, key, isVerified = true, serverName } = options;
  return new Agent({
    connections: CONNECTIONS_PER_HOST,
    // a watch may be silent for as long as it likes: whoever reads it has a timer of his own
    bodyTimeout: 0,
    headersTimeout: options.headersTimeoutMs ?? 60_000,
    connect: {
      timeout: options.connectTimeoutMs ?? 10_000,
      rejectUnauthorized: isVerified,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(serverName === undefined ? {} : { servername: serverName }),
    },
  });
}

/** Far above what one process keeps open to one server; more wait in line. */
const CONNECTIONS_PER_HOST = 512;

/** Faults that happen before the first byte of a request leaves. */
const UNSENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EACCES",
  "EPERM",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_INVALID_ARG",
  "ERR_INVALID_URL",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
]);

async function exchange(agent: Agent, request: HttpRequest): Promise<HttpResponse> {
  try {
    const url = new URL(request.url);
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method as Dispatcher.HttpMethod, // undici passes any token on
      headers: { ...request.headers },
      ...bodyOf(request),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    const { statusCode, body } = response;
    return { status: statusCode, headers: joined(response.headers), body: chunksOf(body, request) };
  } catch (error) {
    throw transportError(request, error);
  }
}

function bodyOf({ body, bodyStream }: HttpRequest): Pick<Dispatcher.RequestOptions, "body"> {
  if (bodyStream !== undefined) return { body: Readable.from(bodyStream) };
  return body === undefined ? {} : { body };
}

function joined(headers: Dispatcher.ResponseData["headers"]): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}

/** The body's chunks; `return` closes the connection even when nothing was read, as a generator's would not. */
function chunksOf(body: Dispatcher.ResponseData["body"], request: HttpRequest): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
      return {
        next: () => chunks.next().catch((error: unknown) => Promise.reject(transportError(request, error))),
        async return() {
          body.on("error", () => {}); // what a body says after it was given up concerns nobody
          body.destroy();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

function transportError(request: HttpRequest, error: unknown): TransportError {
  const message = error instanceof Error ? error.message || error.name : String(error);
  const isSent = !codesOf(error).some((code) => UNSENT.has(code));
  return new TransportError(`${request.method} ${withoutQuery(request.url)}: ${message}`, { isSent, cause: error });
}

/** Codes of the fault, of its cause, and of each address that was tried. */
function codesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  return own.length > 0 ? own : codesOf(error instanceof AggregateError ? error.errors[0] : error.cause);
}

/** Queries may carry secrets. */
function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? url;
}
