import { setMaxListeners } from "node:events";
import { Subscription } from "rxjs";
import type { Clock } from "../../../../platform/clock.js";
import { type HttpResponse, readBody } from "../../../../platform/transport.js";
import { parseEvent } from "../mapping/event.js";
import { recordDecoder } from "../recordio.js";
import type { WireEvent } from "../wire.js";
import type { OpenAnswer } from "./master.js";
import type { Session, SubscriptionOptions } from "./subscription.js";

/** How an attempt ended. `isWelcome` false: the master refused us, so hurry does not help. */
export type Ending =
  | { readonly type: "retry"; readonly reason: string; readonly isWelcome: boolean }
  | { readonly type: "stopped"; readonly reason: string };

/** Silent heartbeats after which the connection counts as dead. */
const HEARTBEATS_MISSED_MAX = 5;
const HEARTBEAT_DEFAULT_SECONDS = 15;
const HEARTBEAT_MAX_SECONDS = 600;

/** The errors after which another attempt would only do harm. */
const STOPPING_ERRORS: ReadonlySet<string> = new Set(["Framework failed over", "Framework has been removed"]);

/** One attempt to subscribe, and the stream that comes of it. */
export interface StreamRun {
  readonly options: SubscriptionOptions;
  readonly abort: AbortController;
  readonly watchdog: SilenceWatch;
  /** The one that was tried; undefined: none was known. */
  master: string | undefined;
  /** Set once subscribed, and kept after the end. */
  session: Session | undefined;
  endReason: string | undefined;
}

/** An attempt that has not begun. */
export function newRun(options: SubscriptionOptions): StreamRun {
  const abort = new AbortController();
  // every call under way listens until it ends
  setMaxListeners(0, abort.signal);
  const run: StreamRun = {
    options,
    abort,
    watchdog: silenceWatch(options.clock, () => end(run, "no heartbeat")),
    master: undefined,
    session: undefined,
    endReason: undefined,
  };
  return run;
}

/** Subscribes at the next master or the leader that it names, and listens until the end. Never rejects. */
export async function runStream(run: StreamRun, signal: AbortSignal): Promise<Ending> {
  const { options, abort, watchdog } = run;
  const moved = new Subscription();
  const onAbort = () => end(run, "closed");
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await options.readAccess();
    const master = await options.masters.next();
    run.master = master;
    moved.add(options.masters.leader$.subscribe((leader) => leader !== master && end(run, `${leader} leads now`)));
    const body = await options.subscribeCall(master, abort.signal);
    const url = new URL("/api/v1/scheduler", master).href;
    return await follow(run, await options.client.open({ url, body }, abort));
  } catch (error) {
    return { type: "retry", reason: run.endReason ?? messageOf(error), isWelcome: true };
  } finally {
    signal.removeEventListener("abort", onAbort);
    moved.unsubscribe();
    watchdog.stop();
    abort.abort();
  }
}

function end(run: StreamRun, reason: string): void {
  run.endReason ??= reason;
  run.abort.abort();
}

async function follow(run: StreamRun, answer: OpenAnswer): Promise<Ending> {
  run.watchdog.start(HEARTBEAT_DEFAULT_SECONDS);
  if (answer.response.status !== 200) return refusalOf(answer.response, run.abort.signal);
  const decoder = recordDecoder();
  for await (const chunk of chunksUntilAbort(answer.response.body, run.abort.signal)) {
    for (const record of decoder.push(chunk)) {
      const ending = run.abort.signal.aborted ? undefined : take(run, record, answer);
      if (ending !== undefined) return ending;
    }
  }
  const reason = decoder.isInsideRecord() ? "the stream ended inside a record" : "the stream ended";
  return { type: "retry", reason: run.endReason ?? reason, isWelcome: true };
}

/** One record; an ending when it is the last that matters. Throws on what is not JSON. */
function take(run: StreamRun, record: Uint8Array, answer: OpenAnswer): Ending | undefined {
  run.watchdog.pet();
  const event = parseEvent(JSON.parse(Buffer.from(record).toString("utf8")));
  if (event === undefined) {
    run.options.log.debug("passed over an unknown record", { bytes: record.length });
    return undefined;
  }
  if (event.type === "ERROR") return endingOf(event.error.message);
  if (event.type === "SUBSCRIBED") return subscribed(run, event, answer);
  if (run.session !== undefined) run.options.listener.onEvent(event);
  return undefined;
}

type Subscribed = Extract<WireEvent, { type: "SUBSCRIBED" }>;

function subscribed(run: StreamRun, event: Subscribed, answer: OpenAnswer): Ending | undefined {
  const streamId = answer.response.headers["mesos-stream-id"];
  if (streamId === undefined) return { type: "retry", reason: "no Mesos-Stream-Id", isWelcome: false };
  run.watchdog.start(heartbeatSeconds(event.subscribed.heartbeat_interval_seconds));
  run.session = {
    url: answer.url,
    streamId,
    frameworkId: event.subscribed.framework_id.value,
    masterId: event.subscribed.master_info?.id ?? "",
    signal: run.abort.signal,
    silentMs: run.watchdog.silentMs,
    invalidate: (reason) => end(run, reason),
  };
  run.options.listener.onSubscribed(run.session);
  return undefined;
}

/** As told, where that is a time in which a lost connection should be noticed. */
function heartbeatSeconds(told: number | undefined): number {
  return told !== undefined && told > 0 && told <= HEARTBEAT_MAX_SECONDS ? told : HEARTBEAT_DEFAULT_SECONDS;
}

async function refusalOf(response: HttpResponse, signal: AbortSignal): Promise<Ending> {
  const { status } = response;
  const body = chunksUntilAbort(response.body, signal);
  const text = Buffer.from(await readBody({ ...response, body }, REFUSAL_BYTES_MAX))
    .toString("utf8")
    .trim();
  const isAboutUs = status === 401 || text.includes("rincipal");
  const advice = isAboutUs ? ": see principal and credentialsSecretRef of the Rack" : "";
  const reason = `SUBSCRIBE was answered ${status} ${text}`.trim() + advice;
  // 4xx: malformed or not allowed, which time rarely heals; 307 and 5xx: not (yet) the leader
  return { type: "retry", reason, isWelcome: status < 400 || status >= 500 };
}

const REFUSAL_BYTES_MAX = 64 * 1024;

function endingOf(message: string): Ending {
  if (STOPPING_ERRORS.has(message)) return { type: "stopped", reason: message };
  return { type: "retry", reason: message, isWelcome: false };
}

/**
 * The chunks of a body; ends quietly at the abort even when the body does not. No promise outlives its chunk: a stream
 * lasts for months.
 */
async function* chunksUntilAbort(body: HttpResponse["body"], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) return yield body;
  const iterator = body[Symbol.asyncIterator]();
  let giveUp = () => {};
  const onAbort = () => giveUp();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const next = await new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
        giveUp = () => resolve(undefined);
        iterator.next().then(resolve, reject);
      });
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // not awaited: a body that hangs must not hold us
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

interface SilenceWatch {
  /** Something was heard. */
  pet(): void;
  start(heartbeatSeconds: number): void;
  stop(): void;
  /** For so long nothing was heard. */
  silentMs(): number;
}

/** Calls `onSilence` once when nothing was heard for five heartbeats. */
function silenceWatch(clock: Clock, onSilence: () => void): SilenceWatch {
  let limitMs = 0;
  let heardAt = 0;
  let timer: { cancel(): void } | undefined;
  const pet = () => {
    heardAt = clock.monotonic();
  };
  // one timer that looks again, not one for every record
  const wait = (delayMs: number) => {
    timer?.cancel();
    timer = clock.schedule(delayMs, () => {
      const restMs = heardAt + limitMs - clock.monotonic();
      if (restMs > 0) wait(restMs);
      else onSilence();
    });
  };
  return {
    pet,
    start(heartbeatSeconds: number) {
      limitMs = heartbeatSeconds * 1000 * HEARTBEATS_MISSED_MAX;
      pet();
      wait(limitMs);
    },
    stop: () => timer?.cancel(),
    silentMs: () => clock.monotonic() - heardAt,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
