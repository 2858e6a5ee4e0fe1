import { OBJECT_META } from "../../../api-types/meta/object-meta.js";
import type { StructuralSchema } from "../../../api-types/schema/structural.js";
import { isJsonObject } from "../json.js";

/**
 * How a field is owned and merged. `leaf`: as a whole (scalars, atomic lists and objects). `deduced`: unknown to the schema,
 * objects merge member by member, everything else is a leaf.
 */
export type FieldType = LeafType | ObjectType | { readonly type: "set" } | MapListType | { readonly type: "deduced" };

/** A field without parts of its own; `schema`: of an atomic list or object, whose insides may have defaults. */
export interface LeafType {
  readonly type: "leaf";
  readonly schema?: StructuralSchema;
}

/** An object that is owned member by member. */
export interface ObjectType {
  readonly type: "object";
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Of members that are not declared. */
  readonly rest: FieldType;
  /** Members that are neither owned nor merged; undefined: none. */
  readonly isIgnored?: (key: string) => boolean;
  /** False: nobody owns the object itself, only its members. */
  readonly isOwnable: boolean;
}

/** A list whose items are told apart by the values of `keys`. */
export interface MapListType {
  readonly type: "mapList";
  readonly keys: readonly { readonly name: string; readonly defaultValue: unknown }[];
  readonly item: FieldType;
}

const LEAF_TYPE: FieldType = { type: "leaf" };
const DEDUCED: FieldType = { type: "deduced" };
const SET: FieldType = { type: "set" };
/** What a deduced object is merged as. */
export const DEDUCED_OBJECT: ObjectType = { type: "object", fields: new Map(), rest: DEDUCED, isOwnable: true };

/** Never owned: the server's own, or what names the object. */
const IGNORED_METADATA: ReadonlySet<string> = new Set([
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "managedFields",
]);
const IGNORED_MAIN: ReadonlySet<string> = new Set(["apiVersion", "kind", "status"]);

const mainTypes = new WeakMap<StructuralSchema, ObjectType>();
const statusTypes = new WeakMap<StructuralSchema, ObjectType>();

/** The type of a whole object as written through `subresource`: `/status` sees only status, all others everything else. */
export function rootTypeOf(schema: StructuralSchema, subresource: string | undefined): ObjectType {
  const isStatus = subresource === "status";
  const cache = isStatus ? statusTypes : mainTypes;
  let type = cache.get(schema);
  if (type === undefined) {
    type = compileRoot(schema, isStatus ? (key) => key !== "status" : (key) => IGNORED_MAIN.has(key));
    cache.set(schema, type);
  }
  return type;
}

function compileRoot(schema: StructuralSchema, isIgnored: (key: string) => boolean): ObjectType {
  const fields = new Map(compileFields(schema));
  const metadata: ObjectType = {
    type: "object",
    fields: compileFields(OBJECT_META),
    rest: DEDUCED,
    isIgnored: (key) => IGNORED_METADATA.has(key),
    isOwnable: false,
  };
  fields.set("metadata", metadata);
  return { type: "object", fields, rest: DEDUCED, isIgnored, isOwnable: false };
}

function compileFields(schema: StructuralSchema): ReadonlyMap<string, FieldType> {
  return new Map(Object.entries(schema.properties ?? {}).map(([key, field]) => [key, compile(field)]));
}

function compile(schema: StructuralSchema): FieldType {
  switch (schema.type) {
    case "object":
      return compileObject(schema);
    case "array":
      return compileList(schema);
    case undefined:
      return schema["x-kubernetes-int-or-string"] ? LEAF_TYPE : DEDUCED;
    default:
      return LEAF_TYPE;
  }
}

function compileObject(schema: StructuralSchema): FieldType {
  if (schema["x-kubernetes-map-type"] === "atomic") return { type: "leaf", schema };
  const rest = schema.additionalProperties === undefined ? DEDUCED : compile(schema.additionalProperties);
  return { type: "object", fields: compileFields(schema), rest, isOwnable: true };
}

function compileList(schema: StructuralSchema): FieldType {
  const { items = {} } = schema;
  switch (schema["x-kubernetes-list-type"]) {
    case "set":
      return SET;
    case "map":
      return { type: "mapList", keys: compileKeys(schema, items), item: compileItem(items) };
    default:
      return { type: "leaf", schema };
  }
}

function compileKeys(schema: StructuralSchema, items: StructuralSchema): MapListType["keys"] {
  const names = [...(schema["x-kubernetes-list-map-keys"] ?? [])].sort();
  return names.map((name) => ({ name, defaultValue: items.properties?.[name]?.default }));
}

function compileItem(items: StructuralSchema): FieldType {
  return compile(items);
}

/** How `value` of `type` is taken apart; undefined: it is a leaf. */
export function objectTypeOf(type: FieldType, value: unknown): ObjectType | undefined {
  if (type.type === "object") return type;
  return type.type === "deduced" && isJsonObject(value) ? DEDUCED_OBJECT : undefined;
}

/** The type of a member. */
export function fieldTypeOf(type: ObjectType, key: string): FieldType {
  return type.fields.get(key) ?? type.rest;
}

/** The segment of an item of a set. */
function valueSegment(value: unknown): string {
  return `v:${JSON.stringify(value)}`;
}

/** The segment of an item of a map list; undefined when it lacks a key. */
function keySegment(type: MapListType, item: unknown): string | undefined {
  if (!isJsonObject(item)) return undefined;
  let text = "k:{";
  for (const key of type.keys) {
    const value = item[key.name] ?? key.defaultValue;
    if (value === undefined || value === null) return undefined;
    if (text.length > 3) text += ",";
    text += `${JSON.stringify(key.name)}:${JSON.stringify(value)}`;
  }
  return `${text}}`;
}

/** Items by segment, in order; of equal ones the first, and those without a key by position, as they cannot be told apart. */
export function itemsOf(type: MapListType | { readonly type: "set" }, value: unknown): ReadonlyMap<string, unknown> {
  const items = new Map<string, unknown>();
  if (!Array.isArray(value)) return items;
  value.forEach((item, index) => {
    const segment = (type.type === "set" ? valueSegment(item) : keySegment(type, item)) ?? `i:${index}`;
    if (!items.has(segment)) items.set(segment, item);
  });
  return items;
}

/** The type of an item of a list that is not atomic. */
export function itemTypeOf(type: MapListType | { readonly type: "set" }): FieldType {
  return type.type === "set" ? LEAF_TYPE : type.item;
}
