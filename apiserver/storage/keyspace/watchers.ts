import { Observable, type Subscriber } from "rxjs";
import { CompactedError, type StoreEvent } from "../store.js";
import type { Change } from "./change-log.js";
import type { Keyspace } from "./keyspace.js";
import { isBelow } from "./order.js";

/** Everyone who watches a keyspace; changes reach them in the microtask after `notify`, in the order of subscription. */
export interface Watchers {
  /** Never completes; errors with CompactedError or the error of `close`; replays from the kept history. */
  watch$(prefix: string, afterRevision: number): Observable<StoreEvent>;
  notify(): void;
  close(error: Error): void;
}

interface Watcher {
  readonly prefix: string;
  readonly subscriber: Subscriber<StoreEvent>;
  position: number;
  delivered: number;
}

/** Nobody watches yet. */
export function watchersOf(keyspace: Keyspace): Watchers {
  const watchers = new Set<Watcher>();
  let closed: Error | undefined;
  let isScheduled = false;

  function notify(): void {
    if (isScheduled) return;
    isScheduled = true;
    queueMicrotask(() => {
      isScheduled = false;
      for (const watcher of watchers) deliver(keyspace, watcher);
    });
  }

  function watch$(prefix: string, afterRevision: number): Observable<StoreEvent> {
    return new Observable((subscriber) => {
      if (closed !== undefined) return subscriber.error(closed);
      if (afterRevision < keyspace.log.compactedRevision()) {
        return subscriber.error(new CompactedError(keyspace.log.compactedRevision()));
      }
      const position = keyspace.log.positionAfter(afterRevision);
      const watcher = { prefix, subscriber, position, delivered: afterRevision };
      watchers.add(watcher);
      notify();
      return () => {
        watchers.delete(watcher);
      };
    });
  }

  function close(error: Error): void {
    closed = error;
    for (const watcher of watchers) watcher.subscriber.error(error);
  }

  return { watch$, notify, close };
}

/** What the watcher has not seen, then how far it has seen everything. */
function deliver(keyspace: Keyspace, watcher: Watcher): void {
  const { log } = keyspace;
  const { subscriber, prefix } = watcher;
  while (watcher.position < log.end() && !subscriber.closed) {
    const change = log.at(watcher.position);
    if (change === undefined) {
      subscriber.error(new CompactedError(log.compactedRevision()));
      return;
    }
    watcher.position += 1;
    if (change.revision <= watcher.delivered || !isWatched(change, prefix)) continue;
    watcher.delivered = change.revision;
    subscriber.next(eventOf(change));
  }
  if (watcher.delivered >= keyspace.revision()) return;
  watcher.delivered = keyspace.revision();
  subscriber.next({ type: "progress", revision: watcher.delivered });
}

function isWatched(change: Change, prefix: string): boolean {
  return !prefix.startsWith("_") && isBelow(change.key, prefix);
}

function eventOf({ key, revision, entry, previous }: Change): StoreEvent {
  if (entry !== undefined) return { type: "put", key, value: entry.value, revision, previous: previous?.value };
  // a deletion is only ever decided for a key that stands
  return { type: "delete", key, revision, previous: previous!.value };
}
