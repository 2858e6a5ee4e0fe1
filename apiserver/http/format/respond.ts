import { stringify } from "yaml";
import type { Kind } from "../../../api-types/meta/kind.js";
import type { KubeObject } from "../../../api-types/meta/object.js";
import type { StatusError } from "../../../api-types/meta/status-error.js";
import type { HttpResponse } from "../../../platform/transport.js";
import type { Answer, ApiContext, ListMeta, ResourceRequest } from "../../read/context.js";
import { bytesOf } from "../../read/encode.js";
import { tableOf } from "../../table/table-of.js";
import { statusOf } from "../failure.js";
import type { Form } from "./negotiate.js";

/** Data is never cached by anyone between. */
const DATA_HEADERS = { "cache-control": "no-cache, private", vary: "Accept" } as const;

/** What to answer, and the form that the client accepts. */
interface FormedAnswer<A extends Answer = Answer> {
  readonly answer: A;
  readonly form: Form;
}

/** Gives a verb's answer the form that the client accepts. */
export function respond(context: ApiContext, request: ResourceRequest, { answer, form }: FormedAnswer): HttpResponse {
  if (answer.type === "stream") {
    return { status: 200, headers: { ...DATA_HEADERS, "content-type": "application/json" }, body: answer.body };
  }
  const warnings = answer.warnings ?? [];
  const status = answer.type === "object" ? answer.status : 200;
  const headers = { ...DATA_HEADERS, "content-type": contentType(form), ...warningHeaders(warnings) };
  return { status, headers, body: encode(context, request, { answer, form }) };
}

/** An error as a Status. */
export function respondError(error: StatusError): HttpResponse {
  const retryAfter = error.details?.retryAfterSeconds;
  const headers = { ...DATA_HEADERS, "content-type": "application/json" };
  const body = Buffer.from(JSON.stringify(statusOf(error)));
  return {
    status: error.code,
    headers: { ...headers, ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }) },
    body,
  };
}

/** Any value as a JSON answer. */
export function respondJson(value: unknown, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return {
    status: 200,
    headers: { "content-type": "application/json", ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** A text answer. */
export function respondText(status: number, text: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    body: Buffer.from(text),
  };
}

/** How a watch converts its objects; undefined: they are sent as they are. */
export function watchConversion(
  context: ApiContext,
  request: ResourceRequest,
  form: Form,
): ((object: KubeObject) => unknown) | undefined {
  if (form.type === "metadata") return (object) => partialMetadata(object, form.version);
  if (form.type !== "table") return undefined;
  let isFirst = true;
  return (object) => {
    const isBookmark = object.metadata.name === undefined;
    const listMeta = { resourceVersion: object.metadata.resourceVersion ?? "" };
    const objects = isBookmark ? [] : [object];
    const table = makeTable(context, request, { objects, listMeta, isFirst, version: form.version });
    isFirst = false;
    if (!isBookmark || object.metadata.annotations === undefined) return table;
    return { ...table, metadata: { ...listMeta, annotations: object.metadata.annotations } };
  };
}

function encode(context: ApiContext, request: ResourceRequest, { answer, form }: FormedAnswer<DataAnswer>): Uint8Array {
  if (form.type === "table" && isTableable(answer)) {
    const table = makeTable(context, request, { ...rowsOf(answer), isFirst: true, version: form.version });
    return Buffer.from(JSON.stringify(table));
  }
  if (form.type === "metadata" && isTableable(answer))
    return Buffer.from(JSON.stringify(metadataFor(answer, form.version)));
  const json = answer.type === "object" ? objectBytes(answer.object) : listBytes(request.resource.kind, answer);
  return form.type === "yaml" ? Buffer.from(stringify(JSON.parse(json.toString("utf8")))) : json;
}

type DataAnswer = Exclude<Answer, { type: "stream" }>;

/** Status and Scale answers have no table of the resource's columns. */
function isTableable(answer: DataAnswer): boolean {
  return answer.type === "list" || (answer.object.kind !== "Status" && answer.object.kind !== "Scale");
}

function objectBytes(object: Readonly<Record<string, unknown>>): Buffer {
  return Object.isFrozen(object) ? bytesOf(object as KubeObject) : Buffer.from(JSON.stringify(object)); // only cached API objects are frozen
}

function listBytes(kind: Kind, answer: Extract<Answer, { type: "list" }>): Buffer {
  const head = `{"kind":"${kind.kind}List","apiVersion":"${kind.apiVersion}","metadata":${JSON.stringify(answer.metadata)},"items":[`;
  const parts: Buffer[] = [Buffer.from(head)];
  answer.items.forEach((item, index) => {
    if (index > 0) parts.push(COMMA);
    parts.push(objectBytes(item));
  });
  parts.push(LIST_TAIL);
  return Buffer.concat(parts);
}

const COMMA = Buffer.from(",");
const LIST_TAIL = Buffer.from("]}\n");

function rowsOf(answer: DataAnswer): { readonly objects: readonly KubeObject[]; readonly listMeta: ListMeta } {
  // items and objects of tableable answers are API objects
  const objects = (answer.type === "list" ? answer.items : [answer.object]) as readonly KubeObject[];
  const listMeta: ListMeta =
    answer.type === "list" ? answer.metadata : { resourceVersion: objects[0]?.metadata.resourceVersion ?? "" };
  return { objects, listMeta };
}

function makeTable(
  context: ApiContext,
  request: ResourceRequest,
  rows: {
    readonly objects: readonly KubeObject[];
    readonly listMeta: ListMeta;
    readonly isFirst: boolean;
    readonly version: string;
  },
): Readonly<Record<string, unknown>> {
  const { objects, listMeta, isFirst } = rows;
  const includeObject = includeOf(request.query.get("includeObject"));
  const table = tableOf({
    kind: request.resource.kind,
    objects,
    now: context.clock.now(),
    includeObject,
    listMeta,
    isFirst,
  });
  return { ...table, apiVersion: `meta.k8s.io/${rows.version}` };
}

function includeOf(text: string | null): "None" | "Metadata" | "Object" {
  return text === "None" || text === "Object" ? text : "Metadata";
}

function metadataFor(answer: DataAnswer, version: string): unknown {
  if (answer.type === "object") return partialMetadata(answer.object as KubeObject, version); // Status and Scale were excluded
  const items = answer.items.map((item) => partialMetadata(item as KubeObject, version)); // items are API objects
  return { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}`, metadata: answer.metadata, items };
}

function partialMetadata(object: KubeObject, version: string): unknown {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

function contentType(form: Form): string {
  if (form.type === "yaml") return "application/yaml";
  return "application/json";
}

/** One Warning header per text; they travel joined, which HTTP defines as the same. */
function warningHeaders(warnings: readonly string[]): Readonly<Record<string, string>> {
  if (warnings.length === 0) return {};
  const values = [...new Set(warnings)].slice(0, WARNINGS_MAX).map((text) => `299 - "${quoted(text)}"`);
  return { warning: values.join(", ") };
}

const WARNINGS_MAX = 20;

function quoted(text: string): string {
  // header values carry printable ASCII only
  return text
    .replace(/[\\"]/g, "\\$&")
    .replace(/[^\x20-\x7e]+/g, " ")
    .slice(0, 1000);
}
