import type { Observable } from "rxjs";
import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import { type HttpHandler, type HttpResponse, readBody } from "../platform/transport.js";
import type {
  Client,
  DeleteOptions,
  Draft,
  ListQuery,
  ObjectKey,
  ObjectPage,
  StatusReport,
  WatchEvent,
  WriteOptions,
} from "./client.js";
import { creationPath, objectPath, queryString, resourceName, resourcePath } from "./path.js";
import { errorOfResponse, errorOfTransport } from "./response-error.js";
import { type ToldObjects, toldObjects } from "./told-objects.js";
import { watchEvents$ } from "./watch.js";

/** Which Lease's term protects the writes of a client. */
export interface Fence {
  readonly namespace: string;
  readonly lease: string;
  readonly term: string;
}

export interface ClientOptions {
  /** A transport for `baseUrl`, or the server itself. */
  readonly handler: HttpHandler;
  /** Without a trailing slash; with it the URL of each request begins. */
  readonly baseUrl: string;
  readonly userAgent: string;
  /** Sent with every request, e.g. `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fence?: Fence;
}

/** A Client that speaks JSON over `handler`. It retries nothing, and what it remembers only saves work. */
export function createClient(options: ClientOptions): Client {
  return clientOf({ ...options, told: toldObjects() });
}

interface Connection extends ClientOptions {
  readonly told: ToldObjects;
}

function clientOf(options: Connection): Client {
  const send = (request: Request) => exchange(options, request);
  return {
    ...readers(options, send),
    ...writers(send),
    ...patchers(send),
    withFence: (fence) => clientOf({ ...options, fence }),
  };
}

/** The request header that names the fence: `namespace/lease/term`. */
const FENCE_HEADER = "rackwright-fence";
const JSON_TYPE = "application/json";

interface Request {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

type Send = (request: Request) => Promise<unknown>;

function readers(options: Connection, send: Send): Pick<Client, "list" | "get" | "watch$"> {
  return {
    async list<K extends Kind>(kind: K, query: ListQuery = {}) {
      const { namespace, ...rest } = query;
      const operation = `listing ${resourceName(kind)}`;
      const path = resourcePath(kind, { namespace });
      return pageOf<ObjectOf<K>>(kind, await send({ operation, method: "GET", path, query: rest }));
    },
    async get<K extends Kind>(kind: K, key: ObjectKey) {
      const operation = `reading ${resourceName(kind)} "${key.name}"`;
      return (await send({ operation, method: "GET", path: objectPath(kind, key) })) as ObjectOf<K>; // the server's answer to this path
    },
    watch$<K extends Kind>(kind: K, query: ListQuery & { readonly resourceVersion: string }) {
      const { namespace, ...rest } = query;
      const operation = `watching ${resourceName(kind)}`;
      const path = resourcePath(kind, { namespace });
      const request = { operation, method: "GET", path, query: { ...rest, watch: true, allowWatchBookmarks: true } };
      const open = (signal: AbortSignal) => options.handler(wireRequest(options, request, signal));
      const events$ = watchEvents$(operation, open, options.told);
      return events$ as Observable<WatchEvent<ObjectOf<K>>>; // the server's answer to this path
    },
  };
}

function writers(send: Send): Pick<Client, "create" | "update" | "delete"> {
  return {
    async create<K extends Kind>(kind: K, object: Draft<K>, options: WriteOptions = {}) {
      const { name, generateName, namespace } = identityOf(object);
      const operation = `creating ${resourceName(kind)} "${name ?? generateName ?? ""}"`;
      const path = creationPath(kind, namespace);
      const body = withType(kind, object);
      return (await send({ operation, method: "POST", path, query: writeQuery(options), body })) as ObjectOf<K>; // as above
    },
    async update<K extends Kind>(kind: K, object: ObjectOf<K>, options: WriteOptions = {}) {
      const key = identityOf(object);
      const operation = `updating ${resourceName(kind)} "${key.name ?? ""}"`;
      const path = objectPath(kind, key);
      const body = withType(kind, object);
      return (await send({ operation, method: "PUT", path, query: writeQuery(options), body })) as ObjectOf<K>; // as above
    },
    async delete<K extends Kind>(kind: K, key: ObjectKey, options: DeleteOptions = {}) {
      const operation = `deleting ${resourceName(kind)} "${key.name}"`;
      const path = objectPath(kind, key);
      await send({ operation, method: "DELETE", path, query: writeQuery(options), body: deleteOptions(options) });
    },
  };
}

function patchers(send: Send): Pick<Client, "apply" | "applyStatus" | "patch"> {
  return {
    async apply<K extends Kind>(kind: K, object: Draft<K>, options: WriteOptions & { readonly fieldManager: string }) {
      const key = identityOf(object);
      return (await send({
        operation: `applying ${resourceName(kind)} "${key.name ?? ""}"`,
        method: "PATCH",
        path: objectPath(kind, key),
        query: { ...writeQuery(options), force: true },
        body: withType(kind, object),
        contentType: "application/apply-patch+yaml",
      })) as ObjectOf<K>; // as above
    },
    async applyStatus<K extends Kind>(kind: K, key: ObjectKey, { status, fieldManager, uid }: StatusReport) {
      return (await send({
        operation: `reporting the status of ${resourceName(kind)} "${key.name}"`,
        method: "PATCH",
        path: objectPath(kind, { ...key, subresource: "status" }),
        query: { fieldManager, force: true },
        body: withType(kind, { metadata: { ...key, uid }, status }),
        contentType: "application/apply-patch+yaml",
      })) as ObjectOf<K>; // as above
    },
    // biome-ignore lint/complexity/useMaxParams: the shape of Client, whose options are absent nearly everywhere
    async patch<K extends Kind>(
      kind: K,
      key: ObjectKey,
      patch: unknown,
      options: WriteOptions & { readonly subresource?: "status" | "scale" } = {},
    ) {
      return (await send({
        operation: `patching ${resourceName(kind)} "${key.name}"`,
        method: "PATCH",
        path: objectPath(kind, { ...key, subresource: options.subresource }),
        query: writeQuery(options),
        body: patch,
        contentType: "application/merge-patch+json",
      })) as ObjectOf<K>; // as above
    },
  };
}

async function exchange(options: Connection, request: Request): Promise<unknown> {
  const { status, headers, body } = await receive(options, request);
  if (status < 200 || status > 299) throw errorOfResponse(request.operation, { status, headers, body });
  try {
    // what is only read comes once, and may be large
    return request.method === "GET" ? JSON.parse(body) : options.told.read(body);
  } catch (error) {
    throw errorOfTransport(request.operation, error);
  }
}

async function receive(
  options: ClientOptions,
  request: Request,
): Promise<Omit<HttpResponse, "body"> & { body: string }> {
  try {
    const response = await options.handler(wireRequest(options, request));
    const bytes = await readBody(response);
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
    return { status: response.status, headers: response.headers, body };
  } catch (error) {
    throw errorOfTransport(request.operation, error);
  }
}

function wireRequest(options: ClientOptions, request: Request, signal?: AbortSignal) {
  const { fence } = options;
  return {
    method: request.method,
    url: `${options.baseUrl}${request.path}${queryString(request.query ?? {})}`,
    headers: {
      accept: JSON_TYPE,
      "user-agent": options.userAgent,
      ...options.headers,
      ...(request.body === undefined ? {} : { "content-type": request.contentType ?? JSON_TYPE }),
      ...(fence === undefined || request.method === "GET"
        ? {}
        : { [FENCE_HEADER]: `${fence.namespace}/${fence.lease}/${fence.term}` }),
    },
    ...(request.body === undefined ? {} : { body: Buffer.from(JSON.stringify(request.body)) }),
    ...(signal === undefined ? {} : { signal }),
  };
}

interface WirePage<T> {
  readonly items?: readonly T[] | null;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

/** Items of a list may omit their type on the wire; here they never do. */
function pageOf<T>(kind: Kind, body: unknown): ObjectPage<T> {
  const page = body as WirePage<T>; // the server's answer to a list
  return {
    items: (page.items ?? []).map((item) => withType(kind, item)),
    resourceVersion: page.metadata?.resourceVersion ?? "",
    continue: page.metadata?.continue || undefined,
  };
}

function withType<T>(kind: Kind, object: T): T {
  return { apiVersion: kind.apiVersion, kind: kind.kind, ...object };
}

function identityOf(object: unknown): { name?: string; generateName?: string; namespace?: string } {
  // every object that the types let through has metadata
  return (object as { metadata: { name?: string; generateName?: string; namespace?: string } }).metadata;
}

function writeQuery(options: WriteOptions) {
  return { fieldManager: options.fieldManager, dryRun: options.isDryRun ? "All" : undefined };
}

function deleteOptions(options: DeleteOptions) {
  const { uid, resourceVersion, propagation } = options;
  const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
  return { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagation, preconditions };
}
