import type { Clock } from "../../platform/clock.js";
import { type Change, HISTORY_LIMITS, type HistoryLimits } from "./keyspace/change-log.js";
import { type Decision, decide, openKeyspace } from "./keyspace/keyspace.js";
import { type Watchers, watchersOf } from "./keyspace/watchers.js";
import { lockDirectory } from "./lmdb/directory-lock.js";
import { type Journal, openJournal } from "./lmdb/journal.js";
import {
  type Entry,
  type Store,
  StoreUnavailableError,
  type TransactionOptions,
  type Write,
  type WriteResult,
} from "./store.js";

export interface EmbeddedStoreOptions {
  /** Created when absent; held by one process at a time. */
  readonly directory: string;
  readonly clock: Clock;
  /** What the past must at least cover. */
  readonly history?: HistoryLimits;
}

/**
 * A durable store in one directory: everything is in memory, and a write returns when it is on the disk. Writes that
 * wait together are flushed together. Throws StatusError ServiceUnavailable when the directory is held or not usable.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  const { directory, clock } = options;
  const lock = await lockDirectory(directory, clock.now());
  try {
    const { journal, snapshot } = await openJournal(directory, clock.now() - clock.monotonic());
    const keyspace = openKeyspace(snapshot);
    const watchers = watchersOf(keyspace);
    const writer = writerOf({ ...options, journal, keyspace, watchers });
    return storeOf({ directory, keyspace, watchers, writer, release: lock.release });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

type Keyspace = ReturnType<typeof openKeyspace>;

/** Decides, makes durable, then applies: nobody reads what a crash could take back. */
interface Writer {
  write(write: Write, options: TransactionOptions): Promise<WriteResult>;
  /** Set when the disk failed: what is on it is not known until the next start. */
  failure(): StoreUnavailableError | undefined;
  close(): Promise<void>;
}

interface Waiting {
  readonly write: Write;
  readonly options: TransactionOptions;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: Error) => void;
}

/** So many writes at most share one flush: bounds how long the first of them waits. */
const BATCH_MAX = 1_000;

function storeOf(parts: {
  readonly directory: string;
  readonly keyspace: Keyspace;
  readonly watchers: Watchers;
  readonly writer: Writer;
  readonly release: () => Promise<void>;
}): Store {
  const { directory, keyspace, watchers, writer } = parts;
  const closedError = new StoreUnavailableError(`the store in ${directory} is closed`, { isSent: false });
  let closing: Promise<void> | undefined;

  async function open<T>(operation: () => T): Promise<Awaited<T>> {
    const failure = closing === undefined ? writer.failure() : closedError;
    if (failure !== undefined) throw failure;
    return await operation();
  }

  async function close(): Promise<void> {
    await writer.close();
    watchers.close(closedError);
    await parts.release();
  }

  return {
    current: () => open(keyspace.revision),
    get: (key) => open(() => keyspace.get(key)),
    list: (prefix, options = {}) => open(() => keyspace.list(prefix, options)),
    write: (write, options = {}) => open(() => writer.write(write, options)),
    watch$: watchers.watch$,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function writerOf(parts: EmbeddedStoreOptions & Committing): Writer {
  const { directory, journal } = parts;
  const queue: Waiting[] = [];
  let forgotten: readonly Change[] = [];
  let flushing: Promise<void> | undefined;
  let failure: StoreUnavailableError | undefined;

  async function flush(): Promise<void> {
    // one turn, so that everything asked for in this one is flushed together
    await Promise.resolve();
    while (queue.length > 0 && failure === undefined) {
      const batch = queue.splice(0, BATCH_MAX);
      try {
        forgotten = await commit(batch, forgotten, parts);
      } catch (cause) {
        failure = diskFailure(directory, cause);
        for (const waiting of [...batch, ...queue.splice(0)]) waiting.reject(failure);
        parts.watchers.close(failure);
      }
    }
    flushing = undefined;
  }

  function write(write: Write, options: TransactionOptions): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      queue.push({ write, options, resolve, reject });
      flushing ??= flush();
    });
  }

  async function close(): Promise<void> {
    await flushing;
    await journal.close();
  }

  return { write, failure: () => failure, close };
}

interface Committing {
  readonly clock: Clock;
  readonly history?: HistoryLimits;
  readonly journal: Journal;
  readonly keyspace: Keyspace;
  readonly watchers: Watchers;
}

/** One flush; what it made forgettable, which the next one removes from the disk. */
async function commit(
  batch: readonly Waiting[],
  forgotten: readonly Change[],
  { clock, history = HISTORY_LIMITS, journal, keyspace, watchers }: Committing,
): Promise<readonly Change[]> {
  const atMs = clock.monotonic();
  const { results, changes, revision } = decideAll(batch, keyspace, atMs);
  if (changes.length > 0) {
    const compactedRevision = keyspace.log.compactedRevision();
    await journal.append({ changes, forgotten, revision, compactedRevision, wallOffsetMs: clock.now() - atMs });
    keyspace.apply(changes);
    watchers.notify();
  }
  for (const [index, waiting] of batch.entries()) {
    // there is one result for each of the batch
    waiting.resolve(results[index]!);
  }
  return changes.length > 0 ? keyspace.log.compact(history, atMs) : forgotten;
}

/** Decides each write of a batch as if those before it were already done. */
function decideAll(batch: readonly Waiting[], keyspace: Keyspace, atMs: number) {
  const pending = new Map<string, Entry | undefined>();
  const read = (key: string) => (pending.has(key) ? pending.get(key) : keyspace.get(key));
  const changes: Change[] = [];
  let revision = keyspace.revision();
  const results = batch.map(({ write, options }): WriteResult => {
    const decision: Decision = decide(write, options, { read, revision: revision + 1, atMs });
    if (decision.type === "refuse") return decision.result;
    revision += 1;
    for (const change of decision.changes) {
      pending.set(change.key, change.entry);
      changes.push(change);
    }
    return { type: "committed", revision };
  });
  return { results, changes, revision };
}

function diskFailure(directory: string, cause: unknown): StoreUnavailableError {
  const fault = cause instanceof Error ? cause.message : String(cause);
  const message = `writing the store in ${directory}: ${fault}; check the disk and its free space, then start again`;
  return new StoreUnavailableError(message, { isSent: true, cause });
}
