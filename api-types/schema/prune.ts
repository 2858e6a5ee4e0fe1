import type { StructuralSchema } from "./structural.js";

/** A value without its unknown fields, and the paths of those, like `spec.services[0].x`. Unchanged parts are shared. */
export interface Pruned {
  readonly object: unknown;
  readonly unknown: readonly string[];
}

/** Drops what the schema does not declare. What is of another type than declared stays: validation tells. */
export function prune(schema: StructuralSchema, object: unknown): Pruned {
  const unknown: string[] = [];
  return { object: pruneValue(schema, object, { path: "", unknown }), unknown };
}

interface Place {
  readonly path: string;
  /** Collects the paths of unknown fields. */
  readonly unknown: string[];
}

function pruneValue(schema: StructuralSchema, value: unknown, place: Place): unknown {
  if (Array.isArray(value)) return pruneItems(schema, value, place);
  if (typeof value !== "object" || value === null) return value;
  return pruneFields(schema, value, place);
}

function pruneItems(schema: StructuralSchema, values: readonly unknown[], { path, unknown }: Place): unknown {
  const { items } = schema;
  if (items === undefined) return values;
  const pruned = values.map((value, index) => pruneValue(items, value, { path: `${path}[${index}]`, unknown }));
  return pruned.every((value, index) => value === values[index]) ? values : pruned;
}

function pruneFields(schema: StructuralSchema, value: object, { path, unknown }: Place): unknown {
  if (holdsAnything(schema)) return value;
  const entries = Object.entries(value);
  const kept: [string, unknown][] = [];
  for (const [name, child] of entries) {
    const childPath = path === "" ? name : `${path}.${name}`;
    const field = fieldSchema(schema, name);
    if (field !== undefined) kept.push([name, pruneValue(field, child, { path: childPath, unknown })]);
    else if (schema["x-kubernetes-preserve-unknown-fields"] === true) kept.push([name, child]);
    else unknown.push(childPath);
  }
  const isSame = kept.length === entries.length && kept.every(([, child], index) => child === entries[index]?.[1]);
  // fromEntries defines own properties, so that a field called __proto__ is a field like any other
  return isSame ? value : Object.fromEntries(kept);
}

/** Whether the schema says nothing about fields: an object that is kept whole, or no object at all. */
function holdsAnything(schema: StructuralSchema): boolean {
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true && schema.properties === undefined;
  return (
    isOpen || (schema.type !== undefined && schema.type !== "object") || schema["x-kubernetes-int-or-string"] === true
  );
}

/** The schema of one field of an object; undefined when it is not declared. */
export function fieldSchema(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  return additionalProperties;
}
