import { OBJECT_META } from "../../../api-types/meta/object-meta.js";
import type { StructuralSchema } from "../../../api-types/schema/structural.js";
import { isJsonObject, type JsonObject, setOwn } from "../json.js";

/** A configuration ready to be merged, and what is wrong with it, each fault as `.spec.x: field not declared in schema`. */
interface CheckedConfig {
  readonly config: JsonObject;
  readonly faults: readonly string[];
}

/**
 * Checks an applied configuration against the schema: undeclared fields, lists and objects in each other's place, list items
 * without or with the same key. A null for a field that cannot be null counts as absent.
 */
export function checkConfig(config: JsonObject, schema: StructuralSchema): CheckedConfig {
  const faults: string[] = [];
  const checked = checkMembers(config, rootSchemaOf(schema), { path: "", faults });
  return { config: checked, faults };
}

const rootSchemas = new WeakMap<StructuralSchema, StructuralSchema>();

function rootSchemaOf(schema: StructuralSchema): StructuralSchema {
  let root = rootSchemas.get(schema);
  if (root === undefined) {
    const properties = { ...schema.properties, apiVersion: {}, kind: {}, metadata: OBJECT_META };
    root = { ...schema, properties };
    rootSchemas.set(schema, root);
  }
  return root;
}

interface Place {
  readonly path: string;
  readonly faults: string[];
}

function checkMembers(object: JsonObject, schema: StructuralSchema, place: Place): JsonObject {
  let result: Record<string, unknown> | undefined;
  for (const key of Object.keys(object)) {
    const value = object[key];
    const checked = checkMember(value, schema, { key, place });
    if (checked === value) continue;
    result ??= { ...object };
    if (checked === undefined) delete result[key];
    else setOwn(result, key, checked);
  }
  return result ?? object;
}

/** The value to keep; undefined: none. */
function checkMember(
  value: unknown,
  schema: StructuralSchema,
  { key, place }: { readonly key: string; readonly place: Place },
): unknown {
  if (value === undefined) return undefined;
  const member = memberSchemaOf(schema, key);
  if (member !== undefined) {
    return isDroppedNull(value, member) ? undefined : checkValue(value, member, below(place, `.${key}`));
  }
  if (!isOpen(schema)) place.faults.push(`${place.path}.${key}: field not declared in schema`);
  return value;
}

function below(place: Place, step: string): Place {
  return { path: place.path + step, faults: place.faults };
}

function memberSchemaOf(schema: StructuralSchema, key: string): StructuralSchema | undefined {
  const { properties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  return schema.additionalProperties;
}

/** Whether undeclared members are kept. */
function isOpen(schema: StructuralSchema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true || schema.type === undefined;
}

function isDroppedNull(value: unknown, schema: StructuralSchema): boolean {
  return value === null && schema.nullable !== true && !isOpen(schema);
}

function checkValue(value: unknown, schema: StructuralSchema, place: Place): unknown {
  if (value === null) return value;
  switch (schema.type) {
    case "object":
      if (isJsonObject(value)) return checkMembers(value, schema, place);
      place.faults.push(`${place.path}: expected map, got ${JSON.stringify(value)}`);
      return value;
    case "array":
      if (Array.isArray(value)) return checkItems(value, schema, place);
      place.faults.push(`${place.path}: expected list, got ${JSON.stringify(value)}`);
      return value;
    default:
      return value;
  }
}

function checkItems(list: readonly unknown[], schema: StructuralSchema, place: Place): readonly unknown[] {
  const { items } = schema;
  if (items === undefined) return list;
  const seen = new Set<string>();
  let isChanged = false;
  const result = list.map((item, index) => {
    const step = checkIdentity(item, schema, { path: `${place.path}[${index}]`, faults: place.faults });
    if (step !== undefined && seen.has(step)) place.faults.push(`${place.path}: duplicate entries for key ${step}`);
    if (step !== undefined) seen.add(step);
    const checked = checkValue(item, items, below(place, step ?? `[${index}]`));
    isChanged ||= checked !== item;
    return checked;
  });
  return isChanged ? result : list;
}

/** What tells the item apart, as printed in paths; undefined in an atomic list, and for an item that lacks a key. */
function checkIdentity(item: unknown, schema: StructuralSchema, place: Place): string | undefined {
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "set") return `[=${JSON.stringify(item)}]`;
  if (listType !== "map") return undefined;
  const names = [...(schema["x-kubernetes-list-map-keys"] ?? [])].sort();
  const parts: string[] = [];
  for (const name of names) {
    const value = isJsonObject(item) ? (item[name] ?? schema.items?.properties?.[name]?.default) : undefined;
    if (value === undefined || value === null) {
      place.faults.push(`${place.path}: associative list with keys has an element that omits key field "${name}"`);
      return undefined;
    }
    parts.push(`${name}=${JSON.stringify(value)}`);
  }
  return `[${parts.join(",")}]`;
}
