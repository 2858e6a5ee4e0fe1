/** What a watcher that reads slower than the changes come may leave unread, in bytes and in events. */
const QUEUE_BYTES_MAX = 8 * 1024 * 1024;
const QUEUE_EVENTS_MAX = 20_000;
/** Initial state is handed out in chunks of about this size. */
const CHUNK_BYTES = 64 * 1024;

/** A stream of lines between one producer and one reader. */
export interface WatchQueue {
  /** Adds a line; when the reader is too slow the stream ends instead, and its client resumes from its last version. */
  push(line: Uint8Array): void;
  /** Ends the stream after what is queued. */
  end(): void;
  readonly body: AsyncIterable<Uint8Array>;
}

/** `initial` is read lazily before the queue and not bounded by it; `onEnd` is called once, when nobody reads any more. */
export function watchQueue(initial: Iterator<Uint8Array>, onEnd: () => void): WatchQueue {
  let queued: Uint8Array[] = [];
  let queuedBytes = 0;
  let isInitialDone = false;
  let isEnded = false;
  let waiting: ((result: IteratorResult<Uint8Array>) => void) | undefined;

  function end(): void {
    if (isEnded) return;
    isEnded = true;
    onEnd();
    wake();
  }

  function take(): Uint8Array | undefined {
    if (!isInitialDone) {
      const chunk = initialChunk(initial);
      if (chunk !== undefined) return chunk;
      isInitialDone = true;
    }
    if (queued.length === 0) return undefined;
    const chunk = queued.length === 1 ? queued[0] : Buffer.concat(queued);
    queued = [];
    queuedBytes = 0;
    return chunk;
  }

  function wake(): void {
    if (waiting === undefined) return;
    const chunk = take();
    if (chunk === undefined && !isEnded) return;
    const resolve = waiting;
    waiting = undefined;
    resolve(chunk === undefined ? DONE : { done: false, value: chunk });
  }

  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      const chunk = take();
      if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk });
      if (isEnded) return Promise.resolve(DONE);
      return new Promise((resolve) => {
        waiting = resolve;
      });
    },
    return() {
      queued = [];
      isInitialDone = true;
      end();
      return Promise.resolve(DONE);
    },
  };

  return {
    push(line) {
      if (isEnded) return;
      queued.push(line);
      queuedBytes += line.length;
      if (queuedBytes > QUEUE_BYTES_MAX || queued.length > QUEUE_EVENTS_MAX) return end();
      wake();
    },
    end,
    body: { [Symbol.asyncIterator]: () => iterator },
  };
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

function initialChunk(initial: Iterator<Uint8Array>): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < CHUNK_BYTES) {
    const next = initial.next();
    if (next.done) break;
    parts.push(next.value);
    bytes += next.value.length;
  }
  return parts.length === 0 ? undefined : Buffer.concat(parts);
}
