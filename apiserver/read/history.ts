import type { Timer } from "../../platform/clock.js";
import { LEASE_PREFIX } from "../built-in/lease-term.js";
import type { StoreEvent } from "../storage/store.js";
import { decodeStored } from "./cache/decode.js";
import type { Change } from "./cache/resource-cache.js";
import type { ApiContext } from "./context.js";
import type { Resource } from "./resource.js";

/** Changes that the caches have forgotten, complete up to `revision`. */
export interface Past {
  readonly changes: readonly Change[];
  readonly revision: number;
}

/** A watch that resumes further back than this lists again, which is cheaper. */
const CHANGES_MAX = 5000;
const WAIT_MS = 1000;

/**
 * What happened to a resource after a revision that its cache no longer remembers, read from the store's history, so
 * that watchers survive a restart of the server. Undefined when the history does not reach back, or not in time.
 */
export function pastChanges(context: ApiContext, resource: Resource, afterRevision: number): Promise<Past | undefined> {
  // the terms of past Leases are not in their history
  if (resource.prefix === LEASE_PREFIX) return Promise.resolve(undefined);
  const target = context.feed.revision();
  const changes: Change[] = [];
  return new Promise((resolve) => {
    let timer: Timer | undefined;
    let isFinished = false;
    const finish = (past: Past | undefined) => {
      isFinished = true;
      timer?.cancel();
      subscription.unsubscribe();
      resolve(past);
    };
    const take = (event: StoreEvent) => {
      if (isFinished) return;
      if (event.type !== "progress") changes.push(...changeOf(resource, event));
      if (event.revision >= target) finish({ changes, revision: event.revision });
      else if (changes.length > CHANGES_MAX) finish(undefined);
    };
    // in microtasks: a store may deliver before subscribe returns
    const source$ = context.store.watch$(resource.prefix, afterRevision);
    const subscription = source$.subscribe({
      next: (event) => queueMicrotask(() => take(event)),
      error: () => queueMicrotask(() => finish(undefined)),
    });
    timer = context.clock.schedule(WAIT_MS, () => finish(undefined));
  });
}

/** An event as a change; none when its value is not readable. */
function changeOf(resource: Resource, event: Exclude<StoreEvent, { type: "progress" }>): readonly Change[] {
  const { key, revision } = event;
  const previous = event.previous && decodeStored(resource, { key, value: event.previous, revision: 0 });
  if (event.type === "delete") {
    const object = decodeStored(resource, { key, value: event.previous, revision });
    return object === undefined ? [] : [{ type: "DELETED", key, revision, object, previous }];
  }
  const object = decodeStored(resource, { key, value: event.value, revision });
  if (object === undefined) return [];
  return [{ type: previous === undefined ? "ADDED" : "MODIFIED", key, revision, object, previous }];
}
