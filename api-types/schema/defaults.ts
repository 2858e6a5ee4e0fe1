import { frozenMemo } from "./frozen-memo.js";
import { fieldSchema } from "./prune.js";
import type { StructuralSchema } from "./structural.js";

/**
 * Fills what is absent with the schema's defaults, inside list items too. Undefined, and a null of a field that may not be
 * null, count as absent. Unchanged parts are shared with `object`.
 */
export function withDefaults(schema: StructuralSchema, object: unknown): unknown {
  return filled(schema, object, true);
}

/** Top-level members that lack no default. */
const complete = frozenMemo();

function filled(schema: StructuralSchema, object: unknown, isRoot = false): unknown {
  if (Array.isArray(object)) return defaultItems(schema, object);
  if (typeof object !== "object" || object === null) return object;
  return defaultFields(schema, object, isRoot ? filledMember : filled);
}

function filledMember(schema: StructuralSchema, value: unknown): unknown {
  if (complete.has(schema, value)) return value;
  const next = filled(schema, value);
  if (next === value) complete.add(schema, value);
  return next;
}

function defaultItems(schema: StructuralSchema, values: readonly unknown[]): unknown {
  const { items } = schema;
  if (items === undefined) return values;
  const all = values.map((value) => {
    const isAbsent = value === null && items.nullable !== true && items.default !== undefined;
    return filled(items, isAbsent ? copyOf(items.default) : value);
  });
  return all.every((value, index) => value === values[index]) ? values : all;
}

function defaultFields(
  schema: StructuralSchema,
  value: object,
  fill: (field: StructuralSchema, child: unknown) => unknown,
): unknown {
  const present = value as Readonly<Record<string, unknown>>; // read by name only
  const changed = new Map<string, unknown>();
  for (const name of Object.keys(present)) {
    const child = present[name];
    const field = fieldSchema(schema, name);
    const next = isAbsent(field, child) ? undefined : field === undefined ? child : fill(field, child);
    if (next !== child || next === undefined) changed.set(name, next);
  }
  for (const [name, field] of defaultsOf(schema)) {
    const isPresent = changed.has(name) ? changed.get(name) !== undefined : Object.hasOwn(present, name);
    if (!isPresent) changed.set(name, filled(field, copyOf(field.default)));
  }
  return changed.size === 0 ? value : replaced(present, changed);
}

function isAbsent(field: StructuralSchema | undefined, child: unknown): boolean {
  return child === undefined || (child === null && field !== undefined && field.nullable !== true);
}

/** The fields of the schema that have a default. */
function defaultsOf(schema: StructuralSchema): readonly (readonly [string, StructuralSchema])[] {
  let found = defaults.get(schema);
  if (found === undefined) {
    found = Object.entries(schema.properties ?? {}).filter(([, field]) => field.default !== undefined);
    defaults.set(schema, found);
  }
  return found;
}

const defaults = new WeakMap<StructuralSchema, readonly (readonly [string, StructuralSchema])[]>();

/** `undefined` in `changed` leaves a field out; new fields come last. */
function replaced(
  present: Readonly<Record<string, unknown>>,
  changed: ReadonlyMap<string, unknown>,
): Readonly<Record<string, unknown>> {
  const all = new Map([...Object.entries(present), ...changed]);
  // fromEntries defines own properties, so that a field called __proto__ is a field like any other
  return Object.fromEntries([...all].filter(([, child]) => child !== undefined));
}

/** A copy of plain data; much cheaper than structuredClone, and defaults are filled at every write. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, copyOf(child)]));
}
