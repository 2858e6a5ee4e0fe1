import { type Clock, sleep } from "../../../../platform/clock.js";
import type { Logger } from "../../../../platform/log.js";
import type { Random } from "../../../../platform/random.js";
import type { WireEvent, WireSubscribe } from "../wire.js";
import type { MasterClient } from "./master.js";
import type { MasterSource } from "./masters.js";
import { newRun, runStream } from "./stream-run.js";

/** One accepted subscription: everything sent or read belongs to it until `signal` aborts. */
export interface Session {
  /** The scheduler endpoint of the master that leads. */
  readonly url: string;
  readonly streamId: string;
  readonly frameworkId: string;
  readonly masterId: string;
  readonly signal: AbortSignal;
  /** How long nothing was heard on its stream. */
  silentMs(): number;
  /** Ends it because the master disowns it; a new one follows. */
  invalidate(reason: string): void;
}

/** What the subscription tells. All are called in the order of the stream. */
export interface SubscriptionListener {
  onSubscribed(session: Session): void;
  onEvent(event: WireEvent): void;
  /** Not subscribed (any more); another attempt follows. */
  onDisconnected(reason: string): void;
  /** No attempt follows. */
  onStopped(reason: string): void;
}

/** What the subscription needs. */
export interface SubscriptionOptions {
  readonly client: MasterClient;
  readonly masters: MasterSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly listener: SubscriptionListener;
  /** Reads anew how masters know us; may reject, which counts as a failed attempt. */
  readAccess(): Promise<void>;
  /** Prepares the call for one attempt at this master; may reject, which counts as a failed attempt. */
  subscribeCall(master: string, signal: AbortSignal): Promise<WireSubscribe>;
}

const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 15_000;

/** Keeps one stream open, asking for a master before each attempt, until `signal` aborts or a master says to stop. Never rejects. */
export async function runSubscription(options: SubscriptionOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, log, listener } = options;
  let failures = 0;
  while (!signal.aborted) {
    const run = newRun(options);
    const began = clock.monotonic();
    const ending = await runStream(run, signal);
    if (signal.aborted) return;
    if (ending.type === "stopped") return listener.onStopped(ending.reason);
    const hasHeld = run.session !== undefined && clock.monotonic() - began >= BACKOFF_MAX_MS;
    failures = hasHeld ? 0 : failures + 1;
    log.warn("lost the subscription", { master: run.master, reason: ending.reason });
    listener.onDisconnected(ending.reason);
    await sleep(clock, backoffMs(ending.isWelcome ? failures : BACKOFF_STEPS_MAX, random), signal);
  }
}

const BACKOFF_STEPS_MAX = 10;

/** Full jitter above a floor. */
function backoffMs(failures: number, random: Random): number {
  const limit = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(failures + 1, BACKOFF_STEPS_MAX));
  return BACKOFF_MIN_MS + random.next() * (limit - BACKOFF_MIN_MS);
}
