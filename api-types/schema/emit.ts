import { IsOptional, type TSchema } from "typebox";
import type { StructuralSchema } from "./structural.js";

/** Keywords that typebox and structural schemas share, copied as they are. */
const SHARED_KEYWORDS = [
  "description",
  "default",
  "format",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "nullable",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
] as const;

/** A typebox schema as plain data. */
interface RawSchema {
  readonly type?: StructuralSchema["type"];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly TSchema[];
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
  readonly default?: unknown;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly [keyword: string]: unknown;
}

/** The structural schema of a typebox schema; throws on a construct that Kubernetes has no word for. */
export function emit(schema: TSchema): StructuralSchema {
  // A typebox schema is a plain object of JSON Schema keywords.
  const raw = schema as RawSchema;
  return { ...typeOf(raw), ...sharedKeywords(raw), ...exclusiveBounds(raw) };
}

function typeOf(raw: RawSchema): StructuralSchema {
  if (raw["x-kubernetes-int-or-string"] === true) return {};
  const choices = choicesOf(raw);
  if (choices !== undefined) return { type: "string", enum: choices };
  switch (raw.type) {
    case "object":
      return objectOf(raw);
    case "array":
      return { type: "array", items: emit(raw.items ?? {}) };
    case "string":
    case "integer":
    case "number":
    case "boolean":
      return { type: raw.type };
    default:
      return refuse(raw);
  }
}

/** The strings of an enum, a literal or a union of literals. */
function choicesOf(raw: RawSchema): readonly string[] | undefined {
  const values = raw.enum ?? (raw.const === undefined ? unionOf(raw) : [raw.const]);
  if (values === undefined) return undefined;
  return values.map((value) => (typeof value === "string" ? value : refuse(raw)));
}

function unionOf(raw: RawSchema): readonly unknown[] | undefined {
  // Members of a union are plain keyword objects, as above.
  return raw.anyOf?.map((member) => (member as RawSchema).const);
}

function objectOf(raw: RawSchema): StructuralSchema {
  const values = Object.values(raw.patternProperties ?? {})[0];
  if (values !== undefined) return { type: "object", additionalProperties: emit(values) };
  if (raw.properties === undefined) return { type: "object" };
  const entries = Object.entries(raw.properties);
  // Members are plain keyword objects, as above.
  const required = entries
    .filter(([, field]) => !IsOptional(field) && (field as RawSchema).default === undefined)
    .map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, field]) => [name, emit(field)])),
    ...(required.length > 0 && { required }),
  };
}

function sharedKeywords(raw: RawSchema): StructuralSchema {
  return Object.fromEntries(
    SHARED_KEYWORDS.filter((keyword) => raw[keyword] !== undefined).map((keyword) => [keyword, raw[keyword]]),
  );
}

/** JSON Schema's numeric exclusive bounds as OpenAPI v3.0 spells them. */
function exclusiveBounds(raw: RawSchema): StructuralSchema {
  return {
    ...(raw.exclusiveMinimum !== undefined && { minimum: raw.exclusiveMinimum, exclusiveMinimum: true }),
    ...(raw.exclusiveMaximum !== undefined && { maximum: raw.exclusiveMaximum, exclusiveMaximum: true }),
  };
}

function refuse(raw: RawSchema): never {
  throw new TypeError(`a structural schema cannot say ${JSON.stringify(raw)}`);
}
