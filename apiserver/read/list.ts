import type { KubeObject } from "../../api-types/meta/object.js";
import { expired, notFound, tooLargeVersion } from "../http/failure.js";
import { CompactedError, FutureRevisionError } from "../storage/store.js";
import { decodeStored } from "./cache/decode.js";
import type { Answer, ApiContext, ResourceRequest } from "./context.js";
import { encodeToken, type Freshness, parseListOptions, parseVersion } from "./list-options.js";
import { servedObject, storageKey } from "./resource.js";
import { parseSelection, type Selection } from "./selection.js";

/** Answers GET of one object, at least as new as the request asks. */
export async function getObject(context: ApiContext, request: ResourceRequest): Promise<KubeObject> {
  const { resource, namespace, name } = request;
  const version = request.query.get("resourceVersion") ?? "";
  if (version === "") await context.feed.fresh();
  else if (version !== "0") await context.feed.reach(parseVersion(version));
  const stored = context.feed.cacheOf(resource.prefix).get(storageKey(resource.prefix, namespace, name));
  if (stored === undefined) throw notFound(resource.kind, name);
  return servedObject(resource, stored);
}

/** Answers a list: one snapshot, cut into pages by `limit` and `continue`. */
export async function listObjects(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = parseListOptions(request.query);
  const selection = parseSelection(request.resource, { namespace: request.namespace }, request.query);
  const { continueAt } = options;
  const exact = continueAt?.revision ?? (options.freshness.type === "exact" ? options.freshness.revision : undefined);
  if (exact === undefined) await waitUntil(context, options.freshness);
  const limit = options.freshness.type === "any" ? undefined : options.limit;
  const page = await readPage(context, request, { selection, exact, limit, startAfter: continueAt?.startAfter });
  const items = page.objects.map((stored) => servedObject(request.resource, stored));
  return { type: "list", items, metadata: metadataOf(page, request, selection) };
}

/** The selected objects as they are now; for verbs that work on a whole collection. */
export async function selectNow(context: ApiContext, request: ResourceRequest): Promise<readonly KubeObject[]> {
  const selection = parseSelection(request.resource, { namespace: request.namespace }, request.query);
  await context.feed.fresh();
  return candidates(context, request, selection).filter(selection.matches);
}

/** The cached objects that can match, in key order. */
export function candidates(
  context: ApiContext,
  request: Pick<ResourceRequest, "resource">,
  selection: Selection,
): readonly KubeObject[] {
  const cache = context.feed.cacheOf(request.resource.prefix);
  if (selection.key === undefined) return cache.range(selection.prefix);
  const only = cache.get(selection.key);
  return only === undefined ? [] : [only];
}

interface Page {
  readonly objects: readonly KubeObject[];
  readonly revision: number;
  readonly remaining: number;
  readonly hasMore: boolean;
}

interface PageOptions {
  readonly selection: Selection;
  /** The state as of this revision; undefined: what the cache holds. */
  readonly exact: number | undefined;
  readonly limit: number | undefined;
  readonly startAfter: string | undefined;
}

async function waitUntil({ feed }: ApiContext, freshness: Freshness): Promise<void> {
  if (freshness.type === "latest") await feed.fresh();
  if (freshness.type === "notOlderThan") await feed.reach(freshness.revision);
}

async function readPage(context: ApiContext, request: ResourceRequest, options: PageOptions): Promise<Page> {
  const { feed } = context;
  const cache = feed.cacheOf(request.resource.prefix);
  const { exact } = options;
  // the cache still holds the asked state when this resource has not changed since
  const isCached = exact === undefined || (exact >= cache.changedAt() && exact <= feed.revision());
  if (!isCached) return storePage(context, request, { ...options, exact });
  const revision = exact ?? feed.revision();
  const all =
    options.startAfter === undefined
      ? candidates(context, request, options.selection)
      : cache.range(options.selection.prefix, options.startAfter);
  return cut(all, options, revision);
}

function cut(all: readonly KubeObject[], options: PageOptions, revision: number): Page {
  const { selection, limit = Number.POSITIVE_INFINITY } = options;
  if (!selection.isNarrowed) {
    const objects = all.length > limit ? all.slice(0, limit) : all;
    return { objects, revision, remaining: all.length - objects.length, hasMore: all.length > objects.length };
  }
  const objects: KubeObject[] = [];
  for (const object of all) {
    if (!selection.matches(object)) continue;
    if (objects.length === limit) return { objects, revision, remaining: 0, hasMore: true };
    objects.push(object);
  }
  return { objects, revision, remaining: 0, hasMore: false };
}

/** Entries asked of the store at once when a selector may drop most of them. */
const STORE_PAGE_SIZE = 1000;

async function storePage(
  context: ApiContext,
  { resource }: ResourceRequest,
  options: PageOptions & { readonly exact: number },
): Promise<Page> {
  const { selection, limit = Number.POSITIVE_INFINITY, exact } = options;
  const objects: KubeObject[] = [];
  let startAfter = options.startAfter;
  for (;;) {
    const page = await historyPage(context, selection.prefix, {
      atRevision: exact,
      limit: STORE_PAGE_SIZE,
      ...(startAfter !== undefined && { startAfter }),
    });
    for (const entry of page.entries) {
      const object = decodeStored(resource, entry);
      if (object === undefined || !selection.matches(object)) continue;
      if (objects.length === limit) return { objects, revision: exact, remaining: 0, hasMore: true };
      objects.push(object);
    }
    startAfter = page.entries[page.entries.length - 1]?.key;
    if (!page.hasMore || startAfter === undefined) return { objects, revision: exact, remaining: 0, hasMore: false };
  }
}

async function historyPage(
  { store }: ApiContext,
  prefix: string,
  options: { readonly atRevision: number; readonly limit: number; readonly startAfter?: string },
) {
  try {
    return await store.list(prefix, options);
  } catch (error) {
    if (error instanceof CompactedError) throw expired();
    if (error instanceof FutureRevisionError) throw tooLargeVersion(options.atRevision, error.currentRevision);
    throw error;
  }
}

function metadataOf(page: Page, { resource }: ResourceRequest, selection: Selection) {
  const resourceVersion = String(page.revision);
  const last = page.objects[page.objects.length - 1];
  if (!page.hasMore || last === undefined) return { resourceVersion };
  const startAfter = storageKey(resource.prefix, last.metadata.namespace, last.metadata.name);
  return {
    resourceVersion,
    continue: encodeToken({ revision: page.revision, startAfter }),
    ...(!selection.isNarrowed && page.remaining > 0 && { remainingItemCount: page.remaining }),
  };
}
