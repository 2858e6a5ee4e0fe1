import type { FieldsV1 } from "../../../api-types/meta/object.js";
import { isEqualJson, isJsonObject, type JsonObject } from "../json.js";
import { type FieldSet, fieldSetOf, isLeaf, LEAF } from "./field-set.js";
import {
  DEDUCED_OBJECT,
  type FieldType,
  fieldTypeOf,
  itemsOf,
  itemTypeOf,
  type MapListType,
  type ObjectType,
} from "./field-type.js";
import { everyPathOf } from "./set-of-value.js";

/** What differs: paths that are new or have another value, and paths that are gone. */
export interface Comparison {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

const SAME: Comparison = { changed: undefined, removed: undefined };

/** Whether nothing differs; the order of sets and map lists does not count. */
export function isSame(comparison: Comparison): boolean {
  return comparison.changed === undefined && comparison.removed === undefined;
}

/** Compares two objects field by field as `type` takes them apart. */
export function compareObjects(before: JsonObject, after: JsonObject, type: ObjectType): Comparison {
  return before === after ? SAME : compareMembers(before, after, type);
}

function compareValues(before: unknown, after: unknown, type: FieldType): Comparison {
  if (before === after) return SAME;
  if (before === undefined) return appeared(after, type);
  if (after === undefined) return vanished(before, type);
  switch (type.type) {
    case "leaf":
      return compareLeaves(before, after);
    case "object":
      return compareContainers(before, after, type);
    case "deduced":
      return compareDeduced(before, after);
    default:
      return compareLists(before, after, type);
  }
}

function appeared(value: unknown, type: FieldType): Comparison {
  return { changed: ownedPaths(value, type), removed: undefined };
}

function vanished(value: unknown, type: FieldType): Comparison {
  return { changed: undefined, removed: ownedPaths(value, type) };
}

function ownedPaths(value: unknown, type: FieldType): FieldSet {
  const paths = everyPathOf(value, type);
  const isNothing = type.type === "object" && !type.isOwnable && isLeaf(paths);
  return isNothing ? undefined : paths;
}

function compareLeaves(before: unknown, after: unknown): Comparison {
  return isEqualJson(before, after) ? SAME : { changed: LEAF, removed: undefined };
}

/** A container that holds nothing is told apart from other such values like a leaf. */
function compareContainers(before: unknown, after: unknown, type: ObjectType): Comparison {
  const left = isJsonObject(before) ? before : {};
  const right = isJsonObject(after) ? after : {};
  if (!hasKeys(left) && !hasKeys(right)) return compareLeaves(before, after);
  return compareMembers(left, right, type);
}

function hasKeys(object: JsonObject): boolean {
  for (const _ in object) return true;
  return false;
}

/** Both objects: by member. Else the value changed as a whole, and what an object held is gone or new. */
function compareDeduced(before: unknown, after: unknown): Comparison {
  const isBefore = isJsonObject(before);
  const isAfter = isJsonObject(after);
  if (isBefore && isAfter) return compareContainers(before, after, DEDUCED_OBJECT);
  if (isAfter) return { changed: everyPathOf(after, DEDUCED_OBJECT), removed: undefined };
  if (!isBefore) return compareLeaves(before, after);
  return { changed: LEAF, removed: compareMembers(before, {}, DEDUCED_OBJECT).removed };
}

function compareMembers(before: JsonObject, after: JsonObject, type: ObjectType): Comparison {
  const difference = collector();
  for (const key of Object.keys(after)) {
    if (after[key] === before[key] || type.isIgnored?.(key)) continue;
    const previous = Object.hasOwn(before, key) ? before[key] : undefined;
    difference.add(`f:${key}`, compareValues(previous, after[key], fieldTypeOf(type, key)));
  }
  for (const key of Object.keys(before)) {
    if (before[key] === undefined || Object.hasOwn(after, key) || type.isIgnored?.(key)) continue;
    difference.add(`f:${key}`, vanished(before[key], fieldTypeOf(type, key)));
  }
  return difference.result();
}

function compareLists(before: unknown, after: unknown, type: MapListType | { readonly type: "set" }): Comparison {
  const left = itemsOf(type, before);
  const right = itemsOf(type, after);
  if (left.size === 0 && right.size === 0) return compareLeaves(before, after);
  const itemType = itemTypeOf(type);
  const difference = collector();
  for (const [segment, item] of right) difference.add(segment, compareValues(left.get(segment), item, itemType));
  for (const [segment, item] of left) {
    if (!right.has(segment)) difference.add(segment, vanished(item, itemType));
  }
  return difference.result();
}

/** Gathers the differences of members; allocates only when there are some. */
function collector() {
  let changed: Record<string, FieldsV1> | undefined;
  let removed: Record<string, FieldsV1> | undefined;
  return {
    add(segment: string, comparison: Comparison): void {
      if (comparison.changed !== undefined) {
        changed ??= {};
        changed[segment] = comparison.changed;
      }
      if (comparison.removed !== undefined) {
        removed ??= {};
        removed[segment] = comparison.removed;
      }
    },
    result(): Comparison {
      if (changed === undefined && removed === undefined) return SAME;
      return { changed: fieldSetOf(changed), removed: fieldSetOf(removed) };
    },
  };
}
