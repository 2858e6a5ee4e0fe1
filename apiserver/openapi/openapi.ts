import type { Kind } from "../../api-types/meta/kind.js";
import { openApiV2Protobuf } from "./document-protobuf.js";
import { openApiV2Json } from "./document-v2.js";
import { type OpenApiDocument, openApiV3Document } from "./document-v3.js";
import { groupVersionPath } from "./names.js";

/** The index of the version 3 documents, as `/openapi/v3` answers it. */
interface OpenApiIndex {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

/** The OpenAPI documents of a set of kinds, each made when it is first asked for and then kept. */
export interface OpenApiDocuments {
  readonly index: () => OpenApiIndex;
  /** `groupVersion` is a key of the index: `apis/GROUP/VERSION` or `api/v1`. */
  readonly document: (groupVersion: string) => OpenApiDocument | undefined;
  readonly v2Json: () => Uint8Array;
  /** gnostic's `openapi.v2.Document`. */
  readonly v2Protobuf: () => Uint8Array;
}

/** The documents that describe `kinds`. */
export function openApiOf(kinds: readonly Kind[]): OpenApiDocuments {
  const groupVersions = [...new Set(kinds.map(groupVersionPath))];
  const documents = once(() => new Map(groupVersions.map((path) => [path, openApiV3Document(path, kinds)])));
  return {
    index: once(() => openApiV3Index(documents())),
    document: (groupVersion) => documents().get(groupVersion),
    v2Json: once(() => openApiV2Json(kinds)),
    v2Protobuf: once(() => openApiV2Protobuf(kinds)),
  };
}

function openApiV3Index(documents: ReadonlyMap<string, OpenApiDocument | undefined>): OpenApiIndex {
  const entries = [...documents].map(([path, document]) => {
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${document?.hash ?? ""}` }] as const;
  });
  return { paths: Object.fromEntries(entries) };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
