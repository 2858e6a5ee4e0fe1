import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../../../platform/clock.js";
import { ListenError } from "../../../../platform/http-server.js";
import { askOverSockets } from "./ask.js";
import {
  addressText,
  type MessageHandler,
  type MessageListener,
  type MessageNetwork,
  type SocketAddress,
} from "./message-network.js";
import { serveStream } from "./stream.js";

/** Connections at one time on one address; further ones are closed at once. */
const CONNECTIONS_MAX = 256;
/** Datagrams of one address that are being answered; further ones are dropped, as a full network would. */
const DATAGRAMS_MAX = 4096;

/** Messages over the sockets of this process; `clock` ends what is idle. */
export function socketMessages(clock: Clock): MessageNetwork {
  return {
    listen: (address, handler) => listen(address, handler, clock),
    ask: (request) => askOverSockets(request, clock),
  };
}

async function listen(address: SocketAddress, handler: MessageHandler, clock: Clock): Promise<MessageListener> {
  const streams = new Set<Socket>();
  const tcp = createServer({ allowHalfOpen: true }, (socket) => {
    streams.add(socket);
    socket.once("close", () => streams.delete(socket));
    serveStream(socket, handler, clock);
  });
  tcp.maxConnections = CONNECTIONS_MAX;
  const udp = createSocket("udp4");
  udp.on("message", datagramServer(udp, handler));
  const close = async () => {
    for (const socket of streams) socket.destroy();
    await Promise.all([closeTcp(tcp), closeUdp(udp)]);
  };
  try {
    tcp.listen({ ...address });
    await once(tcp, "listening");
    udp.bind({ address: address.host, port: address.port });
    await once(udp, "listening");
  } catch (error) {
    await close();
    throw listenError(address, error);
  }
  // what goes wrong with one datagram or one connection is not the end of the others
  tcp.on("error", () => {});
  udp.on("error", () => {});
  return { close };
}

function listenError(address: SocketAddress, cause: unknown): ListenError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "UNKNOWN";
  return new ListenError(`${addressText(address)} ${PROBLEMS[code] ?? `cannot be listened on (${code})`}`, {
    code,
    cause,
  });
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another program or Rack",
  EACCES: "may not be listened on by this user",
  EADDRNOTAVAIL: "is no address of this machine",
};

function datagramServer(udp: DatagramSocket, handler: MessageHandler) {
  let open = 0;
  return (message: Uint8Array, { address, port }: RemoteInfo) => {
    if (open >= DATAGRAMS_MAX) return;
    open += 1;
    void firstOf(handler(message, { address, transport: "udp" })).then((answer) => {
      open -= 1;
      if (answer !== undefined && isBound(udp)) udp.send(answer, port, address, () => {});
    });
  };
}

async function firstOf(answers: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  for await (const answer of answers) return answer;
  return undefined;
}

async function closeTcp(tcp: Server): Promise<void> {
  if (!tcp.listening) return;
  await new Promise((resolve) => tcp.close(resolve));
}

async function closeUdp(udp: DatagramSocket): Promise<void> {
  if (!isBound(udp)) return;
  await new Promise<void>((resolve) => udp.close(resolve));
}

/** A socket that never came to listen, or is closed, has no address and must not be closed. */
function isBound(udp: DatagramSocket): boolean {
  try {
    udp.address();
    return true;
  } catch {
    return false;
  }
}
