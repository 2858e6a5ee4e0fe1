import { type Clock, sleep } from "../../../../platform/clock.js";
import type { Logger } from "../../../../platform/log.js";
import type { Random } from "../../../../platform/random.js";
import { type HttpResponse, readBody } from "../../../../platform/transport.js";
import { parseEvent } from "../mapping/event.js";
import { recordDecoder } from "../recordio.js";
import type { WireEvent, WireSubscribe } from "../wire.js";
import type { MasterClient, OpenAnswer } from "./master.js";

/** One accepted subscription: everything sent or read belongs to it until `signal` aborts. */
export interface Session {
  /** The scheduler endpoint of the master that leads. */
  readonly url: string;
  readonly streamId: string;
  readonly frameworkId: string;
  readonly masterId: string;
  readonly signal: AbortSignal;
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
  readonly masters: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly listener: SubscriptionListener;
  /** Prepares the call for one attempt at this master; may reject, which counts as a failed attempt. */
  subscribeCall(master: string, signal: AbortSignal): Promise<WireSubscribe>;
}

/** How an attempt ended. `isWelcome` false: the master refused us, so hurry does not help. */
type Ending =
  | { readonly type: "retry"; readonly reason: string; readonly isWelcome: boolean }
  | { readonly type: "stopped"; readonly reason: string };

const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 15_000;

/** Silent heartbeats after which the connection counts as dead. */
const HEARTBEATS_MISSED_MAX = 5;
const HEARTBEAT_DEFAULT_SECONDS = 15;

/** The errors after which another attempt would only do harm. */
const STOPPING_ERRORS: ReadonlySet<string> = new Set(["Framework failed over", "Framework has been removed"]);

/** Keeps one stream open, over all masters in turn, until `signal` aborts or a master says to stop. Never rejects. */
export async function runSubscription(options: SubscriptionOptions, signal: AbortSignal): Promise<void> {
  const { masters, clock, random, log, listener } = options;
  let failures = 0;
  for (let turn = 0; !signal.aborted; turn++) {
    const master = masters[turn % masters.length] ?? "";
    const run = streamRun(options, signal);
    const ending = await run.run(master);
    if (signal.aborted) return;
    if (ending.type === "stopped") return listener.onStopped(ending.reason);
    failures = run.wasSubscribed() ? 0 : failures + 1;
    log.warn("lost the subscription", { master, reason: ending.reason });
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

function streamRun(options: SubscriptionOptions, signal: AbortSignal) {
  const { client, clock, log, listener } = options;
  const abort = new AbortController();
  const watchdog = silenceWatch(clock, () => end("no heartbeat"));
  let session: Session | undefined;
  let endReason: string | undefined;

  function end(reason: string): void {
    endReason ??= reason;
    abort.abort();
  }

  async function run(master: string): Promise<Ending> {
    const onAbort = () => end("closed");
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const body = await options.subscribeCall(master, abort.signal);
      const answer = await client.open({ url: new URL("/api/v1/scheduler", master).href, body }, abort);
      return await follow(answer);
    } catch (error) {
      return { type: "retry", reason: endReason ?? messageOf(error), isWelcome: true };
    } finally {
      signal.removeEventListener("abort", onAbort);
      watchdog.stop();
      abort.abort();
    }
  }

  async function follow(answer: OpenAnswer): Promise<Ending> {
    const refusal = await refusalOf(answer.response);
    if (refusal !== undefined) return refusal;
    const decoder = recordDecoder();
    watchdog.start(HEARTBEAT_DEFAULT_SECONDS);
    for await (const chunk of chunksUntilAbort(answer.response.body, abort.signal)) {
      for (const record of decoder.push(chunk)) {
        const ending = take(record, answer);
        if (ending !== undefined) return ending;
        if (abort.signal.aborted) break;
      }
    }
    const reason = decoder.isInsideRecord() ? "the stream ended inside a record" : "the stream ended";
    return { type: "retry", reason: endReason ?? reason, isWelcome: true };
  }

  /** One record; an ending when it is the last that matters. Throws on what is not JSON. */
  function take(record: Uint8Array, answer: OpenAnswer): Ending | undefined {
    watchdog.pet();
    const event = parseEvent(JSON.parse(Buffer.from(record).toString("utf8")));
    if (event === undefined) {
      log.debug("passed over an unknown record", { bytes: record.length });
      return undefined;
    }
    if (event.type === "ERROR") return endingOf(event.error.message);
    if (event.type === "SUBSCRIBED") return subscribed(event, answer);
    if (session !== undefined) listener.onEvent(event);
    return undefined;
  }

  function subscribed(event: Extract<WireEvent, { type: "SUBSCRIBED" }>, answer: OpenAnswer): Ending | undefined {
    const streamId = answer.response.headers["mesos-stream-id"];
    if (streamId === undefined) return { type: "retry", reason: "no Mesos-Stream-Id", isWelcome: false };
    watchdog.start(event.subscribed.heartbeat_interval_seconds ?? HEARTBEAT_DEFAULT_SECONDS);
    session = {
      url: answer.url,
      streamId,
      frameworkId: event.subscribed.framework_id.value,
      masterId: event.subscribed.master_info?.id ?? "",
      signal: abort.signal,
      invalidate: end,
    };
    listener.onSubscribed(session);
    return undefined;
  }

  return { run, wasSubscribed: () => session !== undefined };
}

/** Undefined: the body is a stream. */
async function refusalOf(response: HttpResponse): Promise<Ending | undefined> {
  const { status } = response;
  if (status === 200) return undefined;
  const text = Buffer.from(await readBody(response, REFUSAL_BYTES_MAX))
    .toString("utf8")
    .trim();
  const reason = `SUBSCRIBE was answered ${status} ${text}`.trim();
  // 4xx: malformed or not allowed, which time rarely heals; 307 and 5xx: not (yet) the leader
  return { type: "retry", reason, isWelcome: status < 400 || status >= 500 };
}

const REFUSAL_BYTES_MAX = 64 * 1024;

function endingOf(message: string): Ending {
  if (STOPPING_ERRORS.has(message)) return { type: "stopped", reason: message };
  return { type: "retry", reason: message, isWelcome: false };
}

/** The chunks of a body; ends quietly at the abort even when the body does not. */
async function* chunksUntilAbort(body: HttpResponse["body"], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) return yield body;
  const iterator = body[Symbol.asyncIterator]();
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    // not awaited: a body that hangs must not hold us
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** Calls `onSilence` once when nothing was heard for five heartbeats. */
function silenceWatch(clock: Clock, onSilence: () => void) {
  let limitMs = 0;
  let timer: { cancel(): void } | undefined;
  const pet = () => {
    timer?.cancel();
    timer = clock.schedule(limitMs, onSilence);
  };
  return {
    pet,
    start(heartbeatSeconds: number) {
      limitMs = heartbeatSeconds * 1000 * HEARTBEATS_MISSED_MAX;
      pet();
    },
    stop: () => timer?.cancel(),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
