import { HttpError } from "./http-error.js";

/** What a field may hold. `any` is kept as it is. */
export type Shape = "string" | "number" | "boolean" | "strings" | "map" | "any" | { readonly [field: string]: Shape };

/**
 * A JSON body decoded as Consul does: field names ignore case, unknown fields and wrong types are refused. Absent and null
 * fields are left out.
 */
export function decodeBody(body: Uint8Array | undefined, shape: { readonly [field: string]: Shape }): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body ?? []).toString("utf8"));
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : "invalid JSON");
  }
  return decodeObject(value, shape);
}

/** A decoded object: field names as in the shape. */
export type Decoded = Readonly<Record<string, unknown>>;

/** The text of a field, or "". */
export function textOf(decoded: Decoded, field: string): string {
  const value = decoded[field];
  return typeof value === "string" ? value : "";
}

/** The map of strings in a field, or an empty one. */
export function mapOf(decoded: Decoded, field: string): Readonly<Record<string, string>> {
  // the shape "map" was checked when decoding
  return (decoded[field] ?? {}) as Readonly<Record<string, string>>;
}

/** Decodes one object that was kept as `any`. */
export function decodeObject(value: unknown, shape: { readonly [field: string]: Shape }): Decoded {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refuse("cannot unmarshal into an object");
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  const decoded: Record<string, unknown> = {};
  for (const [field, inner] of Object.entries(value)) {
    const name = names.get(field.toLowerCase());
    const innerShape = name === undefined ? undefined : shape[name];
    if (name === undefined || innerShape === undefined) throw refuse(`json: unknown field "${field}"`);
    if (inner !== null) decoded[name] = decodeValue(inner, innerShape, name);
  }
  return decoded;
}

function decodeValue(value: unknown, shape: Shape, name: string): unknown {
  if (shape === "any") return value;
  if (typeof shape === "object") return decodeObject(value, shape);
  if (!isShaped(value, shape)) throw refuse(`json: cannot unmarshal ${typeof value} into Go struct field .${name}`);
  return value;
}

function isShaped(value: unknown, shape: Exclude<Shape, object>): boolean {
  if (shape === "strings") return Array.isArray(value) && value.every((item) => typeof item === "string");
  if (shape !== "map") return typeof value === shape;
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === "string")
  );
}

function refuse(detail: string): HttpError {
  return new HttpError(400, `Request decode failed: ${detail}`);
}
