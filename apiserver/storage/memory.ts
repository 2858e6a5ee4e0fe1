import type { Clock } from "../../platform/clock.js";
import { HISTORY_LIMITS, type HistoryLimits } from "./keyspace/change-log.js";
import { decide, EMPTY_SNAPSHOT, openKeyspace } from "./keyspace/keyspace.js";
import { watchersOf } from "./keyspace/watchers.js";
import { type Store, StoreUnavailableError, type TransactionOptions, type Write, type WriteResult } from "./store.js";

/**
 * A store that lives as long as the process: for simulation and tests. Writes take effect in the order of the calls,
 * and watchers see them in the next microtask. Values are kept by reference: nobody may change their bytes.
 */
export function memoryStore({ clock, history = HISTORY_LIMITS }: MemoryStoreOptions): Store {
  const keyspace = openKeyspace(EMPTY_SNAPSHOT);
  const watchers = watchersOf(keyspace);
  let isClosed = false;

  function write(write: Write, options: TransactionOptions = {}): WriteResult {
    const revision = keyspace.revision() + 1;
    const atMs = clock.monotonic();
    const decision = decide(write, options, { read: keyspace.get, revision, atMs });
    if (decision.type === "refuse") return decision.result;
    keyspace.apply(decision.changes);
    keyspace.log.compact(history, atMs);
    watchers.notify();
    return { type: "committed", revision };
  }

  async function open<T>(operation: () => T): Promise<T> {
    if (isClosed) throw new StoreUnavailableError("the memory store is closed", { isSent: false });
    return operation();
  }

  return {
    current: () => open(keyspace.revision),
    get: (key) => open(() => keyspace.get(key)),
    list: (prefix, options = {}) => open(() => keyspace.list(prefix, options)),
    write: (change, options) => open(() => write(change, options)),
    watch$: watchers.watch$,
    async close() {
      isClosed = true;
      watchers.close(new StoreUnavailableError("the memory store is closed", { isSent: false }));
    },
  };
}

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** What the past must at least cover. */
  readonly history?: HistoryLimits;
}
