import { type Observable, Subject } from "rxjs";
import { keyOf } from "../api-types/life.js";
import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import type { ObjectMeta } from "../api-types/meta/object.js";
import type { ObjectKey } from "../client/client.js";
import type { ReflectEvent } from "./reflect.js";

/** A change of one object: creation has no `previous`, deletion no `current`. */
export interface CacheChange<T> {
  readonly previous: T | undefined;
  readonly current: T | undefined;
}

/** Values under which an object is found, by name of the index. */
export type Indexers<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** The last known state of one kind: read-only, frozen objects. Keys are `namespace/name`, or `name` for cluster-scoped kinds. */
export interface Cache<T> {
  get(key: string): T | undefined;
  /** In order of keys. */
  list(): readonly T[];
  /** Those whose indexer gives `value`, in order of keys; an unknown index is a bug and throws. */
  by(index: string, value: string): readonly T[];
  hasSynced(): boolean;
  /** Every change, after it is visible to `get`. Never completes, cannot error, does not replay. */
  readonly changes$: Observable<CacheChange<T>>;
  /** Makes the answer to an own write visible now; what is older than the known state is ignored. */
  confirm(object: T): void;
  /** Makes an own deletion visible now: the object is gone from the server. */
  confirmDeleted(key: string, uid: string | undefined): void;
}

/** A cache together with the one who feeds it. */
export interface FedCache<T> extends Cache<T> {
  apply(event: ReflectEvent<T>): void;
  /** Adds indexes; one of the same name keeps its first function. */
  addIndexers(indexers: Indexers<T>): void;
}

/** What every cached object has. */
export interface Cached {
  readonly metadata: ObjectMeta;
}

/** Namespace and name of a key. */
export function splitKey(key: string): ObjectKey {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** An empty cache of one kind; `kind` gives the type of its objects. */
export function createCache<K extends Kind>(_kind: K, indexers: Indexers<ObjectOf<K>> = {}): FedCache<ObjectOf<K>> {
  // an ObjectOf always has metadata; the conditional type hides it while K is open
  return createTypedCache(indexers as Indexers<never>) as FedCache<Cached> as unknown as FedCache<ObjectOf<K>>;
}

/** The objects of one index value, in order when somebody looks. */
interface Bucket<T> {
  readonly members: Map<string, T>;
  /** Sorted once, then kept in order: most changes leave them as they are. */
  keys: string[] | undefined;
  sorted: readonly T[] | undefined;
}

interface Index<T> {
  readonly valuesOf: (object: T) => readonly string[];
  readonly buckets: Map<string, Bucket<T>>;
}

interface State<T> {
  readonly all: Bucket<T>;
  readonly indexes: Map<string, Index<T>>;
  /** Uids whose own deletion is confirmed while the stream has yet to tell it. */
  readonly buried: Set<string>;
  /** The stream has told everything up to this version. */
  horizon: number;
  isSynced: boolean;
}

function createTypedCache<T extends Cached>(indexers: Indexers<T>): FedCache<T> {
  const state: State<T> = { all: bucket(), indexes: new Map(), buried: new Set(), horizon: -1, isSynced: false };
  const changes$ = new Subject<CacheChange<T>>();
  addIndexers(state, indexers);
  return {
    get: (key) => state.all.members.get(key),
    list: () => sorted(state.all),
    by(name, value) {
      const index = state.indexes.get(name);
      if (index === undefined) throw new Error(`no index ${name}`);
      const found = index.buckets.get(value);
      return found === undefined ? [] : sorted(found);
    },
    hasSynced: () => state.isSynced,
    changes$: changes$.asObservable(),
    apply(event) {
      for (const change of changesOf(state, event)) changes$.next(change);
    },
    confirm(object) {
      if (versionOf(object) <= state.horizon || isOlder(state, object)) return;
      for (const change of put(state, object)) changes$.next(change);
    },
    confirmDeleted(key, uid) {
      const known = state.all.members.get(key);
      if (known === undefined || (uid !== undefined && known.metadata.uid !== uid)) return;
      if (known.metadata.uid !== undefined) state.buried.add(known.metadata.uid);
      for (const change of remove(state, key)) changes$.next(change);
    },
    addIndexers: (more) => addIndexers(state, more),
  };
}

/** The changes that an event makes, each performed when it is asked for, so that listeners see a consistent state. */
function changesOf<T extends Cached>(state: State<T>, event: ReflectEvent<T>): Iterable<CacheChange<T>> {
  switch (event.type) {
    case "Synced":
      return replace(state, event.objects, Number(event.resourceVersion));
    case "Applied":
      state.horizon = Math.max(state.horizon, versionOf(event.object));
      return isBuried(state, event.object) || isOlder(state, event.object) ? [] : put(state, event.object);
    case "Deleted":
      state.horizon = Math.max(state.horizon, versionOf(event.object));
      state.buried.delete(event.object.metadata.uid ?? "");
      return isOlder(state, event.object) ? [] : remove(state, keyOf(event.object));
    default:
      return event satisfies never;
  }
}

/**
 * A whole state: what it does not hold is gone, unless written after it was taken. A version before the horizon means
 * that the store went back, and then this state counts alone.
 */
function* replace<T extends Cached>(state: State<T>, objects: readonly T[], version: number): Iterable<CacheChange<T>> {
  const isRegression = version < state.horizon;
  state.horizon = Number.isNaN(version) ? state.horizon : version;
  const listed = new Map(objects.map((object) => [keyOf(object), object]));
  const uids = new Set(objects.map((object) => object.metadata.uid));
  for (const uid of state.buried) if (!uids.has(uid)) state.buried.delete(uid);
  for (const known of sorted(state.all).filter((object) => !listed.has(keyOf(object)))) {
    if (isRegression || !(versionOf(known) > version)) yield* remove(state, keyOf(known));
  }
  for (const object of objects) {
    if (isBuried(state, object) || isUnchanged(state, object)) continue;
    if (isRegression || !isOlder(state, object)) yield* put(state, object);
  }
  state.isSynced = true;
}

function* put<T extends Cached>(state: State<T>, object: T): Iterable<CacheChange<T>> {
  if (isUnchanged(state, object)) return;
  const key = keyOf(object);
  const current = deepFreeze(object);
  const previous = state.all.members.get(key);
  store(state, key, { previous, current });
  yield { previous, current };
}

function* remove<T extends Cached>(state: State<T>, key: string): Iterable<CacheChange<T>> {
  const previous = state.all.members.get(key);
  if (previous === undefined) return;
  store(state, key, { previous, current: undefined });
  yield { previous, current: undefined };
}

function store<T>(state: State<T>, key: string, { previous, current }: CacheChange<T>): void {
  place(state.all, key, current);
  for (const index of state.indexes.values()) {
    const values = current === undefined ? [] : index.valuesOf(current);
    const left = previous === undefined ? [] : index.valuesOf(previous).filter((value) => !values.includes(value));
    for (const value of left) dropFrom(index, value, key);
    if (current !== undefined) putInto(index, values, { key, object: current });
  }
}

function dropFrom<T>({ buckets }: Index<T>, value: string, key: string): void {
  const found = buckets.get(value);
  if (found === undefined) return;
  place(found, key, undefined);
  if (found.members.size === 0) buckets.delete(value);
}

function putInto<T>(
  { buckets }: Index<T>,
  values: readonly string[],
  { key, object }: { key: string; object: T },
): void {
  for (const value of values) {
    const found = buckets.get(value) ?? bucket<T>();
    place(found, key, object);
    buckets.set(value, found);
  }
}

function place<T>(target: Bucket<T>, key: string, object: T | undefined): void {
  const { members, keys } = target;
  target.sorted = undefined;
  if (keys !== undefined && members.has(key) !== (object !== undefined)) {
    keys.splice(lowerBound(keys, key), object === undefined ? 1 : 0, ...(object === undefined ? [] : [key]));
  }
  if (object === undefined) members.delete(key);
  else members.set(key, object);
}

/** The index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? key) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function addIndexers<T extends Cached>(state: State<T>, indexers: Indexers<T>): void {
  for (const [name, valuesOf] of Object.entries(indexers)) {
    if (state.indexes.has(name)) continue;
    const index: Index<T> = { valuesOf, buckets: new Map() };
    state.indexes.set(name, index);
    for (const [key, object] of state.all.members) putInto(index, valuesOf(object), { key, object });
  }
}

function bucket<T>(): Bucket<T> {
  return { members: new Map(), keys: undefined, sorted: undefined };
}

function sorted<T>(target: Bucket<T>): readonly T[] {
  target.keys ??= [...target.members.keys()].sort();
  // keys and members hold the same keys
  target.sorted ??= target.keys.map((key) => target.members.get(key) as T);
  return target.sorted;
}

/** Resource versions are decimal numbers; below 2^53 for longer than this rack will stand. */
function versionOf(object: Cached): number {
  return Number(object.metadata.resourceVersion);
}

function isOlder<T extends Cached>(state: State<T>, object: T): boolean {
  const known = state.all.members.get(keyOf(object));
  return known !== undefined && versionOf(object) < versionOf(known);
}

function isUnchanged<T extends Cached>(state: State<T>, object: T): boolean {
  const known = state.all.members.get(keyOf(object))?.metadata;
  if (known?.resourceVersion === undefined) return false;
  return known.resourceVersion === object.metadata.resourceVersion && known.uid === object.metadata.uid;
}

function isBuried<T extends Cached>(state: State<T>, object: T): boolean {
  return state.buried.has(object.metadata.uid ?? "");
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const name in value) deepFreeze(value[name]);
  return value;
}
