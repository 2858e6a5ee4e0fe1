import type { FieldsV1 } from "../../../api-types/meta/object.js";
import { copyObject, isJsonObject, type JsonObject } from "../json.js";
import { type FieldSet, isMember, SELF } from "./field-set.js";
import {
  type FieldType,
  fieldTypeOf,
  itemsOf,
  itemTypeOf,
  type MapListType,
  type ObjectType,
  objectTypeOf,
} from "./field-type.js";

/**
 * Removes from `object` what `last` names and `kept` does not. A list item or declared object that is removed takes along what
 * nobody owns in it; one in which somebody owns a field stays. Shares what does not change.
 */
export function pruneObject(object: JsonObject, type: ObjectType, sets: PruneSets): JsonObject {
  const { last, kept } = sets;
  if (last === undefined) return object;
  let result: Record<string, unknown> | undefined;
  for (const segment in last) {
    const key = segment.slice(2);
    if (segment === SELF || !Object.hasOwn(object, key)) continue;
    const field = fieldTypeOf(type, key);
    const isNamed = type.fields.has(key) && (field.type !== "object" || field.isOwnable);
    // `in` lists what is there
    const below = { last: last[segment]!, kept: kept?.[segment] };
    const pruned = isGone(below, isNamed) ? undefined : pruneValue(object[key], field, below);
    if (pruned === object[key]) continue;
    result ??= copyObject(object);
    if (pruned === undefined) delete result[key];
    else result[key] = pruned;
  }
  return result ?? object;
}

/** What the manager owned until now, and what it or anybody else owns from now on. */
interface PruneSets {
  readonly last: FieldSet;
  readonly kept: FieldSet;
}

function isGone(sets: { readonly last: FieldsV1; readonly kept: FieldSet }, isNamed: boolean): boolean {
  return sets.kept === undefined && (isNamed || isMember(sets.last));
}

function pruneValue(value: unknown, type: FieldType, sets: PruneSets): unknown {
  if (type.type === "set" || type.type === "mapList")
    return Array.isArray(value) ? pruneList(value, type, sets) : value;
  const objectType = objectTypeOf(type, value);
  return objectType !== undefined && isJsonObject(value) ? pruneObject(value, objectType, sets) : value;
}

function pruneList(
  list: readonly unknown[],
  type: MapListType | { readonly type: "set" },
  sets: PruneSets,
): readonly unknown[] {
  const itemType = itemTypeOf(type);
  const result: unknown[] = [];
  let isChanged = false;
  for (const [segment, item] of itemsOf(type, list)) {
    const last = sets.last?.[segment];
    const kept = sets.kept?.[segment];
    if (last !== undefined && isGone({ last, kept }, false)) {
      isChanged = true;
      continue;
    }
    const pruned = pruneValue(item, itemType, { last, kept });
    isChanged ||= pruned !== item;
    result.push(pruned);
  }
  return isChanged ? result : list;
}
