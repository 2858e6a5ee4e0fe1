import type { KubeObject } from "../../../api-types/meta/object.js";
import type { EventType } from "../encode.js";

/** One change of one object. `previous` is its state before; `object` of a DELETED carries the deletion's revision. */
export interface Change {
  readonly type: EventType;
  readonly key: string;
  readonly revision: number;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

/** What a watcher hears; calls are synchronous and in order of revision. */
export interface CacheListener {
  change(change: Change): void;
  /** History was lost: the watcher must end, its client lists again. */
  reset(): void;
}

/** Changes kept per resource for watchers that resume; below them the answer is 410. */
const RING_SIZE_MAX = 8192;

/** The objects of one resource in memory, in key order, with their recent changes. */
export interface ResourceCache {
  readonly size: number;
  readonly watchers: number;
  get(key: string): KubeObject | undefined;
  /** The objects whose key begins with `prefix` and comes after `startAfter`, in key order. */
  range(prefix: string, startAfter?: string): readonly KubeObject[];
  /** The revision of the last change of this resource. */
  changedAt(): number;
  /** The changes after `revision`; undefined when some of them are no longer known. */
  since(revision: number): readonly Change[] | undefined;
  listen(listener: CacheListener): () => void;
  put(key: string, object: KubeObject, revision: number): void;
  remove(key: string, revision: number): void;
  reset(objects: ReadonlyMap<string, KubeObject>, revision: number): void;
}

export function resourceCache(): ResourceCache {
  const objects = new Map<string, KubeObject>();
  const listeners = new Set<CacheListener>();
  let keys: string[] = [];
  let ring: Change[] = [];
  /** Every change after this revision is in the ring. */
  let knownAfter = 0;
  let lastChange = 0;

  function record(change: Change): void {
    lastChange = change.revision;
    ring.push(change);
    if (ring.length >= 2 * RING_SIZE_MAX) {
      // halved at once, so that dropping costs nothing per event
      knownAfter = ring[RING_SIZE_MAX - 1]?.revision ?? knownAfter;
      ring = ring.slice(RING_SIZE_MAX);
    }
    for (const listener of listeners) listener.change(change);
  }

  return {
    get size() {
      return objects.size;
    },
    get watchers() {
      return listeners.size;
    },
    get: (key) => objects.get(key),
    range: (prefix, startAfter) => rangeOf(keys, objects, { prefix, startAfter }),
    changedAt: () => lastChange,
    since(revision) {
      if (revision < knownAfter) return undefined;
      return ring.slice(firstAbove(ring, revision));
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    put(key, object, revision) {
      const previous = objects.get(key);
      objects.set(key, object);
      if (previous === undefined) insertSorted(keys, key);
      record({ type: previous === undefined ? "ADDED" : "MODIFIED", key, revision, object, previous });
    },
    remove(key, revision) {
      const previous = objects.get(key);
      if (previous === undefined) return;
      objects.delete(key);
      keys.splice(lowerBound(keys, key), 1);
      const object = Object.freeze({
        ...previous,
        metadata: Object.freeze({ ...previous.metadata, resourceVersion: String(revision) }),
      });
      record({ type: "DELETED", key, revision, object, previous });
    },
    reset(next, revision) {
      objects.clear();
      for (const [key, object] of next) objects.set(key, object);
      keys = [...objects.keys()].sort();
      ring = [];
      knownAfter = revision;
      lastChange = revision;
      for (const listener of [...listeners]) listener.reset();
    },
  };
}

function rangeOf(
  keys: readonly string[],
  objects: ReadonlyMap<string, KubeObject>,
  span: { readonly prefix: string; readonly startAfter: string | undefined },
): readonly KubeObject[] {
  const start = span.startAfter === undefined ? lowerBound(keys, span.prefix) : upperBound(keys, span.startAfter);
  const found: KubeObject[] = [];
  for (let index = start; index < keys.length; index++) {
    const key = keys[index]!; // index is below the length
    if (!key.startsWith(span.prefix)) break;
    found.push(objects.get(key)!); // keys and objects hold the same keys
  }
  return found;
}

function insertSorted(keys: string[], key: string): void {
  const last = keys[keys.length - 1];
  if (last === undefined || last < key) keys.push(key);
  else keys.splice(lowerBound(keys, key), 0, key);
}

/** The index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upperBound(keys: readonly string[], key: string): number {
  const index = lowerBound(keys, key);
  return keys[index] === key ? index + 1 : index;
}

function firstAbove(ring: readonly Change[], revision: number): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ring[middle]!.revision <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}
