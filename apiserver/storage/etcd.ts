import type { ICompare, IRangeRequest, IRequestOp, ITxnRequest, ITxnResponse } from "etcd3";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import { connectEtcd, type EtcdConnection, type EtcdConnectionOptions } from "./etcd-wire/connection.js";
import { COMPACTED, FUTURE, faultOf, TOO_LARGE } from "./etcd-wire/fault.js";
import { afterKey, type Layout, layoutBelow } from "./etcd-wire/layout.js";
import { type Laggard, watchEtcd$ } from "./etcd-wire/watch.js";
import { isBelow, isInternal } from "./keyspace/order.js";
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type Page,
  type Store,
  StoreUnavailableError,
  type TransactionOptions,
  type Write,
  type WriteResult,
} from "./store.js";

export interface EtcdStoreOptions extends EtcdConnectionOptions {
  /** All keys are `/<prefix>/<key>`. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A store in an etcd cluster, 3.4 or later; connects when it is first used. Calls take 5 s at most. */
export function openEtcdStore(options: EtcdStoreOptions): Store {
  const connection = connectEtcd(options);
  const layout = layoutBelow(options.prefix);
  const laggards = new Set<Laggard>();
  let isClosed = false;

  async function open<T>(operation: () => Promise<T>): Promise<T> {
    if (isClosed) throw closedError();
    return operation();
  }

  async function current(): Promise<number> {
    const { header } = await connection.range({ ...layout.rangeOf(""), limit: 1, keys_only: true });
    const revision = Number(header.revision);
    // who asks for the present wants watches to reach it: etcd tells an idle one only when it is asked
    for (const each of laggards) if (each.delivered() < revision) each.requestProgress();
    return revision;
  }

  async function get(key: string): Promise<Entry | undefined> {
    const { kvs } = await connection.range({ key: layout.keyOf(key) });
    return kvs[0] && layout.entryOf(kvs[0]);
  }

  return {
    current: () => open(current),
    get: (key) => open(() => get(key)),
    list: (prefix, listing = {}) => open(() => list({ connection, layout, current }, prefix, listing)),
    write: (write, transaction = {}) => open(() => transact({ connection, layout }, write, transaction)),
    watch$: (prefix, afterRevision) => {
      const keyOf = (raw: Buffer) => {
        const key = layout.nameOf(raw);
        return isInternal(key) ? undefined : key;
      };
      return watchEtcd$({ ...options, connection, laggards, afterRevision, keyOf, range: layout.rangeOf(prefix) });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      for (const each of [...laggards]) each.fail(closedError());
      connection.close();
    },
  };
}

function closedError(): StoreUnavailableError {
  return new StoreUnavailableError("the etcd store is closed", { isSent: false });
}

interface Reading {
  readonly connection: EtcdConnection;
  readonly layout: Layout;
  readonly current: () => Promise<number>;
}

/** So many entries at most come in one response. */
const RANGE_MAX = 500;

/** Pages through one revision: the asked one, or the one that the first response tells. */
async function list(reading: Reading, prefix: string, options: ListOptions): Promise<Page> {
  const { connection, layout } = reading;
  const limit = options.limit || Number.POSITIVE_INFINITY;
  const range = layout.rangeOf(prefix);
  const entries: Entry[] = [];
  let revision = options.atRevision;
  let key = options.startAfter === undefined ? range.key : afterKey(range.key, layout.keyOf(options.startAfter));
  for (;;) {
    // one more than asked for tells whether there is more
    const request: IRangeRequest = { ...range, key, limit: Math.min(RANGE_MAX, limit - entries.length + 1) };
    if (revision !== undefined) request.revision = revision;
    const response = await connection
      .range(request)
      .catch((error: unknown) => refuseRevision(error, reading, revision));
    revision ??= Number(response.header.revision);
    entries.push(...response.kvs.map(layout.entryOf).filter((entry) => isBelow(entry.key, prefix)));
    const last = response.kvs.at(-1);
    if (entries.length > limit) return { entries: entries.slice(0, limit), revision, hasMore: true };
    if (!response.more || last === undefined) return { entries, revision, hasMore: false };
    key = afterKey(key, last.key);
  }
}

async function refuseRevision(error: unknown, { connection, layout, current }: Reading, revision = 0): Promise<never> {
  const { message } = faultOf(error);
  if (message.includes(FUTURE)) throw new FutureRevisionError(await current());
  if (message.includes(COMPACTED)) throw new CompactedError(await oldestAfter(connection, layout, revision));
  throw error;
}

/** The oldest revision that etcd still tells: it names it to nobody but to a watch, so the bounds are tried. */
async function oldestAfter(connection: EtcdConnection, layout: Layout, compacted: number): Promise<number> {
  const probe = { ...layout.rangeOf(""), limit: 1, keys_only: true };
  const { header } = await connection.range(probe);
  let gone = compacted;
  let kept = Number(header.revision);
  while (kept - gone > 1) {
    const middle = Math.floor((gone + kept) / 2);
    const isKept = await connection.range({ ...probe, revision: middle }).then(
      () => true,
      (error: unknown) => {
        if (!faultOf(error).message.includes(COMPACTED)) throw error;
        return false;
      },
    );
    if (isKept) kept = middle;
    else gone = middle;
  }
  return kept;
}

interface Writing {
  readonly connection: EtcdConnection;
  readonly layout: Layout;
}

/** One transaction: all compares, then the change and the internal keys; or else, in the same moment, what stands there. */
async function transact(
  { connection, layout }: Writing,
  write: Write,
  { guards = [], internal = [] }: TransactionOptions,
): Promise<WriteResult> {
  const read = (key: string): IRequestOp => ({ request_range: { key: layout.keyOf(key) } });
  const put = (key: string, value: Uint8Array): IRequestOp => ({
    request_put: { key: layout.keyOf(key), value: Buffer.from(value) },
  });
  const request: ITxnRequest = {
    compare: [...guards.map((guard) => isAt(layout, guard.key, guard.revision)), ...standingOf(layout, write)],
    success: [
      write.type === "delete"
        ? { request_delete_range: { key: layout.keyOf(write.key) } }
        : put(write.key, write.value),
      ...internal.map(({ key, value }) => put(key, value)),
    ],
    failure: [...guards.map((guard) => read(guard.key)), read(write.key)],
  };
  const response = await connection.txn(request).catch((error: unknown) => refuseSize(error, write));
  if (response.succeeded) return { type: "committed", revision: Number(response.header.revision) };
  return refusalOf(layout, response, guards);
}

/** `MOD` equals; a key that is absent has the revision 0. */
function isAt(layout: Layout, key: string, revision: number): ICompare {
  return { key: layout.keyOf(key), target: "Mod", result: "Equal", mod_revision: revision };
}

function standingOf(layout: Layout, write: Write): readonly ICompare[] {
  if (write.type === "create") return [isAt(layout, write.key, 0)];
  const exists: ICompare = { key: layout.keyOf(write.key), target: "Create", result: "Greater", create_revision: 0 };
  return [isAt(layout, write.key, write.revision), exists];
}

function refusalOf(
  layout: Layout,
  { responses }: ITxnResponse,
  guards: TransactionOptions["guards"] = [],
): WriteResult {
  const standing = responses.map((response) => response.response_range.kvs[0]);
  const failed = guards.find((guard, index) => Number(standing[index]?.mod_revision ?? 0) !== guard.revision);
  if (failed !== undefined) return { type: "guardFailed", key: failed.key };
  const found = standing[guards.length];
  return { type: "conflict", entry: found && layout.entryOf(found) };
}

function refuseSize(error: unknown, write: Write): never {
  if (!TOO_LARGE.some((text) => faultOf(error).message.includes(text))) throw error;
  const size = write.type === "delete" ? 0 : write.value.length;
  const message = `storing ${write.key}: ${size} bytes are more than etcd takes (--max-request-bytes); make the object smaller`;
  throw new StatusError("RequestEntityTooLarge", message, { cause: error });
}
