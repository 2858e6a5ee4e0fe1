import { createSocket } from "node:dgram";
import { createConnection } from "node:net";
import type { Clock } from "../../../../platform/clock.js";
import { TransportError } from "../../../../platform/transport.js";
import { addressText, type MessageRequest } from "./message-network.js";
import { framed } from "./stream.js";

/** Asks one server over a socket of its own, from a port that the system draws. Rejects with TransportError. */
export function askOverSockets(request: MessageRequest, clock: Clock): Promise<Uint8Array> {
  return request.transport === "udp" ? askDatagram(request, clock) : askStream(request, clock);
}

function askDatagram(request: MessageRequest, clock: Clock): Promise<Uint8Array> {
  return settled(request, clock, ({ answered, failed }) => {
    const socket = createSocket("udp4");
    socket.on("error", failed);
    socket.on("message", (message) => {
      if (request.isAnswer(message)) answered(message);
    });
    // connected: the system drops what others send
    socket.connect(request.server.port, request.server.host, () => socket.send(request.message));
    return () => socket.close();
  });
}

function askStream(request: MessageRequest, clock: Clock): Promise<Uint8Array> {
  return settled(request, clock, ({ answered, failed }) => {
    const socket = createConnection({ ...request.server });
    let received: Buffer = Buffer.alloc(0);
    socket.on("error", failed);
    socket.on("close", () => failed(new Error("the connection was closed")));
    socket.on("connect", () => socket.write(framed(request.message)));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      if (request.isAnswer(message)) answered(message);
      else failed(new Error("it answered another question"));
    });
    return () => socket.destroy();
  });
}

interface Exchange {
  readonly answered: (message: Uint8Array) => void;
  readonly failed: (error: Error) => void;
}

/** Runs one exchange until it is answered, has failed or took too long; its socket is closed in any case. */
function settled(
  { server, timeoutMs }: MessageRequest,
  clock: Clock,
  open: (exchange: Exchange) => () => void,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const settle = (finish: () => void) => {
      if (isSettled) return;
      isSettled = true;
      timer.cancel();
      // a socket that failed while it was being opened is closed when that returns
      queueMicrotask(() => close());
      finish();
    };
    const failed = (cause: Error) =>
      settle(() =>
        reject(new TransportError(`asking ${addressText(server)}: ${cause.message}`, { isSent: true, cause })),
      );
    const timer = clock.schedule(timeoutMs, () => failed(new Error(`no answer within ${timeoutMs} ms`)));
    const close = open({ answered: (message) => settle(() => resolve(message)), failed });
  });
}
