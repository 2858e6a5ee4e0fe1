import type { Clock, Timer } from "../../../platform/clock.js";
import type { HttpHandler, HttpResponse } from "../../../platform/transport.js";

/** The operating system's view of one process: what it can be made to suffer. */
export interface ProcessGate {
  /** The process's own clock: its timers die and pause with it, time itself goes on. */
  readonly clock: Clock;
  /** A way out of the process: connections break when it dies, answers wait while it is paused. */
  connect(handler: HttpHandler): HttpHandler;
  /** kill -9: nothing is given back, nothing it had begun goes on. */
  kill(): void;
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT: what came in the meantime is handled in the order it came. */
  resume(): void;
  state(): "running" | "paused" | "dead";
}

/** A process that can be stopped and killed from outside, at any moment. */
export function processGate(clock: Clock): ProcessGate {
  let state: "running" | "paused" | "dead" = "running";
  let waiting: (() => void)[] = [];
  const open = new Set<AbortController>();

  /** Runs now, at `resume`, or never. */
  function enter(run: () => void): void {
    if (state === "running") run();
    else if (state === "paused") waiting.push(run);
  }

  /** Resolves as `promise` does, while the process lives. */
  function inside<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => enter(() => resolve(value)),
        (error: unknown) => enter(() => reject(error)),
      );
    });
  }

  return {
    clock: {
      now: clock.now,
      monotonic: clock.monotonic,
      schedule: (delayMs, run) => gatedTimer(clock, enter, { delayMs, run }),
    },
    connect: (handler) => async (request) => {
      const abort = new AbortController();
      const hangUp = () => abort.abort();
      open.add(abort);
      request.signal?.addEventListener("abort", hangUp, { once: true });
      if (request.signal?.aborted) hangUp();
      const close = () => {
        open.delete(abort);
        request.signal?.removeEventListener("abort", hangUp);
      };
      if (state !== "running") await inside(Promise.resolve());
      try {
        const response = await inside(handler({ ...request, signal: abort.signal }));
        if (response.body instanceof Uint8Array) {
          close();
          return response;
        }
        return { ...response, body: gatedBody(response.body, inside, close) };
      } catch (error) {
        close();
        throw error;
      }
    },
    kill() {
      state = "dead";
      waiting = [];
      for (const abort of [...open]) abort.abort();
      open.clear();
    },
    pause() {
      if (state === "running") state = "paused";
    },
    resume() {
      if (state !== "paused") return;
      state = "running";
      const runs = waiting;
      waiting = [];
      for (const run of runs) run();
    },
    state: () => state,
  };
}

function gatedTimer(
  clock: Clock,
  enter: (fire: () => void) => void,
  { delayMs, run }: { readonly delayMs: number; readonly run: () => void },
): Timer {
  let isCancelled = false;
  const timer = clock.schedule(delayMs, () =>
    enter(() => {
      if (!isCancelled) run();
    }),
  );
  return {
    cancel() {
      isCancelled = true;
      timer.cancel();
    },
  };
}

function gatedBody(
  body: Exclude<HttpResponse["body"], Uint8Array>,
  inside: <T>(promise: Promise<T>) => Promise<T>,
  close: () => void,
): AsyncIterable<Uint8Array> {
  const inner = body[Symbol.asyncIterator]();
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      const result = await inside(inner.next());
      if (result.done) close();
      return result;
    },
    async return() {
      close();
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
