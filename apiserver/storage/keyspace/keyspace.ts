import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type Page,
  type TransactionOptions,
  type Write,
  type WriteResult,
} from "../store.js";
import { type Change, type ChangeLog, changeLog } from "./change-log.js";
import { compareKeys, isBelow, lowerBound } from "./order.js";

/** What a write would do, decided but not done. */
export type Decision =
  | { readonly type: "commit"; readonly changes: readonly Change[] }
  | { readonly type: "refuse"; readonly result: WriteResult };

/** A state to start from: the entries now, and the changes that can still be told. */
export interface Snapshot {
  readonly revision: number;
  readonly compactedRevision: number;
  readonly entries: readonly Entry[];
  readonly changes: readonly Change[];
}

/** Keys, values and their kept past in memory: what the memory store is and the embedded store reads from. */
export interface Keyspace {
  readonly log: ChangeLog;
  revision(): number;
  get(key: string): Entry | undefined;
  list(prefix: string, options: ListOptions): Page;
  apply(changes: readonly Change[]): void;
}

/** The revision of a store that was never written: 1 as in etcd, because 0 has a meaning of its own in the API. */
const FIRST_REVISION = 1;

/** An empty keyspace. */
export const EMPTY_SNAPSHOT: Snapshot = {
  revision: FIRST_REVISION,
  compactedRevision: FIRST_REVISION,
  entries: [],
  changes: [],
};

/** A keyspace that continues from `snapshot`. */
export function openKeyspace(snapshot: Snapshot): Keyspace {
  const entries = new Map(snapshot.entries.map((entry) => [entry.key, entry]));
  const keys = [...snapshot.entries].map((entry) => entry.key).sort(compareKeys);
  const log = changeLog(snapshot.compactedRevision);
  for (const change of snapshot.changes) log.append(change);
  let revision = snapshot.revision;

  function apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.entry === undefined) entries.delete(change.key);
      else entries.set(change.key, change.entry);
      if ((change.entry === undefined) !== (change.previous === undefined)) place(keys, change);
      log.append(change);
      revision = change.revision;
    }
  }

  function list(prefix: string, options: ListOptions): Page {
    const atRevision = options.atRevision ?? revision;
    if (atRevision > revision) throw new FutureRevisionError(revision);
    if (atRevision < log.compactedRevision()) throw new CompactedError(log.compactedRevision());
    const undone = changesUndone(log, prefix, atRevision);
    const found = undone.size === 0 ? keys : keysWith(keys, undone);
    const read = (key: string) => (undone.has(key) ? undone.get(key) : entries.get(key));
    return { ...pageOf(found, read, { prefix, ...options }), revision: atRevision };
  }

  return { log, revision: () => revision, get: (key) => entries.get(key), list, apply };
}

/** Decides `write` against what `read` says; `revision` is the one a commit gets. Guards are looked at first. */
export function decide(
  write: Write,
  options: TransactionOptions,
  state: { readonly read: (key: string) => Entry | undefined; readonly revision: number; readonly atMs: number },
): Decision {
  for (const guard of options.guards ?? []) {
    const standing = state.read(guard.key)?.revision ?? 0;
    if (standing !== guard.revision) return { type: "refuse", result: { type: "guardFailed", key: guard.key } };
  }
  const previous = state.read(write.key);
  const expected = write.type === "create" ? undefined : write.revision;
  if (previous?.revision !== expected) return { type: "refuse", result: { type: "conflict", entry: previous } };
  const change = (key: string, value: Uint8Array | undefined): Change => ({
    key,
    revision: state.revision,
    entry: value && { key, value, revision: state.revision },
    previous: state.read(key),
    atMs: state.atMs,
  });
  const internal = (options.internal ?? []).map(({ key, value }) => change(key, value));
  return {
    type: "commit",
    changes: [change(write.key, write.type === "delete" ? undefined : write.value), ...internal],
  };
}

/** Creation or deletion: the key enters or leaves the sorted list. */
function place(keys: string[], change: Change): void {
  const index = lowerBound(keys, change.key);
  if (change.entry === undefined) keys.splice(index, 1);
  else keys.splice(index, 0, change.key);
}

/** For each key of `prefix` that changed after `revision`: what stood there then. */
function changesUndone(log: ChangeLog, prefix: string, revision: number): Map<string, Entry | undefined> {
  const undone = new Map<string, Entry | undefined>();
  for (let position = log.positionAfter(revision); position < log.end(); position++) {
    const change = log.at(position);
    if (change === undefined || !change.key.startsWith(prefix) || undone.has(change.key)) continue;
    undone.set(change.key, change.previous);
  }
  return undone;
}

function keysWith(keys: readonly string[], undone: ReadonlyMap<string, unknown>): readonly string[] {
  const merged = [...keys];
  for (const key of undone.keys()) {
    const index = lowerBound(merged, key);
    if (merged[index] !== key) merged.splice(index, 0, key);
  }
  return merged;
}

function pageOf(
  keys: readonly string[],
  read: (key: string) => Entry | undefined,
  options: { readonly prefix: string; readonly startAfter?: string; readonly limit?: number },
): Omit<Page, "revision"> {
  const { prefix, startAfter } = options;
  const limit = options.limit || Number.POSITIVE_INFINITY;
  const entries: Entry[] = [];
  const isLater = startAfter !== undefined && compareKeys(startAfter, prefix) >= 0;
  for (let index = lowerBound(keys, isLater ? startAfter : prefix); index < keys.length; index++) {
    // index is below keys.length
    const key = keys[index]!;
    if (!key.startsWith(prefix)) break;
    const entry = key === startAfter || !isBelow(key, prefix) ? undefined : read(key);
    if (entry === undefined) continue;
    if (entries.length === limit) return { entries, hasMore: true };
    entries.push(entry);
  }
  return { entries, hasMore: false };
}
