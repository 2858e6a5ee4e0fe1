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

/** Fills the caches, then follows the store until closed. Rejects when the first read fails. */
export async function startFeed(options: FeedOptions): Promise<Feed> {
  const state: FeedState = {
    options,
    byPrefix: new Map(options.resources.map((resource) => [resource.prefix, resource])),
    caches: new Map(options.resources.map((resource) => [resource.prefix, resourceCache()])),
    waiters: new Set(),
    revision: 0,
    isFollowing: false,
    isClosed: false,
    isProving: false,
    backOffMs: BACK_OFF_FIRST_MS,
    subscription: undefined,
    retry: undefined,
  };
  await fill(state);
  follow(state);
  return {
    cacheOf(prefix) {
      const cache = state.caches.get(prefix);
      if (cache === undefined) throw new StatusError("InternalError", `no cache for ${prefix}`);
      return cache;
    },
    revision: () => state.revision,
    isFollowing: () => state.isFollowing,
    fresh: () => fresh(state),
    reach: (revision) => reach(state, revision),
    close: () => close(state),
  };
}

interface FeedState {
  readonly options: FeedOptions;
  readonly byPrefix: ReadonlyMap<string, Resource>;
  readonly caches: ReadonlyMap<string, ResourceCache>;
  readonly waiters: Set<Waiter>;
  revision: number;
  isFollowing: boolean;
  isClosed: boolean;
  isProving: boolean;
  backOffMs: number;
  subscription: Subscription | undefined;
  retry: Timer | undefined;
}

interface Waiter {
  readonly revision: number;
  readonly timer: Timer;
  readonly resolve: () => void;
}

async function fill(state: FeedState): Promise<void> {
  const { options, caches } = state;
  const filled = new Map(options.resources.map((resource) => [resource.prefix, new Map<string, KubeObject>()]));
  for (const [key, object] of options.constants) filled.get(prefixIn(key))?.set(key, object);
  const at = await eachEntry(options.store, (entry) => {
    const object = decoded(state, entry);
    if (object) filled.get(prefixIn(entry.key))?.set(entry.key, object);
  });
  await options.decorator.prepare();
  for (const objects of filled.values()) {
    for (const [key, object] of objects) objects.set(key, options.decorator.filled(key, object));
  }
  for (const [prefix, cache] of caches) cache.reset(filled.get(prefix) ?? new Map(), at);
  advance(state, at);
}

/** The object of an entry; undefined, and said aloud, when it cannot be read; undefined for what is not served. */
function decoded({ byPrefix, options }: FeedState, entry: Entry): KubeObject | undefined {
  const resource = byPrefix.get(prefixIn(entry.key));
  if (resource === undefined) return undefined;
  const object = decodeStored(resource, entry);
  if (object === undefined) {
    const { key, revision } = entry;
    options.log.warn("stored value is not readable; the object is not served", { key, revision });
  }
  return object;
}

function advance(state: FeedState, to: number): void {
  if (to > state.revision) state.revision = to;
  for (const waiter of state.waiters) {
    if (waiter.revision > state.revision) continue;
    state.waiters.delete(waiter);
    waiter.timer.cancel();
    waiter.resolve();
  }
}

function follow(state: FeedState): void {
  state.isFollowing = true;
  state.subscription = state.options.store.watch$("", state.revision).subscribe({
    next: (event) => take(state, event),
    error: (error) => resume(state, error),
  });
}

function take(state: FeedState, event: StoreEvent): void {
  state.backOffMs = BACK_OFF_FIRST_MS;
  if (event.type !== "progress") absorb(state, event);
  advance(state, event.revision);
}

function absorb(state: FeedState, event: Exclude<StoreEvent, { type: "progress" }>): void {
  const cache = state.caches.get(prefixIn(event.key));
  if (cache === undefined) return;
  const object = event.type === "delete" ? undefined : decoded(state, event);
  if (object === undefined) {
    cache.remove(event.key, event.revision);
    return;
  }
  const change = { previous: cache.get(event.key), revision: event.revision };
  cache.put(event.key, state.options.decorator.changed(event.key, object, change), event.revision);
}

/** A compacted history is read again in full; any other fault is waited out, then the watch goes on where it was. */
function resume(state: FeedState, error: unknown): void {
  const { clock, log } = state.options;
  state.isFollowing = false;
  if (state.isClosed) return;
  const isCompacted = error instanceof CompactedError;
  log.warn("store watch ended", { isCompacted, error: String(error), retryInMs: state.backOffMs });
  state.retry = clock.schedule(state.backOffMs, () => {
    (isCompacted ? fill(state) : Promise.resolve()).then(
      () => !state.isClosed && follow(state),
      (again) => resume(state, again),
    );
  });
  state.backOffMs = Math.min(2 * state.backOffMs, BACK_OFF_MAX_MS);
}

/** On stores that others write to, and that report no progress, a full read proves that nothing of ours is missing. */
async function fresh(state: FeedState): Promise<void> {
  const { store, clock } = state.options;
  const target = await store.current();
  if (target <= state.revision) return;
  const proof = clock.schedule(PROVE_AFTER_MS, () => void prove(state));
  await reach(state, target).finally(proof.cancel);
}

function reach(state: FeedState, target: number): Promise<void> {
  if (target <= state.revision) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = state.options.clock.schedule(FRESH_WAIT_MS, () => {
      state.waiters.delete(waiter);
      reject(tooLargeVersion(target, state.revision));
    });
    const waiter: Waiter = { revision: target, timer, resolve };
    state.waiters.add(waiter);
  });
}

async function prove(state: FeedState): Promise<void> {
  const { options, caches } = state;
  if (state.isProving) return;
  state.isProving = true;
  let newest = 0;
  let known = 0;
  try {
    const at = await eachEntry(options.store, ({ key, revision: changedAt }) => {
      newest = Math.max(newest, changedAt);
      if (caches.get(prefixIn(key))?.get(key) !== undefined) known++;
    });
    const cached = [...caches.values()].reduce((sum, cache) => sum + cache.size, 0);
    // a missed creation or change would be newer, a missed deletion would leave an object that the store lacks
    if (newest <= state.revision && known === cached - options.constants.size) advance(state, at);
  } catch (error) {
    options.log.debug("proving the caches fresh failed", { error: String(error) });
  } finally {
    state.isProving = false;
  }
}

function close(state: FeedState): void {
  state.isClosed = true;
  state.subscription?.unsubscribe();
  state.retry?.cancel();
  for (const waiter of state.waiters) waiter.timer.cancel();
  for (const cache of state.caches.values()) cache.reset(new Map(), state.revision);
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
