import type { KubeObject, ObjectMeta } from "../../../api-types/meta/object.js";

/** Whether two JSON values are equal; the order of keys does not matter, an undefined field is an absent one. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && isSameList(a, b);
  return isSameRecord(a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>);
}

/** Whether anything but the given top-level fields differs. */
export function differsOutside(a: KubeObject, b: KubeObject, ...fields: readonly string[]): boolean {
  return !isSame(without(a, fields), without(b, fields));
}

/** Whether storing `after` over `before` would change nothing but the times in managedFields. */
export function isNoChange(before: KubeObject, after: KubeObject): boolean {
  if (before === after) return true;
  // what changes most is looked at first
  if (!isSame(before.status, after.status) || differsOutside(before, after, "metadata", "status")) return false;
  return isSame(withoutTimes(before.metadata), withoutTimes(after.metadata));
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
}

function isSameRecord(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  let size = 0;
  for (const key in a) {
    if (a[key] === undefined) continue;
    size++;
    if (!Object.hasOwn(b, key) || !isSame(a[key], b[key])) return false;
  }
  for (const key in b) if (b[key] !== undefined) size--;
  return size === 0;
}

function without(object: KubeObject, fields: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}

function withoutTimes(all: ObjectMeta): Readonly<Record<string, unknown>> {
  const { resourceVersion: _version, managedFields, ...metadata } = all;
  const entries = managedFields?.map(({ time: _time, ...entry }) => entry);
  return { ...metadata, ...(entries && entries.length > 0 && { managedFields: entries }) };
}
