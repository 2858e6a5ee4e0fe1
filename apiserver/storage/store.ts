import type { Observable } from "rxjs";

/** A stored value. `revision` is that of its last change: cluster-wide, growing, never reused, below 2^53. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
}

/** One page of a prefix in key order, as of `revision`; `hasMore` when the limit cut it. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly revision: number;
  readonly hasMore: boolean;
}

export interface ListOptions {
  /** The state as of this revision; unset: now, linearizable. Compacted: throws CompactedError. In the future: FutureRevisionError. */
  readonly atRevision?: number;
  readonly limit?: number;
  /** Entries with a key strictly after this one. */
  readonly startAfter?: string;
}

/** What to do with one key. Every write compares: nothing is overwritten unseen. */
export type Write =
  | { readonly type: "create"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "update"; readonly key: string; readonly value: Uint8Array; readonly revision: number }
  | { readonly type: "delete"; readonly key: string; readonly revision: number };

/** Conditions and internal writes of the same transaction (the fence, DESIGN section 8). */
export interface TransactionOptions {
  /** Each key must stand at this revision (0: absent), or nothing is written. */
  readonly guards?: readonly { readonly key: string; readonly revision: number }[];
  /** Internal keys set unconditionally; they carry the same revision and begin with `_`. */
  readonly internal?: readonly { readonly key: string; readonly value: Uint8Array }[];
}

/** `committed.revision` is the revision of the change. `conflict.entry` is what stands there now. */
export type WriteResult =
  | { readonly type: "committed"; readonly revision: number }
  | { readonly type: "conflict"; readonly entry: Entry | undefined }
  | { readonly type: "guardFailed"; readonly key: string };

/** A change, in order of revision. `previous` is the value before it, undefined for a creation. */
export type StoreEvent =
  | {
      readonly type: "put";
      readonly key: string;
      readonly value: Uint8Array;
      readonly revision: number;
      readonly previous: Uint8Array | undefined;
    }
  | { readonly type: "delete"; readonly key: string; readonly revision: number; readonly previous: Uint8Array }
  /** Every change up to `revision` has been delivered. */
  | { readonly type: "progress"; readonly revision: number };

/** Values by key, with compare-and-set and a history that can be watched. Keys are non-empty strings, ordered bytewise. */
export interface Store {
  /** The revision of the last change of any key; linearizable. */
  current(): Promise<number>;
  get(key: string): Promise<Entry | undefined>;
  list(prefix: string, options?: ListOptions): Promise<Page>;
  write(write: Write, options?: TransactionOptions): Promise<WriteResult>;
  /**
   * Changes below `prefix` after `afterRevision`, each exactly once and in order, then new ones as they happen.
   * Never completes; errors with CompactedError when the history is gone, or with the back end's fault after
   * which the caller may watch again from the last delivered revision; does not replay. Internal keys (`_…`) are never delivered.
   */
  watch$(prefix: string, afterRevision: number): Observable<StoreEvent>;
  close(): Promise<void>;
}

/** The asked revision is older than the kept history. */
export class CompactedError extends Error {
  override readonly name = "CompactedError";
  readonly compactedRevision: number;

  constructor(compactedRevision: number) {
    super(`revision is compacted; the oldest kept is ${compactedRevision}`);
    this.compactedRevision = compactedRevision;
  }
}

/** The asked revision does not exist yet. */
export class FutureRevisionError extends Error {
  override readonly name = "FutureRevisionError";
  readonly currentRevision: number;

  constructor(currentRevision: number) {
    super(`revision is in the future; the current one is ${currentRevision}`);
    this.currentRevision = currentRevision;
  }
}

/** The store did not answer: unreachable, closed, or an unknown outcome of a write (`isSent`). */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
  readonly isSent: boolean;

  constructor(message: string, options: { readonly isSent: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.isSent = options.isSent;
  }
}
