import { isStatus, StatusError } from "../../api-types/meta/status-error.js";
import type { HttpRequest, HttpResponse } from "../../platform/transport.js";
import { answerReview, REVIEWS } from "../built-in/reviews.js";
import type { Answer, ApiContext, ResourceRequest, Verb } from "../read/context.js";
import { getObject, listObjects } from "../read/list.js";
import type { Resource } from "../read/resource.js";
import { watchObjects } from "../read/watch.js";
import { createObject } from "../write/create.js";
import { deleteCollection, deleteObject } from "../write/delete.js";
import { APPLY_TYPE, patchObject } from "../write/patch.js";
import { getScale, writeScale } from "../write/scale.js";
import { updateObject } from "../write/update.js";
import type { Identity } from "./contract.js";
import { decodeObject, mediaType } from "./format/body.js";
import { type Form, negotiate } from "./format/negotiate.js";
import { respond, watchConversion } from "./format/respond.js";
import type { ApiMetrics, RequestLabels } from "./health/metrics.js";
import { authorizeResource } from "./route/authorize.js";
import type { Route } from "./route/path.js";
import type { WatchLimit } from "./route/watch-limit.js";

type ResourceRoute = Extract<Route, { type: "resource" }>;

interface Asked {
  readonly request: HttpRequest;
  readonly route: ResourceRoute;
  readonly query: URLSearchParams;
  readonly identity: Identity;
}

interface Serving {
  readonly context: ApiContext;
  readonly metrics: ApiMetrics;
  readonly watches: WatchLimit;
}

/** Answers a request for objects, and counts it. */
export async function answerResource(serving: Serving, asked: Asked): Promise<HttpResponse> {
  const review = REVIEWS.find(
    ({ group, version, plural }) =>
      group === asked.route.group && version === asked.route.version && plural === asked.route.plural,
  );
  if (review !== undefined) return reviewed(review, asked);
  const request = understood(serving.context, asked);
  authorizeResource(asked.identity, { ...request, kind: request.resource.kind });
  return counted(serving, request, () => served(serving, request));
}

function reviewed(review: (typeof REVIEWS)[number], { request, identity }: Asked): HttpResponse {
  if (request.method !== "POST") throw methodNotAllowed(request.method, review.plural);
  const { value } = decodeObject({ family: "core" }, request.headers, request.body ?? NO_BODY);
  const body = Buffer.from(JSON.stringify(answerReview(review, value, identity)));
  return { status: 201, headers: { "content-type": "application/json" }, body };
}

async function served(serving: Serving, request: ResourceRequest): Promise<HttpResponse> {
  const { context } = serving;
  const isDelete = request.verb === "delete" || request.verb === "deletecollection";
  const form = negotiate(request.headers.accept, {
    table: true,
    metadata: true,
    yaml: request.verb !== "watch" && !isDelete,
  });
  const answer = await performed(serving, request, form);
  return respond(context, request, { answer, form });
}

function performed(serving: Serving, request: ResourceRequest, form: Form): Promise<Answer> {
  const { context } = serving;
  switch (request.verb) {
    case "get":
      return request.subresource === "scale" ? getScale(context, request) : found(context, request);
    case "list":
      return listObjects(context, request);
    case "watch":
      return watched(serving, request, form);
    case "create":
      return createObject(context, request);
    case "update":
      return request.subresource === "scale" ? writeScale(context, request) : updateObject(context, request);
    case "patch":
      return request.subresource === "scale" ? writeScale(context, request) : patchObject(context, request);
    case "delete":
      return deleteObject(context, request);
    case "deletecollection":
      return deleteCollection(context, request);
    default:
      return request.verb satisfies never;
  }
}

async function found(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  return { type: "object", status: 200, object: await getObject(context, request) };
}

function watched({ context, metrics, watches }: Serving, request: ResourceRequest, form: Form): Promise<Answer> {
  const convert = watchConversion(context, request, form);
  const { group, version, kind } = request.resource.kind;
  const release = watches.take(request.identity.user);
  const uncount = metrics.watchBegan(labelsOf(request));
  const onEnd = () => {
    release();
    uncount();
  };
  return watchObjects(context, request, {
    ...(convert && { convert }),
    onEvent: () => metrics.watchEvent({ group, version, kind }),
    onEnd,
  }).catch((error) => {
    onEnd();
    throw error;
  });
}

function understood(context: ApiContext, { request, route, query, identity }: Asked): ResourceRequest {
  const resource = context.resources.find(
    ({ kind }) => kind.plural === route.plural && kind.group === route.group && kind.version === route.version,
  );
  const isScopeRight = resource?.kind.scope === "Namespaced" || route.namespace === undefined;
  if (resource === undefined || !isScopeRight) throw notServed();
  const subresource = subresourceOf(resource, route.subresource);
  const verb = verbOf(request, { route, resource, subresource, isWatch: route.isWatch || isTrue(query.get("watch")) });
  return {
    verb,
    resource,
    namespace: route.namespace,
    name: route.name,
    subresource,
    query,
    headers: request.headers,
    body: request.body ?? NO_BODY,
    identity,
    signal: request.signal,
  };
}

const NO_BODY = new Uint8Array();

function subresourceOf({ kind, isReadOnly }: Resource, name: string): ResourceRequest["subresource"] {
  if (name === "") return "";
  if (name === "status" && kind.hasStatus && !isReadOnly) return "status";
  if (name === "scale" && kind.scale !== undefined) return "scale";
  if (name === "finalize" && kind.kind === "Namespace") return "finalize";
  throw notServed();
}

function verbOf(
  { method }: HttpRequest,
  asked: {
    readonly route: ResourceRoute;
    readonly resource: Resource;
    readonly subresource: string;
    readonly isWatch: boolean;
  },
): Verb {
  const { route, resource } = asked;
  const verb = route.name === "" ? collectionVerb(method, asked.isWatch) : objectVerb(method, asked);
  const isWrite = verb !== "get" && verb !== "list" && verb !== "watch";
  const isUnscoped = resource.kind.scope === "Namespaced" && route.namespace === undefined;
  if (verb === undefined || (isWrite && (isUnscoped || resource.isReadOnly)))
    throw methodNotAllowed(method, route.plural);
  if (isUnscoped && route.name !== "") throw notServed();
  return verb;
}

function collectionVerb(method: string, isWatch: boolean): Verb | undefined {
  if (method === "GET" || method === "HEAD") return isWatch ? "watch" : "list";
  if (method === "POST") return "create";
  return method === "DELETE" ? "deletecollection" : undefined;
}

function objectVerb(
  method: string,
  { subresource, isWatch }: { readonly subresource: string; readonly isWatch: boolean },
): Verb | undefined {
  if (method === "GET" || method === "HEAD") return isWatch && subresource === "" ? "watch" : "get";
  if (method === "PUT") return "update";
  if (method === "PATCH" && subresource !== "finalize") return "patch";
  return method === "DELETE" && subresource === "" ? "delete" : undefined;
}

async function counted(
  { context, metrics }: Serving,
  request: ResourceRequest,
  run: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const isReadOnly = request.verb === "get" || request.verb === "list" || request.verb === "watch";
  const labels = labelsOf(request);
  const done = metrics.begin(isReadOnly ? "readOnly" : "mutating");
  const startedAt = context.clock.monotonic();
  const seconds = () => (context.clock.monotonic() - startedAt) / 1000;
  try {
    const response = await run();
    metrics.answered(labels, response.status, seconds());
    if (!isReadOnly) metrics.requestSize(labels, request.body.length);
    if (response.body instanceof Uint8Array) metrics.responseSize(labels, response.body.length);
    return response;
  } catch (error) {
    metrics.answered(labels, isStatus(error) ? error.code : 500, seconds());
    throw error;
  } finally {
    done();
  }
}

function labelsOf(request: ResourceRequest): RequestLabels {
  const { kind } = request.resource;
  return {
    verb: verbLabel(request),
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource: request.subresource,
    scope: request.name !== "" ? "resource" : request.namespace !== undefined ? "namespace" : "cluster",
    component: "apiserver",
    dry_run: request.query.get("dryRun") === "All" ? "All" : "",
  };
}

function verbLabel(request: ResourceRequest): string {
  if (request.verb === "patch") return mediaType(request.headers) === APPLY_TYPE ? "APPLY" : "PATCH";
  return VERB_LABELS[request.verb];
}

const VERB_LABELS: Readonly<Record<Verb, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION",
};

function isTrue(text: string | null): boolean {
  return text === "true" || text === "1";
}

function notServed(): StatusError {
  return new StatusError("NotFound", "the server could not find the requested resource");
}

function methodNotAllowed(method: string, plural: string): StatusError {
  return new StatusError("MethodNotAllowed", `the server does not allow ${method} on ${plural}`);
}
