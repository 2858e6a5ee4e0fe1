import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import type { ApiHandler } from "./contract.js";
import { type Incoming, type Outgoing, serveExchange } from "./listener-exchange.js";

/** What a listener needs; certificates are PEM. */
export interface ListenerOptions {
  readonly handle: ApiHandler;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly key: string;
  readonly certificate: string;
  /** Signs the clients that are believed. */
  readonly clientAuthority: string;
  readonly log: Logger;
  /** With it, closing gives up on clients that do not let go. */
  readonly clock?: Clock;
}

/** A bound listener. */
export interface Listener {
  /** `https://host:port`. */
  readonly url: string;
  /** Takes renewed certificates for new connections; open watches go on. */
  renew(certificates: Pick<ListenerOptions, "key" | "certificate" | "clientAuthority">): void;
  /** Ends idle connections at once and the others after what they are doing; call after the server's `close`. */
  close(): Promise<void>;
}

/** Beyond the 90 s for which Go clients keep idle connections, so that they never reuse a closed one. */
const KEEP_ALIVE_MS = 180_000;
const STREAMS_MAX = 2000;

/** Serves a handler over HTTPS, HTTP/2 and HTTP/1.1; callers are known by their client certificates. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const server = createSecureServer(
    {
      key: options.key,
      cert: options.certificate,
      ca: options.clientAuthority,
      allowHTTP1: true,
      requestCert: true,
      // callers without a certificate get a 401, in words, and probes need none
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      settings: { maxConcurrentStreams: STREAMS_MAX },
    },
    // the compatibility API of HTTP/2 has the same shape for both protocols
    (request, response) => void serveExchange(options, request as Incoming, response as Outgoing),
  );
  configure(server);
  track(server, { sockets, sessions });
  server.on("sessionError", (error) => options.log.debug("client connection failed", { error: String(error) }));
  server.on("tlsClientError", (error) => options.log.debug("TLS handshake failed", { error: String(error) }));
  await bind(server, options);
  return {
    url: urlOf(server, options.host),
    renew: ({ key, certificate, clientAuthority }) =>
      server.setSecureContext({ key, cert: certificate, ca: clientAuthority, minVersion: "TLSv1.2" }),
    close: () => closeAll(server, { sockets, sessions }, options.clock),
  };
}

function configure(server: Http2SecureServer): void {
  // the HTTP/1.1 side of the server takes these as a plain HTTPS server does
  Object.assign(server, { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: KEEP_ALIVE_MS, requestTimeout: 0 });
}

interface Connections {
  readonly sockets: Set<Socket>;
  readonly sessions: Set<ServerHttp2Session>;
}

function track(server: Http2SecureServer, { sockets, sessions }: Connections): void {
  server.on("secureConnection", (socket: TLSSocket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once("close", () => sockets.delete(socket));
    // a connection that breaks is its client's matter
    socket.on("error", () => {});
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
}

function bind(server: Http2SecureServer, { host, port }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(bindFault(error, `${host}:${port}`)));
    server.listen(port, host, () => resolve());
  });
}

function bindFault(error: NodeJS.ErrnoException, address: string): StatusError {
  const why = BIND_FAULTS[error.code ?? ""] ?? `${error.message}: check the address`;
  return new StatusError("ServiceUnavailable", `listening on ${address}: ${why}`, { cause: error });
}

const BIND_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use by another process: stop it or choose another port",
  EACCES: "the port needs more rights: choose one above 1024",
  EADDRNOTAVAIL: "this machine does not have the address: choose one of its own, such as 127.0.0.1",
};

function urlOf(server: Http2SecureServer, host: string): string {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** How long clients may take to let go of their connections. */
const CLOSE_WAIT_MS = 3000;

/** Watches have ended by now: what is left are answers being sent, which get a moment, and idle connections. */
function closeAll(server: Http2SecureServer, connections: Connections, clock: Clock | undefined): Promise<void> {
  const { sockets, sessions } = connections;
  return new Promise((resolve) => {
    const timer = clock?.schedule(CLOSE_WAIT_MS, () => {
      for (const socket of sockets) socket.destroy();
    });
    server.close(() => {
      timer?.cancel();
      resolve();
    });
    for (const session of sessions) session.close();
    // HTTP/1.1 connections have no session; ending sends what is queued first
    for (const socket of sockets) if (!hasSession(sessions, socket)) socket.end();
  });
}

function hasSession(sessions: ReadonlySet<ServerHttp2Session>, socket: Socket): boolean {
  for (const session of sessions) {
    if (
      !session.destroyed &&
      session.socket.remotePort === socket.remotePort &&
      session.socket.remoteAddress === socket.remoteAddress
    )
      return true;
  }
  return false;
}
