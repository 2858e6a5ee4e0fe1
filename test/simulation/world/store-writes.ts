import type { Store } from "../../../apiserver/storage/store.js";
import type { Clock } from "../../../platform/clock.js";

/** One committed change of a stored object. */
export interface StoreWrite {
  readonly at: number;
  readonly type: "create" | "update" | "delete";
  readonly key: string;
}

/** The same store, whose changes are written down. */
export function countedStore(inner: Store, clock: Clock): { readonly store: Store; readonly writes: StoreWrite[] } {
  const writes: StoreWrite[] = [];
  const store: Store = {
    ...inner,
    async write(change, options) {
      const result = await inner.write(change, options);
      if (result.type === "committed") writes.push({ at: clock.monotonic(), type: change.type, key: change.key });
      return result;
    },
  };
  return { store, writes };
}

/** Written for ever on a rack that stands still: leases, what tells of the past, and at most once a minute a sample. */
export function isHousekeeping({ key }: StoreWrite): boolean {
  return /^(coordination\.k8s\.io\/leases|core\/events|rackwright\.dev\/scalingpolicies)\//.test(key);
}
