import type { Kind } from "../../api-types/meta/kind.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { STATUS_CODES, StatusError } from "../../api-types/meta/status-error.js";
import type { HttpHandler, HttpRequest, HttpResponse } from "../../platform/transport.js";

/** A small API server for tests of what stands on the client: versions, history, finalizers and faults, no validation. */
export interface FakeApi {
  readonly handler: HttpHandler;
  /** Every request, as `METHOD path?query`. */
  readonly requests: readonly string[];
  /** Writes past the API; undefined deletes. The event reaches watchers unless they are deaf. */
  put(key: string, change: Partial<KubeObject> | undefined): void;
  object(key: string): KubeObject | undefined;
  objects(): readonly KubeObject[];
  version(): number;
  /** Forgets the history: a watch from before gets 410. */
  compact(): void;
  /** Ends every open watch. */
  endWatches(): void;
  /** While set, each request is answered with this error. */
  failWith(error: StatusError | undefined): void;
  /** While set, watchers hear nothing. */
  deafen(isDeaf: boolean): void;
}

interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly version: number;
}

interface State {
  readonly kind: Kind;
  readonly objects: Map<string, KubeObject>;
  readonly requests: string[];
  readonly streams: Set<Stream>;
  history: Change[];
  version: number;
  oldest: number;
  uid: number;
  failure: StatusError | undefined;
  isDeaf: boolean;
}

/** Serves one kind; the first version is 100. */
export function fakeApi(kind: Kind): FakeApi {
  const state: State = {
    kind,
    objects: new Map(),
    requests: [],
    streams: new Set(),
    history: [],
    version: 100,
    oldest: 100,
    uid: 0,
    failure: undefined,
    isDeaf: false,
  };
  return {
    handler: (request) => handle(state, request),
    requests: state.requests,
    put: (key, change) => void write(state, key, change && { ...blank(state, key), ...change }),
    object: (key) => state.objects.get(key),
    objects: () => [...state.objects.values()],
    version: () => state.version,
    compact() {
      state.history = [];
      state.oldest = state.version;
    },
    endWatches() {
      for (const stream of state.streams) stream.end();
    },
    failWith(error) {
      state.failure = error;
    },
    deafen(isDeaf) {
      state.isDeaf = isDeaf;
    },
  };
}

function blank(state: State, key: string): KubeObject {
  const [name = key, namespace] = key.split("/").reverse();
  const known = state.objects.get(key);
  if (known !== undefined) return known;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), uid: `uid-${++state.uid}` };
  return { apiVersion: state.kind.apiVersion, kind: state.kind.kind, metadata };
}

function write(state: State, key: string, next: KubeObject | undefined): KubeObject | undefined {
  const previous = state.objects.get(key);
  const written = next ?? previous;
  if (written === undefined) return undefined;
  state.version += 1;
  const metadata = { ...written.metadata, resourceVersion: String(state.version) };
  const object: KubeObject = { ...written, metadata };
  if (next === undefined) state.objects.delete(key);
  else state.objects.set(key, object);
  const type = next === undefined ? "DELETED" : previous === undefined ? "ADDED" : "MODIFIED";
  const change: Change = { type, object, version: state.version };
  state.history.push(change);
  if (!state.isDeaf) for (const stream of state.streams) stream.push(change);
  return object;
}

async function handle(state: State, request: HttpRequest): Promise<HttpResponse> {
  const url = new URL(request.url, "http://fake");
  state.requests.push(`${request.method} ${url.pathname}${url.search}`);
  try {
    if (state.failure !== undefined) throw state.failure;
    if (url.searchParams.get("watch") === "true") return watch(state, url, request.signal);
    return json(200, answer(state, request, url));
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return json(error.code, statusOf(error));
  }
}

function answer(state: State, request: HttpRequest, url: URL): unknown {
  const { key, isStatus } = route(state, url.pathname);
  const body: Partial<KubeObject> = request.body === undefined ? {} : JSON.parse(Buffer.from(request.body).toString());
  if (request.method === "POST") return create(state, body);
  if (request.method === "GET" && key === undefined) return list(state, url);
  const known = state.objects.get(key ?? "");
  if (known === undefined) throw new StatusError("NotFound", `${state.kind.plural} "${key}" not found`);
  switch (request.method) {
    case "GET":
      return known;
    case "DELETE":
      return remove(state, key ?? "", known);
    default:
      return change(state, { key: key ?? "", known, body, isStatus });
  }
}

function route(state: State, path: string): { readonly key: string | undefined; readonly isStatus: boolean } {
  const parts = path.split("/").filter(Boolean);
  const at = parts.indexOf(state.kind.plural);
  const namespace = parts[at - 2] === "namespaces" ? parts[at - 1] : undefined;
  const name = parts[at + 1];
  const key = namespace === undefined ? name : name === undefined ? `${namespace}/` : `${namespace}/${name}`;
  return { key: key?.endsWith("/") ? undefined : key, isStatus: parts[at + 2] === "status" };
}

function create(state: State, body: Partial<KubeObject>): KubeObject {
  const { name = "", namespace } = body.metadata ?? { name: "" };
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  if (state.objects.has(key)) throw new StatusError("AlreadyExists", `${state.kind.plural} "${name}" already exists`);
  const base = blank(state, key);
  return write(state, key, { ...base, ...body, metadata: { ...body.metadata, ...base.metadata } }) ?? base;
}

function list(state: State, url: URL): unknown {
  const limit = Number(url.searchParams.get("limit") ?? Number.POSITIVE_INFINITY);
  const start = Number(url.searchParams.get("continue") ?? 0);
  const all = [...state.objects.values()];
  const items = all.slice(start, start + limit);
  const isLast = start + limit >= all.length;
  const metadata = { resourceVersion: String(state.version), continue: isLast ? "" : String(start + limit) };
  return { apiVersion: state.kind.apiVersion, kind: `${state.kind.kind}List`, metadata, items };
}

function remove(state: State, key: string, known: KubeObject): unknown {
  if ((known.metadata.finalizers ?? []).length > 0) {
    return write(state, key, { ...known, metadata: { ...known.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
  }
  write(state, key, undefined);
  return { apiVersion: "v1", kind: "Status", status: "Success" };
}

interface Update {
  readonly key: string;
  readonly known: KubeObject;
  readonly body: Partial<KubeObject>;
  readonly isStatus: boolean;
}

/** PUT and the patches alike: one level of metadata is merged, status replaced field by field. */
function change(state: State, { key, known, body, isStatus }: Update): KubeObject {
  const version = body.metadata?.resourceVersion;
  if (version !== undefined && version !== known.metadata.resourceVersion) {
    throw new StatusError("Conflict", `${state.kind.plural} "${key}": the object has been modified`);
  }
  const status = { ...(known.status as object | undefined), ...(body.status as object | undefined) };
  const next = isStatus
    ? { ...known, status }
    : { ...known, ...body, metadata: { ...known.metadata, ...body.metadata, uid: known.metadata.uid } };
  const isGone = next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0;
  const written = write(state, key, isGone ? undefined : (next as KubeObject)); // known was an object
  return isGone || written === undefined ? (next as KubeObject) : written; // as above
}

/** Bytes of a watch, pulled by its reader. */
interface Stream {
  push(change: Change): void;
  end(): void;
}

function watch(state: State, url: URL, signal: AbortSignal | undefined): HttpResponse {
  const from = Number(url.searchParams.get("resourceVersion"));
  if (from < state.oldest) {
    const error = new StatusError("Expired", "too old resource version");
    const body = Buffer.from(`${JSON.stringify({ type: "ERROR", object: statusOf(error) })}\n`);
    return { status: 200, headers: {}, body };
  }
  return { status: 200, headers: {}, body: stream(state, from, signal) };
}

async function* stream(state: State, from: number, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  const queue: Change[] = state.history.filter((entry) => entry.version > from);
  let isOpen = true;
  let wake = () => {};
  const self: Stream = {
    push(entry) {
      queue.push(entry);
      wake();
    },
    end() {
      isOpen = false;
      wake();
    },
  };
  signal?.addEventListener("abort", self.end);
  state.streams.add(self);
  try {
    while (isOpen) {
      const next = queue.shift();
      if (next !== undefined) yield Buffer.from(`${JSON.stringify({ type: next.type, object: next.object })}\n`);
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    state.streams.delete(self);
  }
}

function statusOf(error: StatusError): unknown {
  const { reason, message, details } = error;
  return { apiVersion: "v1", kind: "Status", status: "Failure", reason, message, details, code: STATUS_CODES[reason] };
}

function json(status: number, value: unknown): HttpResponse {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}
