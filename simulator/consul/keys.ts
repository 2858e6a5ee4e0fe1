import type { ConsulState, KeyRow } from "./state.js";
import type { Topic, Topics } from "./topics.js";

/** A compare-and-set write of one key; `cas` undefined: unconditional, 0: only when absent. */
interface KeyWrite {
  readonly key: string;
  readonly value: string;
  readonly flags: number;
  readonly cas: number | undefined;
}

/** The key-value store: values are base64. */
export interface Keys {
  get(key: string): KeyRow | undefined;
  /** Keys with the prefix, in order. */
  list(prefix: string): readonly KeyRow[];
  /** False when the comparison failed. */
  put(write: KeyWrite): boolean;
  /** Deletes keys; false when `cas` does not match. */
  delete(key: string, options: { readonly isRecursive: boolean; readonly cas: number | undefined }): boolean;
  /** Puts back exactly this row, e.g. when a transaction failed. */
  restore(row: KeyRow): void;
  load(state: ConsulState): void;
}

/** An empty store that counts its writes in `topics`. */
export function createKeys(topics: Topics): Keys {
  const rows = new Map<string, KeyRow>();
  const list = (prefix: string) =>
    [...rows.values()].filter((row) => row.key.startsWith(prefix)).sort((a, b) => (a.key < b.key ? -1 : 1));
  const matches = (key: string, cas: number | undefined) =>
    cas === undefined || cas === (rows.get(key)?.modifyIndex ?? 0);

  return {
    get: (key) => rows.get(key),
    list,
    put({ key, value, flags, cas }) {
      if (!matches(key, cas)) return false;
      const index = topics.current() + 1;
      rows.set(key, { key, value, flags, createIndex: rows.get(key)?.createIndex ?? index, modifyIndex: index });
      topics.commit(["kv", keyTopic(key)]);
      return true;
    },
    delete(key, { isRecursive, cas }) {
      if (!matches(key, cas)) return false;
      const gone = isRecursive ? list(key) : [rows.get(key)].filter((row) => row !== undefined);
      for (const row of gone) rows.delete(row.key);
      if (gone.length > 0)
        topics.commit(
          ["kv"],
          gone.map((row) => keyTopic(row.key)),
        );
      return true;
    },
    restore(row) {
      rows.set(row.key, row);
      topics.commit(["kv", keyTopic(row.key)]);
    },
    load(state) {
      rows.clear();
      for (const row of state.keys) rows.set(row.key, row);
    },
  };
}

/** The topic of one key. */
export function keyTopic(key: string): Topic {
  return `key:${key}`;
}
