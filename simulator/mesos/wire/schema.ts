import { isRecord } from "../../../platform/is-record.js";
/** What a field holds: a scalar of protobuf, one of some names, or a message. */
export type FieldKind =
  | "string"
  | "double"
  | "integer"
  | "bool"
  | "bytes"
  | "json"
  | readonly string[]
  | { readonly [name: string]: Field };

/** A field of a message. */
export interface Field {
  readonly kind: FieldKind;
  readonly label: "optional" | "required" | "repeated" | "map";
}

/** The fields of a message by name. */
export type Message = Readonly<Record<string, Field>>;

export const optional = (kind: FieldKind): Field => ({ kind, label: "optional" });
export const required = (kind: FieldKind): Field => ({ kind, label: "required" });
export const repeated = (kind: FieldKind): Field => ({ kind, label: "repeated" });
export const mapOf = (kind: FieldKind): Field => ({ kind, label: "map" });

/** The message with only its known fields, or why it is none, in Mesos' words. */
export type Decoded =
  | { readonly type: "ok"; readonly value: Readonly<Record<string, unknown>> }
  | { readonly type: "refused"; readonly message: string };

/** Reads JSON as the message: unknown fields and enum names are dropped, missing required fields are named in full. */
export function decode(message: Message, json: unknown): Decoded {
  if (!isRecord(json)) return { type: "refused", message: "Expecting a JSON object" };
  const report: Report = { missing: [] };
  const value = decodeMessage(message, json, { path: "", report });
  if (report.problem !== undefined) return { type: "refused", message: report.problem };
  if (report.missing.length > 0) {
    return { type: "refused", message: `Missing required fields: ${report.missing.join(", ")}` };
  }
  return { type: "ok", value };
}

interface Report {
  readonly missing: string[];
  problem?: string;
}

interface Place {
  readonly path: string;
  readonly report: Report;
}

type JsonObject = Readonly<Record<string, unknown>>;

function decodeMessage(message: Message, json: JsonObject, place: Place): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(message)) {
    const raw = json[name];
    const path = place.path === "" ? name : `${place.path}.${name}`;
    if (raw === undefined) {
      if (field.label === "required") place.report.missing.push(path);
      continue;
    }
    const decoded = decodeField(field, raw, { name, path, report: place.report });
    if (decoded !== undefined) value[name] = decoded;
  }
  return value;
}

interface FieldPlace extends Place {
  readonly name: string;
}

function decodeField(field: Field, raw: unknown, place: FieldPlace): unknown {
  if (field.label === "map") {
    if (!isRecord(raw)) return refuse(raw, place);
    return Object.fromEntries(
      Object.entries(raw).map(([key, item]) => [key, decodeValue(field.kind, item, { ...place, name: "value" })]),
    );
  }
  if (field.label !== "repeated") return decodeValue(field.kind, raw, place);
  if (!Array.isArray(raw)) return refuse(raw, place);
  return raw
    .map((item, index) => decodeValue(field.kind, item, { ...place, path: `${place.path}[${index}]` }))
    .filter((item) => item !== undefined);
}

function decodeValue(kind: FieldKind, raw: unknown, place: FieldPlace): unknown {
  if (Array.isArray(kind)) {
    if (typeof raw !== "string") return refuse(raw, place);
    return kind.includes(raw) ? raw : undefined;
  }
  if (typeof kind === "object") {
    // an enum is an array, handled above: what is left is a message
    return isRecord(raw) ? decodeMessage(kind as Message, raw, place) : refuse(raw, place);
  }
  switch (kind) {
    case "json":
      return raw;
    case "string":
      return typeof raw === "string" ? raw : refuse(raw, place);
    case "bool":
      return typeof raw === "boolean" ? raw : refuse(raw, place);
    case "bytes":
      return decodeBytes(raw, place);
    default:
      return decodeNumber(raw, place);
  }
}

function decodeNumber(raw: unknown, place: FieldPlace): unknown {
  if (typeof raw === "number") return raw;
  if (typeof raw !== "string") return refuse(raw, place);
  const number = Number(raw);
  if (raw.trim() === "" || Number.isNaN(number)) return refuse(raw, place);
  return number;
}

function decodeBytes(raw: unknown, place: FieldPlace): unknown {
  if (typeof raw !== "string") return refuse(raw, place);
  const bad = /[^A-Za-z0-9+/=\s]/.exec(raw);
  if (bad === null) return raw;
  place.report.problem ??= `Failed to base64 decode bytes field '${place.name}': Invalid character '${bad[0]}'`;
  return undefined;
}

function refuse(raw: unknown, place: FieldPlace): undefined {
  place.report.problem ??= `Not expecting a JSON ${jsonType(raw)} for field '${place.name}'`;
  return undefined;
}

function jsonType(raw: unknown): string {
  if (raw === null) return "null";
  return Array.isArray(raw) ? "array" : typeof raw;
}
