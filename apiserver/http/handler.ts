import type { Registry } from "prom-client";
import type { Kind } from "../../api-types/meta/kind.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { HttpRequest, HttpResponse } from "../../platform/transport.js";
import type { OpenApiDocuments } from "../openapi/openapi.js";
import type { ApiContext } from "../read/context.js";
import { StoreUnavailableError } from "../storage/store.js";
import type { ApiHandler, Identity } from "./contract.js";
import { answerDiscovery } from "./discovery/answer.js";
import { answerOpenApi } from "./discovery/openapi.js";
import { type ServedGroup, servedGroups } from "./discovery/served.js";
import { respondError, respondJson } from "./format/respond.js";
import { answerHealth, type HealthCheck } from "./health/health.js";
import type { ApiMetrics } from "./health/metrics.js";
import { answerResource } from "./resource-handler.js";
import { authorizePath, identify, isPublic } from "./route/authorize.js";
import { parsePath, type Route } from "./route/path.js";
import { type WatchLimit, watchLimit } from "./route/watch-limit.js";

/** What answers requests beside the objects. */
export interface HandlerOptions {
  readonly context: ApiContext;
  readonly kinds: readonly Kind[];
  readonly metrics: ApiMetrics;
  readonly registry: Registry;
  readonly openApi: OpenApiDocuments;
  readonly versionInfo: Readonly<Record<string, string>>;
  readonly isClosing: () => boolean;
}

/** The transport-free API server: every request gets an answer, every fault a Status. */
export function apiHandler(options: HandlerOptions): ApiHandler {
  const groups = servedGroups(options.context.resources);
  const checks = healthChecks(options);
  const watches = watchLimit();
  return async (request, identity) => {
    try {
      return await answer({ ...options, groups, checks, watches }, request, identity);
    } catch (error) {
      return respondError(asStatusError(options.context, request, error));
    }
  };
}

interface Serving extends HandlerOptions {
  readonly groups: readonly ServedGroup[];
  readonly checks: readonly HealthCheck[];
  readonly watches: WatchLimit;
}

async function answer(serving: Serving, request: HttpRequest, caller: Identity | undefined): Promise<HttpResponse> {
  const { path, query } = splitUrl(request.url);
  const route = parsePath(path);
  if (isPublic(route)) return answerPublic(serving, route, query);
  if (serving.isClosing()) {
    throw new StatusError("ServiceUnavailable", "the server is shutting down", { details: { retryAfterSeconds: 1 } });
  }
  const identity = identify(caller, request.headers);
  if (route.type === "resource") return answerResource(serving, { request, route, query, identity });
  authorizePath(identity, route, { method: request.method, path });
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new StatusError("MethodNotAllowed", `the server does not allow ${request.method} on ${path}`);
  }
  return answerOther(serving, route, { request, query });
}

/** Path and query of a request; a bad query is an empty one. */
function splitUrl(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = url.indexOf("?");
  if (mark < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

async function answerPublic(serving: Serving, route: Route, query: URLSearchParams): Promise<HttpResponse> {
  if (route.type !== "health") return respondJson(serving.versionInfo);
  const checks = route.probe === "livez" ? serving.checks.filter(({ name }) => name === "ping") : serving.checks;
  return answerHealth(route, checks, query);
}

async function answerOther(
  serving: Serving,
  route: Route,
  { request, query }: { readonly request: HttpRequest; readonly query: URLSearchParams },
): Promise<HttpResponse> {
  switch (route.type) {
    case "metrics":
      return {
        status: 200,
        headers: { "content-type": serving.registry.contentType },
        body: Buffer.from(await serving.registry.metrics()),
      };
    case "openApiV2":
    case "openApiV3":
    case "openApiDocument":
      return answerOpenApi(serving.openApi, route, { headers: request.headers, query });
    case "root":
    case "legacyVersions":
    case "groups":
    case "group":
    case "groupVersion":
      return answerDiscovery(serving.groups, route, request.headers);
    default:
      throw new StatusError("NotFound", "the server could not find the requested resource");
  }
}

function healthChecks({ context, isClosing }: HandlerOptions): readonly HealthCheck[] {
  return [
    { name: "ping", run: async () => {} },
    {
      name: "shutdown",
      run: async () => {
        if (isClosing()) throw new Error("shutting down");
      },
    },
    {
      name: "store",
      run: async () => {
        await context.store.current();
      },
    },
    {
      name: "watch-cache",
      run: async () => {
        if (!context.feed.isFollowing()) throw new Error("not following the store");
      },
    },
  ];
}

function asStatusError(context: ApiContext, request: HttpRequest, error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof StoreUnavailableError) {
    // an unknown outcome must not be retried blindly: no Retry-After
    if (error.isSent)
      return new StatusError("Timeout", `the store did not answer: the outcome is unknown (${error.message})`);
    return new StatusError("ServiceUnavailable", `the store is not reachable: ${error.message}`, {
      details: { retryAfterSeconds: 1 },
    });
  }
  const path = splitUrl(request.url).path;
  context.log.error("request failed", {
    method: request.method,
    path,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return new StatusError("InternalError", `Internal error occurred: answering ${request.method} ${path}`);
}
