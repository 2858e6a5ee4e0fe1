import { StatusError } from "../../../api-types/meta/status-error.js";
import type { HttpResponse } from "../../../platform/transport.js";
import type { OpenApiDocuments } from "../../openapi/openapi.js";
import { cachedBytes, cachedJson } from "../format/etag.js";
import { parseRange } from "../format/negotiate.js";
import type { Route } from "../route/path.js";

/** Answers `/openapi/v2`, `/openapi/v3` and the documents below it. */
export function answerOpenApi(
  openApi: OpenApiDocuments,
  route: Route,
  { headers, query }: { readonly headers: Readonly<Record<string, string>>; readonly query: URLSearchParams },
): HttpResponse {
  if (route.type === "openApiV2") return answerV2(openApi, headers);
  if (route.type === "openApiV3") return cachedJson(openApi.index(), headers);
  if (route.type === "openApiDocument") return answerDocument(openApi, route.groupVersion, { headers, query });
  throw notServed();
}

const V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const FAR_FUTURE = "public, immutable, max-age=31536000";

function answerV2(openApi: OpenApiDocuments, headers: Readonly<Record<string, string>>): HttpResponse {
  const types = (headers.accept ?? "").split(",").map((range) => parseRange(range).type);
  const isProtobuf = types[0]?.startsWith("application/com.github.proto-openapi.spec.v2") ?? false;
  return isProtobuf
    ? cachedBytes(openApi.v2Protobuf(), V2_PROTOBUF, headers)
    : cachedBytes(openApi.v2Json(), "application/json", headers);
}

function answerDocument(
  openApi: OpenApiDocuments,
  groupVersion: string,
  { headers, query }: { readonly headers: Readonly<Record<string, string>>; readonly query: URLSearchParams },
): HttpResponse {
  const document = openApi.document(groupVersion);
  if (document === undefined) throw notServed();
  const asked = query.get("hash");
  if (asked !== null && asked !== document.hash) {
    const location = `/openapi/v3/${groupVersion}?hash=${encodeURIComponent(document.hash)}`;
    return { status: 301, headers: { location }, body: new Uint8Array() };
  }
  const response = cachedBytes(document.bytes, "application/json", headers);
  return asked === null ? response : { ...response, headers: { ...response.headers, "cache-control": FAR_FUTURE } };
}

function notServed(): StatusError {
  return new StatusError("NotFound", "the server could not find the requested resource");
}
