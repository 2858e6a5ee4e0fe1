import { isJsonObject, setOwn } from "../patch/json.js";
import type { Message, Shape } from "./shape.js";
import { readFields, WireError, type WireField } from "./wire.js";

/** A message as the JSON object that it stands for; fields it does not know are left out. Throws WireError. */
export function decodeMessage(bytes: Uint8Array, message: Message): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const field of readFields(bytes)) {
    const known = message[field.number];
    if (known === undefined) continue;
    const [name, shape] = known;
    const value = decodeField(field, shape, object[name]);
    if (value !== undefined) object[name] = value;
  }
  return object;
}

/** The member's new value, given the one that earlier occurrences made; undefined: leave it. */
function decodeField(field: WireField, shape: Shape, before: unknown): unknown {
  switch (shape.type) {
    case "list":
      return [...(Array.isArray(before) ? before : []), decodeItem(field, shape.item)];
    case "map":
      return withEntry(isJsonObject(before) ? { ...before } : {}, bytesOf(field), shape.value);
    default:
      return decodeValue(field, shape);
  }
}

/** An item of a list is there even when it is empty. */
function decodeItem(field: WireField, item: Shape): unknown {
  return decodeValue(field, "isPointer" in item ? { ...item, isPointer: true } : item) ?? null;
}

function withEntry(map: Record<string, unknown>, entry: Uint8Array, shape: Shape): Record<string, unknown> {
  let key = "";
  let value: unknown = shape.type === "message" ? [] : "";
  for (const field of readFields(entry)) {
    if (field.number === 1) key = decodeText(bytesOf(field));
    else if (field.number === 2) value = entryValue(decodeItem(field, shape));
  }
  setOwn(map, key, value);
  return map;
}

/** A list that had to be wrapped in a message is shown as the list. */
function entryValue(value: unknown): unknown {
  return isJsonObject(value) ? (value.items ?? []) : value;
}

function decodeValue(field: WireField, shape: Exclude<Shape, { type: "list" | "map" }> | Shape): unknown {
  switch (shape.type) {
    case "text":
      return orAbsent(decodeText(bytesOf(field)), shape);
    case "integer":
      return orAbsent(Number(BigInt.asIntN(64, integerOf(field))), shape);
    case "flag":
      return orAbsent(integerOf(field) !== 0n, shape);
    case "bytes":
      return Buffer.from(bytesOf(field)).toString("base64");
    case "time":
      return decodeTime(bytesOf(field), 0);
    case "microTime":
      return decodeTime(bytesOf(field), 6);
    case "fields":
      return decodeFieldsV1(bytesOf(field));
    case "message":
      return decodeMessage(bytesOf(field), shape.message);
    default:
      throw new WireError("a list of lists");
  }
}

function orAbsent<T>(value: T, shape: { readonly isPointer: boolean }): T | undefined {
  return shape.isPointer || (value !== "" && value !== 0 && value !== false) ? value : undefined;
}

function bytesOf(field: WireField): Uint8Array {
  if (field.type !== "bytes") throw new WireError(`field ${field.number} is an integer`);
  return field.value;
}

function integerOf(field: WireField): bigint {
  if (field.type !== "integer") throw new WireError(`field ${field.number} is no integer`);
  return field.value;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new WireError("a text is not UTF-8", { cause: error });
  }
}

/** RFC 3339 with `digits` after the point; an empty message is Go's zero time: absent. */
function decodeTime(bytes: Uint8Array, digits: 0 | 6): string | undefined {
  if (bytes.length === 0) return undefined;
  let seconds = 0;
  let nanos = 0;
  for (const field of readFields(bytes)) {
    if (field.number === 1) seconds = Number(BigInt.asIntN(64, integerOf(field)));
    if (field.number === 2) nanos = Number(BigInt.asIntN(64, integerOf(field)));
  }
  const isNanos = nanos >= 0 && nanos < 1e9;
  if (!isNanos || seconds < YEAR_0 || seconds >= YEAR_10000) throw new WireError("a time is out of range");
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return digits === 0 ? `${text}Z` : `${text}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}

const YEAR_0 = -62_167_219_200;
const YEAR_10000 = 253_402_300_800;

function decodeFieldsV1(bytes: Uint8Array): unknown {
  for (const field of readFields(bytes)) {
    if (field.number === 1) return parseJson(decodeText(bytesOf(field)));
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WireError("managed fields are not JSON", { cause: error });
  }
}
