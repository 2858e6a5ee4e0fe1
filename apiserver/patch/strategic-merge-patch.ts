import { OBJECT_META } from "../../api-types/meta/object-meta.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { StructuralSchema } from "../../api-types/schema/structural.js";
import { cloneJson, isEqualJson, isJsonObject, type JsonObject, setOwn } from "./json.js";

/**
 * Applies a strategic merge patch as Kubernetes does for built-in kinds: like a merge patch, but map lists merge by key, sets
 * unite, and the directives `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` are obeyed. Shares
 * nothing with the patch. Throws BadRequest for an unusable patch.
 */
export function applyStrategicMergePatch(
  target: JsonObject,
  patch: unknown,
  schema: StructuralSchema,
): Record<string, unknown> {
  if (!isJsonObject(patch)) throw bad("the patch must be an object");
  const root = { ...schema, properties: { ...schema.properties, metadata: OBJECT_META } };
  return mergeObject(target, patch, { schema: root, path: "" });
}

const PATCH = "$patch";
const RETAIN_KEYS = "$retainKeys";
const ORDER = "$setElementOrder/";
const DELETE_ITEMS = "$deleteFromPrimitiveList/";

/** Lists of built-in kinds that merge by a key though their schema may not say so. */
const KNOWN_KEYS: Readonly<Record<string, string>> = {
  ".secrets": "name",
  ".imagePullSecrets": "name",
  ".status.conditions": "type",
};

interface Place {
  readonly schema: StructuralSchema | undefined;
  readonly path: string;
}

function mergeObject(target: unknown, patch: JsonObject, place: Place): Record<string, unknown> {
  switch (patch[PATCH]) {
    case "delete":
      return {};
    case "replace":
      return plainObject(patch);
    case "merge":
    case undefined:
      return mergeMembers(isJsonObject(target) ? target : {}, patch, place);
    default:
      throw bad(`unknown patch type: ${JSON.stringify(patch[PATCH])} at ${place.path || "."}`);
  }
}

function mergeMembers(target: JsonObject, patch: JsonObject, place: Place): Record<string, unknown> {
  const result: Record<string, unknown> = retained(target, patch, place);
  for (const key of listsIn(patch)) {
    const before = Object.hasOwn(result, key) ? result[key] : undefined;
    const merged = mergeMember(before, patch, { key, place });
    if (merged === undefined) delete result[key];
    else setOwn(result, key, merged);
  }
  return result;
}

/** The members that a patch names, directly or in a directive about a list. */
function listsIn(patch: JsonObject): ReadonlySet<string> {
  const names = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (key === PATCH || key === RETAIN_KEYS) continue;
    const prefix = [ORDER, DELETE_ITEMS].find((directive) => key.startsWith(directive)) ?? "";
    names.add(key.slice(prefix.length));
  }
  return names;
}

function retained(target: JsonObject, patch: JsonObject, place: Place): Record<string, unknown> {
  const kept = patch[RETAIN_KEYS];
  if (kept === undefined) return { ...target };
  if (!Array.isArray(kept)) throw bad(`${RETAIN_KEYS} must be a list at ${place.path || "."}`);
  const undeclared = Object.keys(patch).find((key) => !key.startsWith("$") && !kept.includes(key));
  if (undeclared !== undefined) throw bad(`${RETAIN_KEYS} doesn't contain all keys of the patch: ${undeclared}`);
  return Object.fromEntries(Object.entries(target).filter(([key]) => kept.includes(key)));
}

function mergeMember(before: unknown, patch: JsonObject, at: { readonly key: string; readonly place: Place }): unknown {
  const { key } = at;
  const value = Object.hasOwn(patch, key) ? patch[key] : undefined;
  const here = memberPlace(at.place, key);
  if (value === null) return undefined;
  if (isJsonObject(value)) return mergeObject(before, value, here);
  const lists: ListPatch = {
    items: value,
    order: listDirective(patch, ORDER + key),
    removed: listDirective(patch, DELETE_ITEMS + key),
  };
  return Array.isArray(value) || value === undefined ? mergeList(before, lists, here) : value;
}

function memberPlace(place: Place, key: string): Place {
  const { schema } = place;
  const declared = schema?.properties;
  const member = declared !== undefined && Object.hasOwn(declared, key) ? declared[key] : schema?.additionalProperties;
  return { schema: member, path: `${place.path}.${key}` };
}

interface ListPatch {
  readonly items: unknown;
  readonly order: readonly unknown[] | undefined;
  readonly removed: readonly unknown[] | undefined;
}

function listDirective(patch: JsonObject, name: string): readonly unknown[] | undefined {
  const value = patch[name];
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw bad(`${name} must be a list`);
  return value;
}

function mergeList(before: unknown, patch: ListPatch, place: Place): unknown {
  const live: readonly unknown[] = Array.isArray(before) ? before : [];
  const mergeKey = mergeKeyOf(place);
  if (mergeKey === "") return mergeAtomic(before, patch);
  const items: readonly unknown[] = Array.isArray(patch.items) ? patch.items : [];
  const isReplaced = items.some((item) => isJsonObject(item) && item[PATCH] === "replace");
  if (isReplaced) return items.filter((item) => !(isJsonObject(item) && item[PATCH] === "replace")).map(plain);
  const identity = mergeKey === undefined ? cloneJson : (item: unknown) => keyOf(item, mergeKey, place);
  const merged = mergeKey === undefined ? uniteSets(live, items) : mergeByKey(live, items, { mergeKey, place });
  const left = merged.filter((item) => !patch.removed?.some((removed) => isEqualJson(item, removed)));
  return patch.order === undefined ? left : reorder(left, patch.order.map(identity), identity);
}

/** The key of a map list; undefined: a set; empty: neither, the list is replaced. */
function mergeKeyOf({ schema, path }: Place): string | undefined {
  const listType = schema?.["x-kubernetes-list-type"];
  if (listType === "set") return undefined;
  if (listType === "map") return schema?.["x-kubernetes-list-map-keys"]?.[0] ?? "";
  return KNOWN_KEYS[path] ?? "";
}

function mergeAtomic(before: unknown, patch: ListPatch): unknown {
  const list = Array.isArray(patch.items) ? patch.items.map(plain) : before;
  if (patch.removed === undefined || !Array.isArray(list)) return list;
  return list.filter((item) => !patch.removed?.some((removed) => isEqualJson(item, removed)));
}

function uniteSets(live: readonly unknown[], items: readonly unknown[]): readonly unknown[] {
  return [...live, ...items.filter((item) => !live.some((present) => isEqualJson(present, item))).map(plain)];
}

interface KeyedPlace {
  readonly mergeKey: string;
  readonly place: Place;
}

function mergeByKey(live: readonly unknown[], items: readonly unknown[], keyed: KeyedPlace): readonly unknown[] {
  const { mergeKey, place } = keyed;
  const itemPlace: Place = { schema: place.schema?.items, path: `${place.path}[]` };
  let result = [...live];
  for (const item of items) {
    const key = keyOf(item, mergeKey, place);
    const isSameItem = (other: unknown) => isJsonObject(other) && isEqualJson(other[mergeKey], key);
    const index = result.findIndex(isSameItem);
    // keyOf accepts objects only
    const itemPatch = item as JsonObject;
    if (itemPatch[PATCH] === "delete") result = result.filter((other) => !isSameItem(other));
    else if (index >= 0) result[index] = mergeObject(result[index], itemPatch, itemPlace);
    else result.push(mergeObject({}, itemPatch, itemPlace));
  }
  return result;
}

function keyOf(item: unknown, mergeKey: string, place: Place): unknown {
  const key = isJsonObject(item) ? item[mergeKey] : undefined;
  if (key === undefined || key === null) {
    throw bad(`${place.path}: an item does not contain declared merge key: ${mergeKey}`);
  }
  return key;
}

/** Puts the items that `order` names into its order; the others stay behind the item that they followed. */
function reorder(
  items: readonly unknown[],
  order: readonly unknown[],
  identity: (item: unknown) => unknown,
): readonly unknown[] {
  const rank = (item: unknown) => order.findIndex((key) => isEqualJson(key, identity(item)));
  const named = items.filter((item) => rank(item) >= 0).sort((left, right) => rank(left) - rank(right));
  const isFirst = (index: number) => items.slice(0, index).every((item) => rank(item) < 0);
  const leading = items.filter((item, index) => rank(item) < 0 && isFirst(index));
  const result = [...leading];
  for (const item of named) {
    const from = items.indexOf(item) + 1;
    const next = items.findIndex((other, index) => index >= from && rank(other) >= 0);
    result.push(item, ...items.slice(from, next < 0 ? items.length : next));
  }
  return result;
}

/** A value without its directives. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  return isJsonObject(value) ? plainObject(value) : value;
}

function plainObject(object: JsonObject): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const isDirective = key === PATCH || key === RETAIN_KEYS || key.startsWith(ORDER) || key.startsWith(DELETE_ITEMS);
    if (!isDirective && object[key] !== null) setOwn(result, key, plain(object[key]));
  }
  return result;
}

function bad(message: string): StatusError {
  return new StatusError("BadRequest", `applying a strategic merge patch: ${message}`);
}
