import { once } from "node:events";
import type { Socket } from "node:net";
import type { Clock } from "../../../../platform/clock.js";
import type { MessageHandler } from "./message-network.js";

/** A connection that says or takes nothing for so long is closed. */
const IDLE_MS = 10_000;
/** Questions are short; who sends more than this at once means something else. */
const MESSAGE_BYTES_MAX = 4096;
const LENGTH_BYTES = 2;

/** Answers the messages of one connection, one after the other, as fast as the peer reads. */
export function serveStream(socket: Socket, handler: MessageHandler, clock: Clock): void {
  const end = () => socket.destroy();
  let idle = clock.schedule(IDLE_MS, end);
  const touch = () => {
    idle.cancel();
    idle = clock.schedule(IDLE_MS, end);
  };
  socket.on("error", end);
  socket.on("drain", touch);
  socket.once("close", () => idle.cancel());
  // what was answered is still sent to a peer that asks no more
  void answerAll(socket, handler, { touch, clock }).then(() => socket.end(), end);
}

async function answerAll(
  socket: Socket,
  handler: MessageHandler,
  { touch, clock }: { readonly touch: () => void; readonly clock: Clock },
): Promise<void> {
  const peer = { address: socket.remoteAddress ?? "", transport: "tcp" } as const;
  for await (const message of messagesOf(socket)) {
    touch();
    for await (const answer of handler(message, peer)) {
      if (socket.destroyed) return;
      if (!socket.write(framed(answer))) await drained(socket);
      await clock.breathe?.();
    }
  }
}

/** The whole messages of a stream, until it ends or sends one that is too long. */
async function* messagesOf(socket: Socket): AsyncGenerator<Uint8Array> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= LENGTH_BYTES) {
      const length = pending.readUInt16BE(0);
      if (length > MESSAGE_BYTES_MAX) return;
      if (pending.length < LENGTH_BYTES + length) break;
      yield pending.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
      pending = pending.subarray(LENGTH_BYTES + length);
    }
  }
}

/** A message behind the two bytes of its length. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(LENGTH_BYTES + message.length);
  frame.writeUInt16BE(message.length);
  frame.set(message, LENGTH_BYTES);
  return frame;
}

async function drained(socket: Socket): Promise<void> {
  const closed = new AbortController();
  const stop = () => closed.abort();
  socket.once("close", stop);
  // a peer that goes away reads no more: the loop ends then
  await once(socket, "drain", { signal: closed.signal }).catch(() => {});
  socket.removeListener("close", stop);
}
