import type { Subscription } from "rxjs";
import type { KubeObject } from "../../../api-types/meta/object.js";
import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Clock, Timer } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import { tooLargeVersion } from "../../http/failure.js";
import { CompactedError, type Entry, type Store, type StoreEvent } from "../../storage/store.js";
import type { Resource } from "../resource.js";
import { decodeStored } from "./decode.js";
import { type ResourceCache, resourceCache } from "./resource-cache.js";

/** Entries read per request while the caches are filled. */
const PAGE_SIZE = 2000;
/** How long a read waits for the caches to reach the store's revision. */
const FRESH_WAIT_MS = 3000;
/** After this long without progress, the caches are compared with the store. */
const PROVE_AFTER_MS = 100;
const BACK_OFF_FIRST_MS = 100;
const BACK_OFF_MAX_MS = 10_000;

/** All caches, fed by one watch of the whole store, so that every change proves the progress of every resource. */
export interface Feed {
  cacheOf(prefix: string): ResourceCache;
  /** Everything up to this revision is in the caches. */
  revision(): number;
  /** Whether the caches follow the store at this moment. */
  isFollowing(): boolean;
  /** Resolves when the caches are at least as new as the store is now; rejects with StatusError when they cannot be. */
  fresh(): Promise<void>;
  /** Resolves when the caches have reached `revision`; rejects with Timeout (ResourceVersionTooLarge) otherwise. */
  reach(revision: number): Promise<void>;
  close(): void;
}

export interface FeedOptions {
  readonly store: Store;
  readonly resources: readonly Resource[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Adds what is not in the stored bytes of some resources. */
  readonly decorator: Decorator;
  /** Objects that exist without being stored, by key: they come back after every full read. */
  readonly constants: ReadonlyMap<string, KubeObject>;
}

/** Adds to an object what is stored beside it. */
export interface Decorator {
  /** Called once after each full read, before `filled`. */
  readonly prepare: () => Promise<void>;
  /** An object of a full read. */
  readonly filled: (key: string, object: KubeObject) => KubeObject;
  /** A changed object, in order of revision; `previous` is decorated. */
  readonly changed: (
    key: string,
    object: KubeObject,
    change: { readonly previous: KubeObject | undefined; readonly revision: number },
  ) => KubeObject;
}

interface Waiter {
  readonly revision: number;
  readonly timer: Timer;
  readonly resolve: () => void;
}

/** Fills the caches, then follows the store until closed. Rejects when the first read fails. */
export async function startFeed(options: FeedOptions): Promise<Feed> {
  const { store, clock, log } = options;
  const byPrefix = new Map(options.resources.map((resource) => [resource.prefix, resource]));
  const caches = new Map(options.resources.map((resource) => [resource.prefix, resourceCache()]));
  const waiters = new Set<Waiter>();
  let revision = 0;
  let isFollowing = false;
  let isClosed = false;
  let backOffMs = BACK_OFF_FIRST_MS;
  let subscription: Subscription | undefined;
  let retry: Timer | undefined;
  let isProving = false;

  function advance(to: number): void {
    if (to > revision) revision = to;
    for (const waiter of waiters) {
      if (waiter.revision > revision) continue;
      waiters.delete(waiter);
      waiter.timer.cancel();
      waiter.resolve();
    }
  }

  function take(event: StoreEvent): void {
    backOffMs = BACK_OFF_FIRST_MS;
    if (event.type !== "progress") absorb(event);
    advance(event.revision);
  }

  function absorb(event: Exclude<StoreEvent, { type: "progress" }>): void {
    const prefix = prefixIn(event.key);
    const resource = byPrefix.get(prefix);
    const cache = caches.get(prefix);
    if (resource === undefined || cache === undefined) return;
    if (event.type === "delete") {
      cache.remove(event.key, event.revision);
      return;
    }
    const object = decodeStored(resource, event);
    if (object === undefined) {
      log.warn("stored value is not readable; the object is not served", { key: event.key, revision: event.revision });
      cache.remove(event.key, event.revision);
      return;
    }
    const change = { previous: cache.get(event.key), revision: event.revision };
    cache.put(event.key, options.decorator.changed(event.key, object, change), event.revision);
  }

  async function fill(): Promise<void> {
    const filled = new Map(options.resources.map((resource) => [resource.prefix, new Map<string, KubeObject>()]));
    for (const [key, object] of options.constants) filled.get(prefixIn(key))?.set(key, object);
    const at = await eachEntry(store, (entry) => {
      const resource = byPrefix.get(prefixIn(entry.key));
      const object = resource && decodeStored(resource, entry);
      if (resource !== undefined && object === undefined) {
        log.warn("stored value is not readable; the object is not served", {
          key: entry.key,
          revision: entry.revision,
        });
      }
      if (object) filled.get(prefixIn(entry.key))?.set(entry.key, object);
    });
    await options.decorator.prepare();
    for (const objects of filled.values()) {
      for (const [key, object] of objects) objects.set(key, options.decorator.filled(key, object));
    }
    for (const [prefix, cache] of caches) cache.reset(filled.get(prefix) ?? new Map(), at);
    advance(at);
  }

  function follow(): void {
    isFollowing = true;
    subscription = store.watch$("", revision).subscribe({ next: take, error: resume });
  }

  /** A compacted history is read again in full; any other fault is waited out, then the watch goes on where it was. */
  function resume(error: unknown): void {
    isFollowing = false;
    if (isClosed) return;
    const isCompacted = error instanceof CompactedError;
    log.warn("store watch ended", { isCompacted, error: String(error), retryInMs: backOffMs });
    retry = clock.schedule(backOffMs, () => {
      (isCompacted ? fill() : Promise.resolve()).then(() => !isClosed && follow(), resume);
    });
    backOffMs = Math.min(2 * backOffMs, BACK_OFF_MAX_MS);
  }

  function reach(target: number): Promise<void> {
    if (target <= revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = clock.schedule(FRESH_WAIT_MS, () => {
        waiters.delete(waiter);
        reject(tooLargeVersion(target, revision));
      });
      const waiter: Waiter = { revision: target, timer, resolve };
      waiters.add(waiter);
    });
  }

  /** On stores that others write to, and that report no progress, a full read proves that nothing of ours is missing. */
  async function fresh(): Promise<void> {
    const target = await store.current();
    if (target <= revision) return;
    const proof = clock.schedule(PROVE_AFTER_MS, () => void prove());
    await reach(target).finally(proof.cancel);
  }

  async function prove(): Promise<void> {
    if (isProving) return;
    isProving = true;
    let newest = 0;
    let known = 0;
    try {
      const at = await eachEntry(store, ({ key, revision: changedAt }) => {
        newest = Math.max(newest, changedAt);
        if (caches.get(prefixIn(key))?.get(key) !== undefined) known++;
      });
      const cached = [...caches.values()].reduce((sum, cache) => sum + cache.size, 0);
      // a missed creation or change would be newer, a missed deletion would leave an object that the store lacks
      if (newest <= revision && known === cached - options.constants.size) advance(at);
    } catch (error) {
      log.debug("proving the caches fresh failed", { error: String(error) });
    } finally {
      isProving = false;
    }
  }

  await fill();
  follow();
  return {
    cacheOf(prefix) {
      const cache = caches.get(prefix);
      if (cache === undefined) throw new StatusError("InternalError", `no cache for ${prefix}`);
      return cache;
    },
    revision: () => revision,
    isFollowing: () => isFollowing,
    fresh,
    reach,
    close() {
      isClosed = true;
      subscription?.unsubscribe();
      retry?.cancel();
      for (const waiter of waiters) waiter.timer.cancel();
      for (const cache of caches.values()) cache.reset(new Map(), revision);
    },
  };
}

async function eachEntry(store: Store, visit: (entry: Entry) => void): Promise<number> {
  let page = await store.list("", { limit: PAGE_SIZE });
  for (;;) {
    for (const entry of page.entries) if (!entry.key.startsWith("_")) visit(entry);
    const last = page.entries[page.entries.length - 1];
    if (!page.hasMore || last === undefined) return page.revision;
    page = await store.list("", { limit: PAGE_SIZE, startAfter: last.key, atRevision: page.revision });
  }
}

/** `group/plural/` of a key. */
function prefixIn(key: string): string {
  return key.slice(0, key.indexOf("/", key.indexOf("/") + 1) + 1);
}
