import type { FieldsV1 } from "../../../api-types/meta/object.js";
import { isJsonObject, type JsonObject } from "../json.js";
import { type FieldSet, fieldSetOf, LEAF, SELF } from "./field-set.js";
import { type FieldType, fieldTypeOf, itemsOf, itemTypeOf, type ObjectType, objectTypeOf } from "./field-type.js";

/** The fields that applying `object` owns: leaves, list items, entries of maps; declared objects only when empty. */
export function setOfApplied(object: JsonObject, type: ObjectType): FieldSet {
  return fieldSetOf(ofObject(object, type, { isMember: false, isEvery: false }));
}

/** Every path of `value`, containers included: what appears when the value does. */
export function everyPathOf(value: unknown, type: FieldType): FieldsV1 {
  const isOwnable = type.type !== "object" || type.isOwnable;
  return nodeOf(value, type, { isMember: isOwnable, isEvery: true }) ?? LEAF;
}

interface Walk {
  /** Whether the path of the value itself is in the set. */
  readonly isMember: boolean;
  /** Whether containers count like leaves. */
  readonly isEvery: boolean;
}

const EVERY: Walk = { isMember: true, isEvery: true };
const ENTRY: Walk = { isMember: true, isEvery: false };
const DECLARED: Walk = { isMember: false, isEvery: false };
const HOLDER: Walk = { isMember: false, isEvery: true };

/** The node of `value`; undefined: nothing of it is in the set. */
function nodeOf(value: unknown, type: FieldType, walk: Walk): FieldsV1 | undefined {
  if (value === null) return LEAF;
  if (type.type === "set" || type.type === "mapList") {
    return Array.isArray(value) ? ofList(value, type, walk) : LEAF;
  }
  const objectType = objectTypeOf(type, value);
  if (objectType === undefined || !isJsonObject(value)) return LEAF;
  return ofObject(value, objectType, walk);
}

function ofObject(object: JsonObject, type: ObjectType, walk: Walk): FieldsV1 | undefined {
  const node: Record<string, FieldsV1> = walk.isMember ? { [SELF]: LEAF } : {};
  let isEmpty = true;
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined || type.isIgnored?.(key)) continue;
    const field = fieldTypeOf(type, key);
    const child = nodeOf(value, field, walkOf(field, type.fields.has(key), walk));
    if (child === undefined) continue;
    isEmpty = false;
    node[`f:${key}`] = child;
  }
  if (!isEmpty) return node;
  return type.isOwnable && (walk.isMember || Object.keys(object).length === 0) ? LEAF : undefined;
}

function walkOf(field: FieldType, isDeclared: boolean, walk: Walk): Walk {
  const isOwnable = field.type !== "object" || field.isOwnable;
  if (walk.isEvery) return isOwnable ? EVERY : HOLDER;
  return isDeclared ? DECLARED : ENTRY;
}

function ofList(
  list: readonly unknown[],
  type: FieldType & { type: "set" | "mapList" },
  walk: Walk,
): FieldsV1 | undefined {
  if (list.length === 0) return walk.isMember ? LEAF : undefined;
  const node: Record<string, FieldsV1> = walk.isMember ? { [SELF]: LEAF } : {};
  const itemType = itemTypeOf(type);
  for (const [segment, item] of itemsOf(type, list)) {
    node[segment] = nodeOf(item, itemType, walk.isEvery ? EVERY : ENTRY) ?? LEAF;
  }
  return node;
}
