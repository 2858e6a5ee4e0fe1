import type { Kind } from "../api-types/meta/kind.js";
import type { FieldsV1, ManagedFieldsEntry, ObjectMeta } from "../api-types/meta/object.js";
import type { StructuralSchema } from "../api-types/schema/structural.js";
import { isRecord } from "../platform/is-record.js";

/** A status to be applied by `manager`, and the object as it is known. */
export interface StatusApply {
  readonly object: { readonly metadata: ObjectMeta; readonly status?: unknown };
  readonly status: unknown;
  readonly manager: string;
}

/** Whether applying the status on the server would change nothing: every value is there, and no owned field is given up. */
export function isApplied(kind: Kind, { object, status, manager }: StatusApply): boolean {
  const owned = ownedFields(object.metadata.managedFields, manager);
  return covers(object.status ?? {}, status, kind.schema.properties?.status) && holdsOwned(status, owned);
}

/** Whether every value of `sent` is already in `observed`, by the merge rules of the schema. */
function covers(observed: unknown, sent: unknown, schema: StructuralSchema | undefined): boolean {
  if (sent === undefined) return true;
  if (Array.isArray(sent)) return Array.isArray(observed) && coversList(observed, sent, schema);
  if (!isRecord(sent)) return observed === sent;
  if (!isRecord(observed)) return false;
  const isAtomic = schema?.["x-kubernetes-map-type"] === "atomic";
  if (isAtomic && sizeOf(observed) !== sizeOf(sent)) return false;
  return Object.entries(sent).every(([name, value]) => covers(observed[name], value, fieldSchema(schema, name)));
}

function coversList(
  observed: readonly unknown[],
  sent: readonly unknown[],
  schema: StructuralSchema | undefined,
): boolean {
  const keys = schema?.["x-kubernetes-list-map-keys"];
  switch (schema?.["x-kubernetes-list-type"]) {
    case "map":
      return sent.every((item) =>
        observed.some((other) => hasKeys(other, item, keys ?? []) && covers(other, item, schema?.items)),
      );
    case "set":
      return sent.every((item) => observed.includes(item));
    default:
      return observed.length === sent.length && sent.every((item, index) => isSame(observed[index], item));
  }
}

/** Equality of what would be sent: absent and undefined are the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  if (!isRecord(a) || !isRecord(b)) return a === b;
  return sizeOf(a) === sizeOf(b) && Object.entries(a).every(([name, value]) => isSame(value, b[name]));
}

function ownedFields(entries: readonly ManagedFieldsEntry[] | undefined, manager: string): FieldsV1 {
  const own = entries?.find(
    (entry) => entry.manager === manager && entry.operation === "Apply" && entry.subresource === "status",
  );
  return own?.fieldsV1["f:status"] ?? {};
}

/** Whether every field that the manager owns is still sent: one that is not must be given up by a write. */
function holdsOwned(sent: unknown, owned: FieldsV1): boolean {
  return Object.entries(owned).every(([segment, below]) => {
    if (segment === ".") return true;
    const child = childOf(sent, segment);
    return child !== undefined && holdsOwned(child, below);
  });
}

function childOf(sent: unknown, segment: string): unknown {
  const path = segment.slice(2);
  if (segment.startsWith("f:")) return isRecord(sent) ? sent[path] : undefined;
  if (!Array.isArray(sent)) return undefined;
  const wanted: unknown = JSON.parse(path);
  if (segment.startsWith("v:")) return sent.find((item) => isSame(item, wanted));
  return sent.find((item) => hasKeys(item, wanted, isRecord(wanted) ? Object.keys(wanted) : []));
}

function hasKeys(item: unknown, wanted: unknown, keys: readonly string[]): boolean {
  return isRecord(item) && isRecord(wanted) && keys.every((key) => isSame(item[key], wanted[key]));
}

function fieldSchema(schema: StructuralSchema | undefined, name: string): StructuralSchema | undefined {
  return schema?.properties?.[name] ?? schema?.additionalProperties;
}

function sizeOf(record: Readonly<Record<string, unknown>>): number {
  return Object.values(record).filter((value) => value !== undefined).length;
}
