import type { Observable } from "rxjs";
import type { Kind, ObjectOf } from "../api-types/meta/kind.js";

/** Which object: `namespace` is unset for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

export interface ListQuery {
  /** Unset: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
}

/** One page; `resourceVersion` is the state's, to watch from. */
export interface ObjectPage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue: string | undefined;
}

export interface WriteOptions {
  readonly isDryRun?: boolean;
  /** Recorded as the manager of the changed fields. */
  readonly fieldManager?: string;
}

export interface DeleteOptions extends WriteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

/** Any object as it may be sent: what the server fills in is left out. */
export type Draft<K> = Partial<ObjectOf<K>> & {
  readonly metadata: Partial<ObjectOf<K> extends { metadata: infer M } ? M : never>;
};

/** The status fields of one manager. */
export interface StatusReport {
  readonly status: unknown;
  readonly fieldManager: string;
  /** The report is refused when another object has taken the name. */
  readonly uid?: string;
}

/** The API verbs, typed by kind; the only way to the API, for everyone. Every failure is a StatusError. */
export interface Client {
  list<K extends Kind>(kind: K, query?: ListQuery): Promise<ObjectPage<ObjectOf<K>>>;
  get<K extends Kind>(kind: K, key: ObjectKey): Promise<ObjectOf<K>>;
  create<K extends Kind>(kind: K, object: Draft<K>, options?: WriteOptions): Promise<ObjectOf<K>>;
  /** Compare-and-set by `metadata.resourceVersion`. */
  update<K extends Kind>(kind: K, object: ObjectOf<K>, options?: WriteOptions): Promise<ObjectOf<K>>;
  /** Server-side apply with force; creates what is absent. */
  apply<K extends Kind>(
    kind: K,
    object: Draft<K>,
    options: WriteOptions & { readonly fieldManager: string },
  ): Promise<ObjectOf<K>>;
  /** Server-side apply of `status` to the status subresource, with force: each manager owns what it sends, and only that. */
  applyStatus<K extends Kind>(kind: K, key: ObjectKey, report: StatusReport): Promise<ObjectOf<K>>;
  /** JSON merge patch (RFC 7386). */
  patch<K extends Kind>(
    kind: K,
    key: ObjectKey,
    patch: unknown,
    options?: WriteOptions & { readonly subresource?: "status" | "scale" },
  ): Promise<ObjectOf<K>>;
  delete<K extends Kind>(kind: K, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  /**
   * Changes after `resourceVersion`. Completes when the server ends the stream; errors with StatusError (Expired: list
   * again); does not replay.
   */
  watch$<K extends Kind>(
    kind: K,
    query: ListQuery & { readonly resourceVersion: string },
  ): Observable<WatchEvent<ObjectOf<K>>>;
  /** The same client whose writes carry this fence; a stale term makes them fail with reason Fenced. */
  withFence(fence: { readonly namespace: string; readonly lease: string; readonly term: string }): Client;
}
