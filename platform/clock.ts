import { Observable } from "rxjs";

/** A pending call; `cancel` is idempotent and safe after the call ran. */
export interface Timer {
  cancel(): void;
}

/** Time as everything in this tree sees it: injected, so that a simulation can hold it still. */
export interface Clock {
  /** Wall time in milliseconds since the epoch: for display and stored timestamps only, it may jump. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary start: for every duration. */
  monotonic(): number;
  /** Runs `run` once, `delayMs` from now. An exception in `run` is the caller's bug and reaches the process. */
  schedule(delayMs: number, run: () => void): Timer;
  /**
   * To be awaited between two pieces of work: resolves in a later turn of the event loop when this one lasts too long
   * already; undefined: go on. Absent where time stands still while somebody works.
   */
  breathe?(): Promise<void> | undefined;
}

/** The clock of the operating system. Timers do not keep the process alive when `unref` is set. */
export function systemClock(options: { readonly unref?: boolean } = {}): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    schedule(delayMs, run) {
      const handle = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS));
      if (options.unref) handle.unref();
      return { cancel: () => clearTimeout(handle) };
    },
    breathe: breathing(),
  };
}

/**
 * A turn of the event loop may work so long before others get their chance. With the last piece of work it stays below
 * 20 ms; shorter turns cost more, because less of what changes is looked at together.
 */
const TURN_MS = 8;

/**
 * Promises that follow each other keep timers and sockets waiting: this tells when they must be let in between. Those who
 * wait go on one after the other, as many as fit into a turn: all of them at once would be the next long one.
 */
function breathing(): () => Promise<void> | undefined {
  let since: number | undefined;
  let waiting: (() => void)[] = [];
  let isDue = false;

  function begin(): number {
    since = performance.now();
    setImmediate(() => {
      since = undefined;
    });
    return since;
  }

  function schedule(): void {
    if (!isDue) setImmediate(goOn);
    isDue = true;
  }

  async function goOn(): Promise<void> {
    isDue = false;
    const begunAt = begin();
    const due = waiting;
    waiting = [];
    let next = 0;
    for (let resume = due[next]; resume !== undefined; resume = due[++next]) {
      if (performance.now() - begunAt >= TURN_MS) break;
      resume();
      // whoever goes on works first
      await undefined;
    }
    waiting = [...due.slice(next), ...waiting];
    if (waiting.length > 0) schedule();
  }

  return () => {
    if (performance.now() - (since ?? begin()) < TURN_MS) return undefined;
    return new Promise((resolve) => {
      waiting.push(resolve);
      schedule();
    });
  };
}

/** Node's timers overflow to 1 ms above this: longer waits are cut to it. */
const MAX_DELAY_MS = 2_147_483_647;

/** Resolves after `delayMs`, or at once when `signal` aborts; never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      timer.cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = clock.schedule(delayMs, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}

/** Emits once after `delayMs` and completes; cannot error; does not replay. */
export function after$(clock: Clock, delayMs: number): Observable<void> {
  return new Observable((subscriber) => {
    const timer = clock.schedule(delayMs, () => {
      subscriber.next();
      subscriber.complete();
    });
    return () => timer.cancel();
  });
}

/** Emits every `periodMs`, first after one period; never completes, cannot error, does not replay. */
export function every$(clock: Clock, periodMs: number): Observable<void> {
  return new Observable((subscriber) => {
    let timer: Timer;
    const arm = () => {
      timer = clock.schedule(periodMs, () => {
        arm();
        subscriber.next();
      });
    };
    arm();
    return () => timer.cancel();
  });
}
