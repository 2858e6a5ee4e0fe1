import type { FieldsV1, KubeObject, ManagedFieldsEntry } from "../../../api-types/meta/object.js";
import { isJsonObject } from "../json.js";
import { isSegment } from "./field-path.js";
import { type FieldSet, fieldSetOf, union } from "./field-set.js";

/** The managedFields of an object. */
export type Entries = readonly ManagedFieldsEntry[];

/** More entries of updates than this are folded into one. */
const UPDATERS_MAX = 10;
const FOLDED_MANAGER = "ancient-changes";

/** `object` with these managedFields, sorted and bounded; with none the field is absent. */
export function withEntries(object: KubeObject, entries: Entries): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  if (entries.length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, managedFields: foldUpdaters([...entries].sort(compareEntries)) } };
}

/** Apply before Update, then by time, manager, version and subresource. */
function compareEntries(left: ManagedFieldsEntry, right: ManagedFieldsEntry): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time, right.time) ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  );
}

function compareText(left: string = "", right: string = ""): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The oldest updates become one entry per version, until there are few enough. */
function foldUpdaters(sorted: Entries): Entries {
  const appliers = sorted.filter((entry) => entry.operation === "Apply");
  let updaters = sorted.slice(appliers.length);
  while (updaters.length > UPDATERS_MAX) {
    const folded = foldOldestPair(updaters);
    if (folded === undefined) break;
    updaters = folded;
  }
  return updaters.length === sorted.length - appliers.length ? sorted : [...appliers, ...updaters];
}

function foldOldestPair(updaters: Entries): ManagedFieldsEntry[] | undefined {
  for (const [index, second] of updaters.entries()) {
    const firstIndex = updaters.findIndex((entry) => entry.apiVersion === second.apiVersion);
    const first = updaters[firstIndex];
    if (first === undefined || firstIndex === index) continue;
    const folded: ManagedFieldsEntry = {
      manager: FOLDED_MANAGER,
      operation: "Update",
      apiVersion: second.apiVersion,
      ...(second.time === undefined ? {} : { time: second.time }),
      fieldsType: "FieldsV1",
      fieldsV1: union(fieldSetOf(first.fieldsV1), fieldSetOf(second.fieldsV1)) ?? {},
    };
    const rest = updaters.filter((entry) => entry !== first && entry !== second);
    return [folded, ...rest];
  }
  return undefined;
}

/** The entries with every set replaced by `change`; those that become empty are dropped. */
export function mapSets(entries: Entries, change: (set: FieldSet, entry: ManagedFieldsEntry) => FieldSet): Entries {
  const result: ManagedFieldsEntry[] = [];
  for (const entry of entries) {
    const set = fieldSetOf(entry.fieldsV1);
    const changed = change(set, entry);
    if (changed === undefined) continue;
    result.push(changed === set ? entry : { ...entry, fieldsV1: changed });
  }
  return result;
}

/** What a request says about managedFields. */
type RequestedEntries =
  | { readonly type: "keep" }
  | { readonly type: "clear" }
  | { readonly type: "replace"; readonly entries: Entries };

/** An empty list or `[{}]` clears; absent or unusable ones keep the stored; others replace them. */
export function requestedEntriesOf(value: unknown): RequestedEntries {
  if (!Array.isArray(value)) return { type: "keep" };
  const isClearing = value.length === 0 || (value.length === 1 && isEmptyObject(value[0]));
  if (isClearing) return { type: "clear" };
  return value.every(isEntry) ? { type: "replace", entries: value.filter(hasFields) } : { type: "keep" };
}

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function isEntry(value: unknown): value is ManagedFieldsEntry {
  if (!isJsonObject(value)) return false;
  const isKnownOperation = value.operation === "Apply" || value.operation === "Update";
  const isNamed = typeof value.manager === "string" && typeof value.apiVersion === "string";
  const isTyped = value.fieldsType === "FieldsV1" && isText(value.time) && isText(value.subresource);
  return isKnownOperation && isNamed && isTyped && isTrie(value.fieldsV1);
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function isTrie(value: unknown): value is FieldsV1 {
  return isJsonObject(value) && Object.keys(value).every((segment) => isSegment(segment) && isTrie(value[segment]));
}

function hasFields(entry: ManagedFieldsEntry): boolean {
  return fieldSetOf(entry.fieldsV1) !== undefined;
}
