/** Where and when a view was taken. A lower `index` in the same epoch, or an older epoch, is a view gone back (R7). */
export interface Origin {
  readonly source: string;
  /** Identity of the answering authority, e.g. Mesos master id + framework id, Consul leader term, switch boot id. */
  readonly epoch: string;
  readonly index: number;
  /** Monotonic milliseconds. */
  readonly takenAt: number;
}

/**
 * What a back end said (SAFETY section 2.1). Unknown has no items: "empty because it failed" cannot be written.
 * Only Complete, twice, one period apart, allows a removal on the ground of absence.
 */
export type Observation<Item> =
  | { readonly type: "Complete"; readonly items: ReadonlyMap<string, Item>; readonly origin: Origin }
  | {
      readonly type: "Partial";
      readonly items: ReadonlyMap<string, Item>;
      readonly reason: string;
      readonly origin: Origin;
    }
  | { readonly type: "Unknown"; readonly reason: string; readonly since: number; readonly source: string };

/** The answer to a keyed read: `absent` is a statement of the back end, `unknown` is no answer. */
export type Reading<Item> =
  | { readonly type: "present"; readonly item: Item }
  | { readonly type: "absent" }
  | { readonly type: "unknown"; readonly reason: string };

/** Who created something outside: `identity/kind/namespace/name/uid/term` (DESIGN section 8, Identity). */
export interface Stamp {
  readonly identity: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly term: number;
}

/** The stamp as one string, for back ends that hold strings. */
export function formatStamp(stamp: Stamp): string {
  return [stamp.identity, stamp.kind, stamp.namespace, stamp.name, stamp.uid, stamp.term].join("/");
}

/** Undefined when `text` is not a stamp. */
export function parseStamp(text: string | undefined): Stamp | undefined {
  const parts = text?.split("/");
  if (parts?.length !== 6) return undefined;
  const [identity = "", kind = "", namespace = "", name = "", uid = "", termText = ""] = parts;
  const term = Number(termText);
  if (identity === "" || name === "" || !Number.isSafeInteger(term)) return undefined;
  return { identity, kind, namespace, name, uid, term };
}
