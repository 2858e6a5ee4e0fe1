import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { StatusError } from "../../api-types/meta/status-error.js";
import { type Clock, systemClock } from "../../platform/clock.js";
import type { Consul } from "./consul.js";
import { replyTo } from "./dns/packet.js";

/** A DNS server on a UDP and a TCP socket of one address. */
export interface DnsServer {
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 256;
const IDLE_MS = 10_000;
const PORT_ATTEMPTS = 8;

/** Serves the DNS side of a simulated Consul. Rejects, naming the address, when it is in use. */
export async function serveDns(options: {
  readonly consul: Pick<Consul, "answer">;
  readonly host: string;
  readonly port: number;
  /** For closing idle connections; unset: the system's. */
  readonly clock?: Clock;
}): Promise<DnsServer> {
  const { consul, host, clock = systemClock({ unref: true }) } = options;
  for (let attempt = 1; ; attempt += 1) {
    const tcp = serveTcp(consul, clock);
    const udp = serveUdp(consul, host);
    try {
      const port = await listenTcp(tcp, host, options.port);
      await bindUdp(udp, host, port);
      return { port, close: () => closeBoth(tcp, udp) };
    } catch (error) {
      await closeBoth(tcp, udp);
      // with port 0 the port that TCP got may be taken on UDP: another one then
      if (options.port !== 0 || attempt === PORT_ATTEMPTS) throw explain(error, `${host}:${options.port}`);
    }
  }
}

function explain(error: unknown, address: string): StatusError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const problem = code === "EADDRINUSE" ? "is in use by another program" : `cannot be used (${String(code ?? error)})`;
  return new StatusError("ServiceUnavailable", `serving DNS: ${address} ${problem}; choose another with --dns`, {
    cause: error,
  });
}

function serveUdp(consul: Pick<Consul, "answer">, host: string): DatagramSocket {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", (query, peer) => {
    const reply = replyTo(query, consul.answer, "udp");
    if (reply !== undefined) socket.send(reply, peer.port, peer.address);
  });
  return socket;
}

function serveTcp(consul: Pick<Consul, "answer">, clock: Clock): Server {
  const server = createServer((socket) => {
    let pending: Buffer = Buffer.alloc(0);
    let idle = clock.schedule(IDLE_MS, () => socket.destroy());
    socket.on("close", () => idle.cancel());
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      idle.cancel();
      idle = clock.schedule(IDLE_MS, () => socket.destroy());
      pending = answerFrames(socket, Buffer.concat([pending, chunk]), consul);
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

/** Answers every whole message (two bytes of length before each); returns the rest. */
function answerFrames(socket: Socket, received: Buffer, consul: Pick<Consul, "answer">): Buffer {
  let rest = received;
  while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
    const end = 2 + rest.readUInt16BE(0);
    const reply = replyTo(rest.subarray(2, end), consul.answer, "tcp");
    rest = rest.subarray(end);
    if (reply === undefined) {
      socket.destroy();
      return Buffer.alloc(0);
    }
    const length = Buffer.alloc(2);
    length.writeUInt16BE(reply.length);
    socket.write(Buffer.concat([length, reply]));
  }
  return rest;
}

async function listenTcp(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port });
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

async function bindUdp(socket: DatagramSocket, host: string, port: number): Promise<void> {
  socket.bind({ address: host, port });
  await once(socket, "listening");
}

async function closeBoth(tcp: Server, udp: DatagramSocket): Promise<void> {
  // a socket that never came to listen throws on close
  await Promise.all([
    tcp.listening ? new Promise((resolve) => tcp.close(resolve)) : undefined,
    isBound(udp) ? new Promise<void>((resolve) => udp.close(resolve)) : undefined,
  ]);
}

function isBound(socket: DatagramSocket): boolean {
  try {
    socket.address();
    return true;
  } catch {
    return false;
  }
}
