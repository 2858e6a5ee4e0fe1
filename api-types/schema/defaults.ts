import { fieldSchema } from "./prune.js";
import type { StructuralSchema } from "./structural.js";

/**
 * Fills what is absent with the schema's defaults, inside list items too. Undefined, and a null of a field that may not be
 * null, count as absent. Unchanged parts are shared with `object`.
 */
export function withDefaults(schema: StructuralSchema, object: unknown): unknown {
  if (Array.isArray(object)) return defaultItems(schema, object);
  if (typeof object !== "object" || object === null) return object;
  return defaultFields(schema, object);
}

function defaultItems(schema: StructuralSchema, values: readonly unknown[]): unknown {
  const { items } = schema;
  if (items === undefined) return values;
  const filled = values.map((value) => {
    const isAbsent = value === null && items.nullable !== true && items.default !== undefined;
    return withDefaults(items, isAbsent ? copyOf(items.default) : value);
  });
  return filled.every((value, index) => value === values[index]) ? values : filled;
}

function defaultFields(schema: StructuralSchema, value: object): unknown {
  const filled = new Map<string, unknown>();
  let isSame = true;
  for (const [name, child] of Object.entries(value)) {
    const field = fieldSchema(schema, name);
    const isAbsent = child === undefined || (child === null && field !== undefined && field.nullable !== true);
    const next = field === undefined ? child : withDefaults(field, child);
    if (!isAbsent) filled.set(name, next);
    isSame &&= !isAbsent && next === child;
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (field.default === undefined || filled.has(name)) continue;
    filled.set(name, withDefaults(field, copyOf(field.default)));
    isSame = false;
  }
  // fromEntries defines own properties, so that a field called __proto__ is a field like any other
  return isSame ? value : Object.fromEntries(filled);
}

/** A copy of plain data; much cheaper than structuredClone, and defaults are filled at every write. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, copyOf(child)]));
}
