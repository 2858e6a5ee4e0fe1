import { createConnection } from "node:net";
import type { HostPort } from "./address.js";

/** An open byte stream in both directions. */
export interface ByteSocket {
  write(bytes: Uint8Array): void;
  /** What comes, in order; ends when the other side closes, throws when the connection breaks. To be read once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): void;
}

/** Opens a byte stream; rejects when that fails or `signal` aborts. */
export type ConnectSocket = (server: HostPort, signal: AbortSignal) => Promise<ByteSocket>;

/** TCP. */
export const connectTcp: ConnectSocket = ({ host, port }, signal) =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, signal });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      // a fault ends the reader of the chunks; without one it concerns nobody
      socket.on("error", () => {});
      socket.setNoDelay(true);
      resolve({ write: (bytes) => void socket.write(bytes), chunks: socket, close: () => socket.destroySoon() });
    });
  });
