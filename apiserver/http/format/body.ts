import { parseDocument, type Tags } from "yaml";
import type { Kind } from "../../../api-types/meta/kind.js";
import { StatusError } from "../../../api-types/meta/status-error.js";
import { findDuplicateKeys } from "../../patch/duplicate-keys.js";
import { decodeProtobufBody } from "../../protobuf/decode-body.js";
import { badRequest } from "../failure.js";

/** A decoded body, and the keys that its text holds twice. */
export interface DecodedBody {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

/** The media type of a request's body, without parameters; JSON when it is not said. */
export function mediaType(headers: Readonly<Record<string, string>>): string {
  return (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() || JSON_TYPE;
}

/** Decodes an object sent as JSON, YAML or (core kinds) protobuf. Throws BadRequest or UnsupportedMediaType. */
export function decodeObject(
  kind: Pick<Kind, "family">,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): DecodedBody {
  const type = mediaType(headers);
  if (type === JSON_TYPE) return decodeJson(body);
  if (type === YAML_TYPE) return decodeYaml(body);
  if (type === PROTOBUF_TYPE && kind.family === "core") return { value: decodeProtobufBody(body), duplicates: [] };
  throw unsupportedType(type, kind.family === "core" ? [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE] : [JSON_TYPE, YAML_TYPE]);
}

/** Decodes JSON; throws BadRequest. */
export function decodeJson(body: Uint8Array): DecodedBody {
  const duplicates = findDuplicateKeys(body);
  try {
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
    return { value: JSON.parse(text), duplicates };
  } catch (error) {
    throw badRequest(`decoding the request body: ${error instanceof Error ? error.message : "not JSON"}`, error);
  }
}

/** Decodes YAML, of which JSON is a part; throws BadRequest. */
export function decodeYaml(body: Uint8Array): DecodedBody {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  if (text.trimStart().startsWith("{")) return decodeJson(body);
  const document = parseDocument(text, { version: "1.1", merge: true, customTags: withoutTimes });
  const duplicates: string[] = [];
  for (const error of document.errors) {
    if (error.code !== "DUPLICATE_KEY") throw badRequest(`decoding the request body: ${error.message}`, error);
    duplicates.push(keyAt(text, error.pos[0]));
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: ALIAS_COUNT_MAX });
    const json = Buffer.from(JSON.stringify(value ?? null));
    // the same bounds as for JSON: aliases must not have made it deeper or larger
    if (json.length > EXPANDED_BYTES_MAX) throw badRequest(`the YAML expands to more than ${EXPANDED_BYTES_MAX} bytes`);
    return { value: decodeJson(json).value, duplicates };
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw badRequest(`decoding the request body: ${error instanceof Error ? error.message : "not YAML"}`, error);
  }
}

/** The body has a type that this request does not take. */
export function unsupportedType(type: string, accepted: readonly string[]): StatusError {
  return new StatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format (${type}) - accepted media types include: ${accepted.join(", ")}`,
  );
}

const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";
const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";
const ALIAS_COUNT_MAX = 100;
const EXPANDED_BYTES_MAX = 16 * 1024 * 1024;

/** Times stay text, as in every Kubernetes tool. */
function withoutTimes(tags: Tags): Tags {
  return tags.filter((tag) => (typeof tag === "string" ? tag !== "timestamp" : !tag.tag.endsWith(":timestamp")));
}

function keyAt(text: string, position: number): string {
  return /^[^:\s]+/.exec(text.slice(position))?.[0] ?? "";
}
