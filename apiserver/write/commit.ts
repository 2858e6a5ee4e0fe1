import type { KubeObject } from "../../api-types/meta/object.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { beginsTerm, fenceGuards, LEASE_PREFIX, termKey, withoutTerm, withTerm } from "../built-in/lease-term.js";
import { conflict, resourceName } from "../http/failure.js";
import { decodeStored, rememberDecoded } from "../read/cache/decode.js";
import type { ApiContext, ResourceRequest } from "../read/context.js";
import { storedBytes } from "../read/encode.js";
import { servedObject, storageKey } from "../read/resource.js";
import type { Entry, TransactionOptions, Write, WriteResult } from "../storage/store.js";
import { isNoChange } from "./prepare/equality.js";

/** What to make of an object, in its stored shape. */
export type Decision =
  /** Store this, unless it is what stands there. */
  | { readonly type: "put"; readonly object: KubeObject }
  /** Remove it; `object` is its last state. */
  | { readonly type: "remove"; readonly object: KubeObject };

/** The outcome: the object in the shape the request serves. */
export interface Committed {
  readonly type: "created" | "updated" | "unchanged" | "removed";
  readonly object: KubeObject;
}

/** What to make of what stands there; throws when the write is refused. */
type Decide = (live: KubeObject | undefined) => Decision;

export interface CommitOptions {
  readonly decide: Decide;
  readonly isDryRun: boolean;
  /** The object is expected to be absent: it is not read first. */
  readonly isNew?: boolean;
}

/** Attempts to win against other writers of one object; twenty parallel patches must all get through. */
const ATTEMPTS_MAX = 64;
/** What a stored object may weigh: the limit of etcd's requests. */
const OBJECT_BYTES_MAX = 1_500_000;

/**
 * Lets `decide` say what becomes of the object, and stores that by compare-and-set, fenced when the request asks for it.
 * It is decided on the cached object first, because that is nearly always the current one: only what changes nothing or
 * is refused is decided again on a fresh read, and a write that another writer overtook on what stands there now.
 */
export async function commit(
  context: ApiContext,
  request: ResourceRequest,
  options: CommitOptions,
): Promise<Committed> {
  const key = storageKey(request.resource.prefix, request.namespace, request.name);
  let standing = await firstStanding(context, request, { ...options, key });
  for (let attempt = 1; ; attempt++) {
    const { entry, isFresh } = standing;
    const verdict = verdictOn(liveObject(context, request, entry), options.decide);
    if (verdict.type !== "write" && !isFresh) {
      standing = { entry: await context.store.get(key), isFresh: true };
      continue;
    }
    if (verdict.type === "refused") throw verdict.error;
    if (verdict.type === "unchanged") {
      return answer(context, request, { type: "unchanged", object: verdict.live, revision: entry?.revision ?? 0 });
    }
    if (options.isDryRun) return dryAnswer(request, verdict.live, verdict.decision);
    const outcome = await store(context, request, { ...verdict, key, entry });
    if (outcome.type === "committed") return outcome.committed;
    standing = { entry: outcome.entry, isFresh: true };
    if (attempt >= ATTEMPTS_MAX) throw conflict(request.resource.kind, request.name);
  }
}

/** What a write is decided on. */
interface Standing {
  readonly entry: Entry | undefined;
  /** Not from the cache. */
  readonly isFresh: boolean;
}

async function firstStanding(
  context: ApiContext,
  request: ResourceRequest,
  { key, isDryRun, isNew }: CommitOptions & { readonly key: string },
): Promise<Standing> {
  if (isDryRun) return { entry: await context.store.get(key), isFresh: true };
  const known = cachedEntry(context, request, key);
  if (known !== undefined) return { entry: known, isFresh: false };
  return { entry: isNew ? undefined : await context.store.get(key), isFresh: true };
}

const NO_BYTES = new Uint8Array();

/** What the cache holds, to be decided on at once: its bytes are not needed. Leases are always read: they decide who leads. */
function cachedEntry({ feed }: ApiContext, { resource }: ResourceRequest, key: string): Entry | undefined {
  if (resource.prefix === LEASE_PREFIX) return undefined;
  const version = feed.cacheOf(resource.prefix).get(key)?.metadata.resourceVersion;
  return version === undefined ? undefined : { key, value: NO_BYTES, revision: Number(version) };
}

/** What `decide` makes of an object; a refusal is kept, because it may rest on an old state. */
type Verdict =
  | { readonly type: "write"; readonly live: KubeObject | undefined; readonly decision: Decision }
  | { readonly type: "unchanged"; readonly live: KubeObject }
  | { readonly type: "refused"; readonly live: KubeObject | undefined; readonly error: unknown };

function verdictOn(live: KubeObject | undefined, decide: Decide): Verdict {
  try {
    const decision = decide(live);
    const isUnchanged = live !== undefined && decision.type === "put" && isNoChange(live, decision.object);
    return isUnchanged ? { type: "unchanged", live } : { type: "write", live, decision };
  } catch (error) {
    return { type: "refused", live, error };
  }
}

/** The stored object, decoded only when the cache does not hold this very revision. */
function liveObject(context: ApiContext, request: ResourceRequest, entry: Entry | undefined): KubeObject | undefined {
  if (entry === undefined) return undefined;
  const { resource } = request;
  const cached = context.feed.cacheOf(resource.prefix).get(entry.key);
  const isCurrent = cached?.metadata.resourceVersion === String(entry.revision);
  const live = isCurrent ? cached : decodeStored(resource, entry);
  if (live === undefined) return unreadable(request, entry);
  return resource.prefix === LEASE_PREFIX ? withoutTerm(live) : live;
}

/** What cannot be read can only be removed, and that must be possible. */
function unreadable({ verb, resource, namespace, name }: ResourceRequest, entry: Entry): KubeObject {
  if (verb !== "delete") {
    const message = `reading ${entry.key} at revision ${entry.revision}: the stored value is not readable; delete it`;
    throw new StatusError("InternalError", message);
  }
  const { apiVersion, kind } = resource.stored;
  const metadata = { name, ...(namespace !== undefined && { namespace }), resourceVersion: String(entry.revision) };
  return { apiVersion, kind, metadata };
}

type Outcome =
  | { readonly type: "committed"; readonly committed: Committed }
  /** Another writer was faster: this stands there now. */
  | { readonly type: "overtaken"; readonly entry: Entry | undefined };

async function store(
  context: ApiContext,
  request: ResourceRequest,
  {
    key,
    entry,
    live,
    decision,
  }: Extract<Verdict, { type: "write" }> & {
    readonly key: string;
    readonly entry: Entry | undefined;
  },
): Promise<Outcome> {
  const { object } = decision;
  const bytes = storedBytes(object);
  const write = writeOf(key, entry, { decision, bytes });
  // before the write: the watch may deliver these bytes before the write is acknowledged
  if (decision.type === "put") rememberDecoded(key, bytes, object);
  const result = await written(context, request, {
    decision,
    write: () => context.store.write(write, transactionOf(request, live, decision)),
  });
  if (result.type !== "committed") return { type: "overtaken", entry: conflictingEntry(request, result) };
  const type = decision.type === "remove" ? "removed" : entry === undefined ? "created" : "updated";
  const { revision } = result;
  const committed = await answer(context, request, { type, object, revision, bytes, before: live });
  return { type: "committed", committed };
}

/** Writes, and shows rules what is written until the caches do. */
async function written(
  { pending, feed }: ApiContext,
  { resource }: ResourceRequest,
  { decision, write }: { readonly decision: Decision; readonly write: () => Promise<WriteResult> },
): Promise<WriteResult> {
  if (decision.type === "remove" || !pending.follows(resource.stored.kind)) return write();
  const forget = pending.add(decision.object);
  try {
    const result = await write();
    if (result.type === "committed") feed.reach(result.revision).then(forget, forget);
    else forget();
    return result;
  } catch (error) {
    forget();
    throw error;
  }
}

function writeOf(
  key: string,
  entry: Entry | undefined,
  { decision, bytes }: { readonly decision: Decision; readonly bytes: Buffer },
): Write {
  if (decision.type === "remove") return { type: "delete", key, revision: entry?.revision ?? 0 };
  if (bytes.length > OBJECT_BYTES_MAX) {
    throw new StatusError("RequestEntityTooLarge", `storing ${key}: ${bytes.length} bytes exceed ${OBJECT_BYTES_MAX}`);
  }
  if (entry === undefined) return { type: "create", key, value: bytes };
  return { type: "update", key, value: bytes, revision: entry.revision };
}

function transactionOf(request: ResourceRequest, live: KubeObject | undefined, decision: Decision): TransactionOptions {
  const guards = fenceGuards(request.headers);
  if (request.resource.prefix !== LEASE_PREFIX) return { guards };
  const after = decision.type === "remove" ? undefined : decision.object;
  if (!beginsTerm(live, after)) return { guards };
  return { guards, internal: [{ key: termKey(request.namespace ?? "", request.name), value: Buffer.from("{}") }] };
}

function conflictingEntry(
  request: ResourceRequest,
  result: Exclude<WriteResult, { type: "committed" }>,
): Entry | undefined {
  if (result.type === "conflict") return result.entry;
  const { kind } = request.resource;
  throw new StatusError(
    "Fenced",
    `writing ${resourceName(kind)} "${request.name}": the term in ${request.headers["rackwright-fence"] ?? result.key} is over`,
    { details: { name: request.name, group: kind.group, kind: kind.plural } },
  );
}

interface Stored {
  readonly type: Committed["type"];
  readonly object: KubeObject;
  readonly revision: number;
  readonly bytes?: Buffer;
  readonly before?: KubeObject | undefined;
}

async function answer(context: ApiContext, request: ResourceRequest, stored: Stored): Promise<Committed> {
  const { resource, namespace, name } = request;
  const { type, object, revision } = stored;
  const cached = context.feed.cacheOf(resource.prefix).get(storageKey(resource.prefix, namespace, name));
  // in the same process the watch is often ahead of the acknowledgement: then its object and bytes are shared
  if (cached?.metadata.resourceVersion === String(revision)) return { type, object: servedObject(resource, cached) };
  const versioned = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
  if (resource.prefix !== LEASE_PREFIX) return { type, object: servedObject(resource, versioned) };
  const isNewTerm = stored.bytes !== undefined && beginsTerm(stored.before, object);
  const term = isNewTerm ? revision : (await context.store.get(termKey(namespace ?? "", name)))?.revision;
  return { type, object: withTerm(versioned, term ?? revision) };
}

function dryAnswer({ resource }: ResourceRequest, live: KubeObject | undefined, decision: Decision): Committed {
  const { resourceVersion: _version, ...metadata } = decision.object.metadata;
  const version = live?.metadata.resourceVersion;
  const object = {
    ...decision.object,
    metadata: { ...metadata, ...(version !== undefined && { resourceVersion: version }) },
  };
  const type = decision.type === "remove" ? "removed" : live === undefined ? "created" : "updated";
  return { type, object: servedObject(resource, object) };
}
