import { TransportError } from "../../../platform/transport.js";
import { encodeEvent } from "./json.js";

/** A streamed body that events are pushed into. */
export interface EventStream {
  readonly body: AsyncIterable<Uint8Array>;
  push(event: unknown): void;
  /** Clean end, after what was pushed. */
  end(): void;
  /** The connection breaks: what was not read is lost, the reader sees TransportError. */
  reset(): void;
  isOpen(): boolean;
}

/** More unread events than this break the stream, as a full socket would. */
const UNREAD_EVENTS_MAX = 100_000;

const READ_KEPT_MAX = 100;

/** `onClosed` runs once, when the reader leaves; not when the stream is ended or reset from this side. */
export function eventStream(signal: AbortSignal | undefined, onClosed: () => void): EventStream {
  let unread: Uint8Array[] = [];
  /** So many of them were read; they are let go together, as shifting a long list costs its length each time. */
  let read = 0;
  let state: "open" | "ended" | "reset" | "left" = "open";
  let wake: (() => void) | undefined;

  function leave(): void {
    if (state !== "open") return;
    finish("left");
    onClosed();
  }

  function finish(next: "ended" | "reset" | "left"): void {
    if (state !== "open") return;
    state = next;
    signal?.removeEventListener("abort", leave);
    if (next !== "ended") unread = [];
    wake?.();
  }

  function take(): Uint8Array | undefined {
    const chunk = unread[read];
    if (chunk !== undefined) read++;
    if (read >= READ_KEPT_MAX && 2 * read >= unread.length) {
      unread = unread.slice(read);
      read = 0;
    }
    return chunk;
  }

  async function next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const chunk = take();
      if (chunk !== undefined) return { done: false, value: chunk };
      if (state === "reset") throw new TransportError("aborted", { isSent: true });
      if (state !== "open") return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  function push(event: unknown): void {
    if (state !== "open") return;
    unread.push(encodeEvent(event));
    if (unread.length - read > UNREAD_EVENTS_MAX) leave();
    wake?.();
  }

  signal?.addEventListener("abort", leave, { once: true });
  const body = { [Symbol.asyncIterator]: () => ({ next, return: async () => finished(leave) }) };
  return { body, push, end: () => finish("ended"), reset: () => finish("reset"), isOpen: () => state === "open" };
}

function finished(leave: () => void): IteratorResult<Uint8Array> {
  leave();
  return { done: true, value: undefined };
}
