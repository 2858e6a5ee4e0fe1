import { filter, firstValueFrom, ReplaySubject, type Subscription } from "rxjs";
import { keyOf } from "../api-types/life.js";
import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import type { Client } from "../client/client.js";
import { observeWrites } from "../client/observe-writes.js";
import { resourceName } from "../client/path.js";
import type { Clock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Random } from "../platform/random.js";
import { type Cache, type Cached, createCache, type FedCache, type Indexers } from "./cache.js";
import { reflect } from "./reflect.js";

export interface InformersOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Unset: all namespaces. */
  readonly namespace?: string;
  readonly idleMs?: number;
  readonly relistMs?: number;
}

/** One shared cache per kind, fed from the first time it is asked for until `stop`. */
export interface Informers {
  cache<K extends Kind>(kind: K, indexers?: Indexers<ObjectOf<K>>): Cache<ObjectOf<K>>;
  /** The cache of a kind that somebody already asked for. */
  existing<K extends Kind>(kind: K): Cache<ObjectOf<K>> | undefined;
  /** Resolves when every cache asked for so far holds a complete list; waits as long as that takes. */
  whenSynced(): Promise<void>;
  stop(): void;
}

/** Informers over one client; nothing is read before a cache is asked for. */
export function createInformers(options: InformersOptions): Informers {
  const feeds = new Map<string, Feed>();
  const existing = <K extends Kind>(kind: K) =>
    // a feed is stored under the name of its own kind
    feeds.get(resourceName(kind))?.cache as unknown as FedCache<ObjectOf<K>> | undefined;
  return {
    existing,
    cache<K extends Kind>(kind: K, indexers: Indexers<ObjectOf<K>> = {}) {
      const known = existing(kind);
      if (known !== undefined) {
        known.addIndexers(indexers);
        return known;
      }
      const cache = createCache(kind, indexers);
      feeds.set(resourceName(kind), startFeed(options, kind, cache));
      return cache;
    },
    async whenSynced() {
      // waiting for one cache may see another one asked for
      for (let pending = unsynced(feeds); pending.length > 0; pending = unsynced(feeds)) {
        await Promise.all(pending.map((feed) => feed.synced));
      }
    },
    stop() {
      for (const feed of feeds.values()) feed.subscription.unsubscribe();
    },
  };
}

/** The same client, whose answers are visible in the caches before the caller goes on (R7). */
export function writeThrough(client: Client, informers: Informers): Client {
  return observeWrites(client, {
    written: (kind, object) => informers.existing(kind)?.confirm(object),
    deleted: (kind, key, uid) => informers.existing(kind)?.confirmDeleted(keyOf({ metadata: key }), uid),
    knownUid(kind, key) {
      const known = informers.existing(kind)?.get(keyOf({ metadata: key })) as Cached | undefined; // every ObjectOf has metadata
      return known?.metadata.uid;
    },
  });
}

interface Feed {
  readonly cache: { hasSynced(): boolean };
  readonly subscription: Subscription;
  readonly synced: Promise<unknown>;
}

function startFeed<K extends Kind>(options: InformersOptions, kind: K, cache: FedCache<ObjectOf<K>>): Feed {
  const synced$ = new ReplaySubject<boolean>(1);
  const subscription = reflect({ ...options, kind }).subscribe((event) => {
    cache.apply(event);
    if (event.type === "Synced") synced$.next(true);
  });
  return { cache, subscription, synced: firstValueFrom(synced$.pipe(filter(Boolean))) };
}

function unsynced(feeds: ReadonlyMap<string, Feed>): readonly Feed[] {
  return [...feeds.values()].filter((feed) => !feed.cache.hasSynced());
}
