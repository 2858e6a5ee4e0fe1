import { createConnection } from "node:net";
import type { Clock } from "./clock.js";
import { TransportError } from "./transport.js";

/** One question over a socket: a connection of its own, one line out, everything that comes back until the other side closes. */
export type AskLine = (address: string, line: string, signal?: AbortSignal) => Promise<string>;

export interface LineSocketOptions {
  readonly clock: Clock;
  /** From the start of the connection to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Longer answers are refused. */
  readonly bytesMax: number;
}

/**
 * Asks over sockets; an address is `/path` of a Unix socket, or `host:port`. Rejects only with TransportError, `isSent` as
 * soon as the connection stands. No connection outlives its answer or its time.
 */
export function lineSocket({ clock, timeoutMs, bytesMax }: LineSocketOptions): AskLine {
  return (address, line, signal) =>
    new Promise((resolve, reject) => {
      const socket = createConnection(targetOf(address));
      const chunks: Buffer[] = [];
      let size = 0;
      let isSent = false;
      const finish = () => {
        timer.cancel();
        signal?.removeEventListener("abort", onAbort);
        socket.destroy();
      };
      const fail = (why: string, cause?: unknown) => {
        finish();
        reject(new TransportError(`asking ${address}: ${why}`, { isSent, cause }));
      };
      const onAbort = () => fail("aborted");
      const timer = clock.schedule(timeoutMs, () => fail(`no answer in ${timeoutMs} ms`));
      signal?.addEventListener("abort", onAbort, { once: true });
      socket.on("error", (error) => fail(error.message, error));
      socket.on("connect", () => {
        isSent = true;
        // who serves many lines knows by the end of ours that it was the last one
        socket.end(`${line}\n`);
      });
      socket.on("data", (chunk) => {
        size += chunk.length;
        if (size > bytesMax) return fail(`the answer is longer than ${bytesMax} bytes`);
        chunks.push(chunk);
      });
      socket.on("end", () => {
        finish();
        resolve(Buffer.concat(chunks).toString("utf8"));
      });
      if (signal?.aborted) onAbort();
    });
}

function targetOf(address: string): { readonly path: string } | { readonly host: string; readonly port: number } {
  if (address.startsWith("/")) return { path: address };
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}
