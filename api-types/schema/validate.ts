import { duplicate, required, unsupported } from "../meta/field-error.js";
import { boundsErrors } from "./bounds.js";
import { frozenMemo } from "./frozen-memo.js";
import { fieldSchema } from "./prune.js";
import type { FieldError, StructuralSchema } from "./structural.js";

/** Every fault of `object` against the schema, worded as Kubernetes words them. Unknown fields are no faults: prune first. */
export function validateSchema(schema: StructuralSchema, object: unknown): readonly FieldError[] {
  return check(schema, object, "");
}

/** Top-level members without a fault. */
const sound = frozenMemo();
const NONE: readonly FieldError[] = [];

function check(schema: StructuralSchema, value: unknown, path: string): readonly FieldError[] {
  if (value === null && schema.nullable === true) return [];
  if (!hasType(schema, value)) return [wrongType(schema, value, path)];
  const faults = joined(choiceErrors(schema, value, path), boundsErrors(schema, value, path));
  // what is too much is not looked into: the answer stays short, and comes at once
  if (faults.some(({ type }) => type === "TooMany")) return faults;
  if (Array.isArray(value)) return joined(faults, itemErrors(schema, value, path));
  if (typeof value === "object" && value !== null) return joined(faults, memberErrors(schema, value, path));
  return faults;
}

/** Both lists; a new one is made only when both have faults, which is rare. */
function joined(left: readonly FieldError[], right: readonly FieldError[]): readonly FieldError[] {
  if (left.length === 0) return right;
  return right.length === 0 ? left : [...left, ...right];
}

function hasType(schema: StructuralSchema, value: unknown): boolean {
  if (schema["x-kubernetes-int-or-string"] === true) return typeof value === "string" || Number.isInteger(value);
  switch (schema.type) {
    case undefined:
      return schema["x-kubernetes-preserve-unknown-fields"] === true || value !== null;
    case "integer":
      return Number.isInteger(value);
    case "object":
      return typeName(value) === "object";
    case "array":
      return Array.isArray(value);
    default:
      return typeof value === schema.type && !Number.isNaN(value);
  }
}

function wrongType(schema: StructuralSchema, value: unknown, path: string): FieldError {
  const expected = schema["x-kubernetes-int-or-string"] === true ? "integer,string" : (schema.type ?? "object");
  const actual = JSON.stringify(typeName(value));
  const message = `Invalid value: ${actual}: ${path} in body must be of type ${expected}: ${actual}`;
  return { type: "TypeInvalid", path, message };
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return typeof value;
}

function choiceErrors(schema: StructuralSchema, value: unknown, path: string): readonly FieldError[] {
  if (schema.enum === undefined || schema.enum.includes(value)) return NONE;
  return [unsupported(path, value, schema.enum)];
}

function memberErrors(schema: StructuralSchema, value: object, path: string): readonly FieldError[] {
  const members = value as Readonly<Record<string, unknown>>; // read by name only
  let faults: readonly FieldError[] = NONE;
  for (const name of schema.required ?? []) {
    const isMissing = !Object.hasOwn(members, name) || members[name] === undefined;
    if (isMissing) faults = joined(faults, [required(memberPath(path, name))]);
  }
  for (const name of Object.keys(members)) {
    const field = members[name] === undefined ? undefined : fieldSchema(schema, name);
    if (field !== undefined) faults = joined(faults, checkMember(field, members[name], memberPath(path, name)));
  }
  return faults;
}

function checkMember(field: StructuralSchema, value: unknown, path: string): readonly FieldError[] {
  if (path.includes(".")) return check(field, value, path);
  if (sound.has(field, value)) return NONE;
  const faults = check(field, value, path);
  if (faults.length === 0) sound.add(field, value);
  return faults;
}

function memberPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function itemErrors(schema: StructuralSchema, values: readonly unknown[], path: string): readonly FieldError[] {
  const { items } = schema;
  let faults: readonly FieldError[] = NONE;
  if (items !== undefined) {
    for (const [index, value] of values.entries()) faults = joined(faults, check(items, value, `${path}[${index}]`));
  }
  return joined(faults, repeated(schema, values, path));
}

/** Items that a set or a map list may hold only once. */
function repeated(schema: StructuralSchema, values: readonly unknown[], path: string): readonly FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  if (listType !== "set" && listType !== "map") return NONE;
  const seen = new Set<string>();
  const faults: FieldError[] = [];
  for (const [index, value] of values.entries()) {
    const identity = listType === "set" ? scalarOf(value) : keysOf(schema, value);
    if (identity === undefined) continue;
    const text = JSON.stringify(identity);
    if (seen.has(text)) faults.push(duplicate(`${path}[${index}]`, identity));
    seen.add(text);
  }
  return faults;
}

/** The key fields of an item of a map list; undefined when it is no object or has odd keys: its types tell. */
function keysOf(schema: StructuralSchema, value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeName(value) !== "object") return undefined;
  // Just found to be an object.
  const fields = value as Readonly<Record<string, unknown>>;
  const keys = (schema["x-kubernetes-list-map-keys"] ?? []).map((key) => {
    const own = Object.hasOwn(fields, key) ? fields[key] : schema.items?.properties?.[key]?.default;
    return [key, scalarOf(own)] as const;
  });
  return keys.some(([, own]) => own === undefined) ? undefined : Object.fromEntries(keys);
}

/** The value itself unless it is an object, a list or null, which have no identity. */
function scalarOf(value: unknown): unknown {
  return typeof value === "object" ? undefined : value;
}
