import type { IEvent, IWatchRequest, IWatchResponse } from "etcd3";
import { Observable, type Subscriber } from "rxjs";
import type { Clock, Timer } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import { CompactedError, type StoreEvent } from "../store.js";
import type { EtcdConnection } from "./connection.js";
import { hasSafeProgress } from "./version.js";

export interface EtcdWatchOptions {
  readonly connection: EtcdConnection;
  readonly clock: Clock;
  readonly log: Logger;
  readonly range: { readonly key: Buffer; readonly range_end: Buffer };
  readonly afterRevision: number;
  /** The store's key of a raw one; undefined: not to be told. */
  readonly keyOf: (raw: Buffer) => string | undefined;
  /** Who asks open watches how far they are. */
  readonly laggards: Set<Laggard>;
}

/** An open watch that can be asked to say how far it is. */
export interface Laggard {
  delivered(): number;
  requestProgress(): void;
  fail(error: Error): void;
}

interface RawStream {
  write(request: IWatchRequest): unknown;
  end(): void;
  cancel(): void;
}

const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 5_000;

/**
 * One watch over as many streams as it takes: after a break it goes on from the last revision that was delivered whole.
 * Never completes; errors with CompactedError, or when the store is closed; replays what etcd keeps.
 */
export function watchEtcd$(options: EtcdWatchOptions): Observable<StoreEvent> {
  return new Observable((subscriber) => {
    const session = sessionOf(options, subscriber);
    options.laggards.add(session);
    session.connect();
    return () => {
      options.laggards.delete(session);
      session.stop();
    };
  });
}

function sessionOf(options: EtcdWatchOptions, subscriber: Subscriber<StoreEvent>) {
  const { connection, clock, log, range } = options;
  const feed = feedOf(options, subscriber);
  let stream: RawStream | undefined;
  let timer: Timer | undefined;
  let backoffMs = BACKOFF_MIN_MS;
  let isProgressSafe = false;

  async function open(): Promise<void> {
    // an ordinary read first: it renews a token that a restart made invalid, which a stream never does
    await connection.range({ ...range, limit: 1, keys_only: true });
    isProgressSafe = hasSafeProgress(await connection.version());
    if (subscriber.closed) return;
    const opened = await connection.watch();
    stream = opened;
    const isCurrent = () => stream === opened && !subscriber.closed;
    opened.on("data", (response: IWatchResponse) => isCurrent() && receive(response));
    opened.on("error", (error: Error) => isCurrent() && retry(error.message));
    opened.on("end", () => isCurrent() && retry("the stream ended"));
    if (subscriber.closed) return stop();
    // from the last delivered revision, not the one after: etcd then says for sure whether anything in between is gone
    const start_revision = Math.max(1, feed.delivered());
    opened.write({
      create_request: { ...range, start_revision, prev_kv: true, fragment: true, progress_notify: isProgressSafe },
    });
  }

  function receive(response: IWatchResponse): void {
    if (response.canceled) {
      const compacted = Number(response.compact_revision);
      if (compacted > 0) subscriber.error(new CompactedError(compacted));
      else retry(response.cancel_reason || "etcd cancelled the watch");
      return;
    }
    backoffMs = BACKOFF_MIN_MS;
    feed.take(response, isProgressSafe);
  }

  function retry(reason: string): void {
    stop();
    feed.forgetPart();
    log.warn("etcd watch broke; it goes on from the last delivered revision", { reason, revision: feed.delivered() });
    timer = clock.schedule(backoffMs, connect);
    backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
  }

  function connect(): void {
    open().catch((error: unknown) => {
      if (!subscriber.closed) retry(error instanceof Error ? error.message : String(error));
    });
  }

  function stop(): void {
    timer?.cancel();
    const old = stream;
    stream = undefined;
    // ended before cancelled: else the client takes it for a fault and closes all connections to that server
    old?.end();
    old?.cancel();
  }

  function requestProgress(): void {
    if (isProgressSafe) stream?.write({ progress_request: {} });
  }

  const fail = (error: Error) => subscriber.error(error);
  return { connect, stop, fail, delivered: feed.delivered, requestProgress };
}

/** Puts fragments together, and delivers each revision once and whole. */
function feedOf({ afterRevision, keyOf }: EtcdWatchOptions, subscriber: Subscriber<StoreEvent>) {
  let delivered = afterRevision;
  let part: IEvent[] = [];

  function take(response: IWatchResponse, isProgressSafe: boolean): void {
    part.push(...response.events);
    if (response.fragment || response.created) return;
    const events = part;
    part = [];
    if (events.length === 0 && isProgressSafe) progress(Number(response.header.revision));
    const before = delivered;
    for (const event of events) {
      const revision = Number(event.kv.mod_revision);
      if (revision > before) tell(event, revision);
    }
  }

  function tell(event: IEvent, revision: number): void {
    const key = keyOf(event.kv.key);
    const previous = event.prev_kv && Number(event.prev_kv.mod_revision) > 0 ? own(event.prev_kv.value) : undefined;
    const isCreation = !isDeletion(event) && event.kv.version === "1";
    if (key !== undefined && previous === undefined && !isCreation) {
      // what stood there before was compacted in the meantime
      subscriber.error(new CompactedError(revision));
      return;
    }
    delivered = revision;
    if (key === undefined) return;
    subscriber.next(eventOf(event, { key, revision, previous }));
  }

  function progress(revision: number): void {
    if (revision <= delivered) return;
    delivered = revision;
    subscriber.next({ type: "progress", revision });
  }

  function forgetPart(): void {
    part = [];
  }

  return { take, forgetPart, delivered: () => delivered };
}

function eventOf(
  event: IEvent,
  { key, revision, previous }: { key: string; revision: number; previous: Uint8Array | undefined },
): StoreEvent {
  // a deletion without `previous` was turned into an error before
  if (isDeletion(event)) return { type: "delete", key, revision, previous: previous! };
  return { type: "put", key, revision, value: own(event.kv.value), previous };
}

function isDeletion(event: IEvent): boolean {
  return event.type === "Delete";
}

/** A copy that does not keep a whole response alive. */
function own(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
