import type { KubeObject } from "../../api-types/meta/object.js";
import { isStatus, type StatusError } from "../../api-types/meta/status-error.js";
import { badRequest, expired, statusOf } from "../http/failure.js";
import type { Change } from "./cache/resource-cache.js";
import type { Answer, ApiContext, ResourceRequest } from "./context.js";
import { type EventType, eventLine, eventLineParts, plainEventLine } from "./encode.js";
import { type Past, pastChanges } from "./history.js";
import { candidates } from "./list.js";
import { listFault, parseVersion } from "./list-options.js";
import { servedObject } from "./resource.js";
import { parseSelection, type Selection } from "./selection.js";
import { type WatchQueue, watchQueue } from "./watch-queue.js";

/** How a watch writes its events: plain objects share their bytes, other forms are made per watcher. */
export interface WatchForm {
  /** The object as sent; undefined: the plain shared bytes. */
  readonly convert?: (object: KubeObject) => unknown;
  readonly onEvent?: () => void;
  /** Called once, when nobody reads any more. */
  readonly onEnd?: () => void;
}

/** Watches end by themselves after 30 to 60 minutes, so that clients spread over servers again. */
const TIMEOUT_MIN_SECONDS = 1800;
const BOOKMARK_PERIOD_MS = 60_000;

/** Answers a watch; every failure after the options were read is an ERROR event, then the end of the stream. */
export async function watchObjects(context: ApiContext, request: ResourceRequest, form: WatchForm): Promise<Answer> {
  const options = parseWatchOptions(request.query);
  const selection = parseSelection(request.resource, namedScope(request), request.query);
  try {
    await reachStart(context, options.start);
  } catch (error) {
    if (!isStatus(error)) throw error;
    return failed(error, form);
  }
  const past = await pastFor(context, request, options.start);
  const changes = options.start.type === "after" ? resumed(context, request, past) : [];
  if (changes === undefined) return failed(expired(), form);
  return { type: "stream", body: open({ context, request, options, selection, form }, changes).body };
}

async function reachStart({ feed }: ApiContext, start: Start): Promise<void> {
  if (start.type === "latest") await feed.fresh();
  if (start.type === "notOlderThan" || start.type === "after") await feed.reach(start.revision);
}

type Start =
  /** All that exists, first. `latest` waits for the newest state. */
  | { readonly type: "latest" | "any" }
  | { readonly type: "notOlderThan"; readonly revision: number }
  /** Only what happens after this revision. */
  | { readonly type: "after"; readonly revision: number };

interface WatchOptions {
  readonly start: Start;
  readonly hasInitialEvents: boolean;
  readonly hasBookmarks: boolean;
  readonly marksInitialEnd: boolean;
  readonly timeoutSeconds: number | undefined;
}

function parseWatchOptions(query: URLSearchParams): WatchOptions {
  const version = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const initial = query.get("sendInitialEvents");
  if (initial !== null && match !== "NotOlderThan") {
    throw listFault(
      "Forbidden",
      "resourceVersionMatch",
      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    );
  }
  if (initial === null && match !== "") {
    throw listFault(
      "Forbidden",
      "resourceVersionMatch",
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
  }
  const revision = version === "" ? 0 : parseVersion(version);
  const wantsInitial = initial === null ? revision === 0 : isTrue(initial);
  return {
    start: startOf(version, revision, { wantsInitial, isWatchList: initial !== null && wantsInitial }),
    hasInitialEvents: wantsInitial,
    hasBookmarks: isTrue(query.get("allowWatchBookmarks")),
    marksInitialEnd: initial !== null && wantsInitial,
    timeoutSeconds: parseTimeout(query.get("timeoutSeconds")),
  };
}

function startOf(
  version: string,
  revision: number,
  kind: { readonly wantsInitial: boolean; readonly isWatchList: boolean },
): Start {
  if (version === "") return { type: "latest" };
  if (revision === 0) return { type: "any" };
  return kind.wantsInitial ? { type: "notOlderThan", revision } : { type: "after", revision };
}

function isTrue(text: string | null): boolean {
  return text === "true" || text === "1" || text === "";
}

function parseTimeout(text: string | null): number | undefined {
  if (text === null || text === "" || text === "0") return undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`timeoutSeconds is not a number: "${text}"`);
  return Number(text);
}

function namedScope(request: ResourceRequest): { readonly namespace: string | undefined; readonly name?: string } {
  return { namespace: request.namespace, ...(request.name !== "" && { name: request.name }) };
}

/** Where the cache takes over: at once when it remembers the start, else after what the store's history tells. */
async function pastFor(context: ApiContext, { resource }: ResourceRequest, start: Start): Promise<Past | undefined> {
  if (start.type !== "after") return undefined;
  const isRemembered = context.feed.cacheOf(resource.prefix).since(start.revision) !== undefined;
  return isRemembered ? { changes: [], revision: start.revision } : pastChanges(context, resource, start.revision);
}

/** The changes since a revision; synchronous, for the subscription must follow without a gap. */
function resumed(
  context: ApiContext,
  { resource }: ResourceRequest,
  past: Past | undefined,
): readonly Change[] | undefined {
  const recent = past && context.feed.cacheOf(resource.prefix).since(past.revision);
  return recent && [...past.changes, ...recent];
}

function failed(error: StatusError, form: WatchForm): Answer {
  const queue = watchQueue([][Symbol.iterator](), () => form.onEnd?.());
  queue.push(plainEventLine("ERROR", statusOf(error)));
  queue.end();
  return { type: "stream", body: queue.body };
}

interface Watching {
  readonly context: ApiContext;
  readonly request: ResourceRequest;
  readonly options: WatchOptions;
  readonly selection: Selection;
  readonly form: WatchForm;
}

/** Takes the initial state and subscribes in one synchronous step: no change is missed or sent twice. */
function open(watching: Watching, changes: readonly Change[]): WatchQueue {
  const { context, request, options, selection } = watching;
  const { feed, clock } = context;
  const cache = feed.cacheOf(request.resource.prefix);
  const stops: (() => void)[] = [() => watching.form.onEnd?.()];
  const queue = watchQueue(initialLines(watching), () => {
    for (const stop of stops) stop();
  });
  const deliver = (change: Change) => {
    if (!change.key.startsWith(selection.prefix)) return;
    if (selection.key !== undefined && selection.key !== change.key) return;
    const line = lineFor(watching, change);
    if (line === undefined) return;
    watching.form.onEvent?.();
    queue.push(line);
  };
  stops.push(cache.listen({ change: deliver, reset: queue.end }));
  for (const change of changes) deliver(change);
  const bookmark = () => queue.push(bookmarkLine(watching, feed.revision()));
  if (options.hasBookmarks) stops.push(repeat(context, BOOKMARK_PERIOD_MS, bookmark));
  const seconds = options.timeoutSeconds ?? TIMEOUT_MIN_SECONDS + context.random.integer(TIMEOUT_MIN_SECONDS);
  const timeout = clock.schedule(seconds * 1000, () => {
    if (options.hasBookmarks) bookmark();
    queue.end();
  });
  stops.push(timeout.cancel);
  stops.push(onAbort(request.signal, queue.end));
  return queue;
}

function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal?.aborted) queueMicrotask(run);
  signal?.addEventListener("abort", run, { once: true });
  return () => signal?.removeEventListener("abort", run);
}

function repeat({ clock }: ApiContext, periodMs: number, run: () => void): () => void {
  const tick = () => {
    run();
    timer = clock.schedule(periodMs, tick);
  };
  let timer = clock.schedule(periodMs, tick);
  return () => timer.cancel();
}

function initialLines(watching: Watching): Iterator<Uint8Array> {
  const { context, request, options, selection, form } = watching;
  const objects = options.hasInitialEvents ? candidates(context, request, selection) : [];
  const revision = context.feed.revision();
  return lines();

  function* lines(): Generator<Uint8Array> {
    for (const object of objects) {
      if (!selection.matches(object)) continue;
      form.onEvent?.();
      const served = servedObject(request.resource, object);
      if (form.convert === undefined) yield* eventLineParts("ADDED", served);
      else yield plainEventLine("ADDED", form.convert(served));
    }
    if (options.marksInitialEnd && options.hasBookmarks) yield bookmarkLine(watching, revision, INITIAL_END);
  }
}

const INITIAL_END = { "k8s.io/initial-events-end": "true" };

function bookmarkLine(watching: Watching, revision: number, annotations?: Readonly<Record<string, string>>): Buffer {
  const { apiVersion, kind } = watching.request.resource.kind;
  const metadata = { resourceVersion: String(revision), creationTimestamp: null, ...(annotations && { annotations }) };
  const object = { kind, apiVersion, metadata };
  const { convert } = watching.form;
  // a bookmark is an object without a name: forms that only read metadata take it as it is
  return plainEventLine("BOOKMARK", convert === undefined ? object : convert(object as unknown as KubeObject));
}

/** The event as this watcher must see it: what leaves its selection is deleted for it, what enters is added. */
function lineFor({ request, selection, form }: Watching, change: Change): Uint8Array | undefined {
  const type = eventTypeFor(selection, change);
  if (type === undefined) return undefined;
  const stored = type === "DELETED" ? lastMatching(change) : change.object;
  const served = servedObject(request.resource, stored);
  return form.convert === undefined ? eventLine(type, served) : plainEventLine(type, form.convert(served));
}

function eventTypeFor(selection: Selection, change: Change): EventType | undefined {
  if (!selection.isNarrowed) return change.type;
  const isSelected = change.type !== "DELETED" && selection.matches(change.object);
  const wasSelected = change.previous !== undefined && selection.matches(change.previous);
  if (isSelected) return wasSelected ? "MODIFIED" : "ADDED";
  return wasSelected ? "DELETED" : undefined;
}

/** The last state that the watcher knew, with the version of the change; shared by all who lose it. */
function lastMatching(change: Change): KubeObject {
  if (change.type === "DELETED" || change.previous === undefined) return change.object;
  const known = departures.get(change);
  if (known !== undefined) return known;
  const metadata = { ...change.previous.metadata, resourceVersion: String(change.revision) };
  const object = { ...change.previous, metadata };
  departures.set(change, object);
  return object;
}

const departures = new WeakMap<Change, KubeObject>();
