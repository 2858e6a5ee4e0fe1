import type { KubeObject, ManagedFieldsEntry } from "../../api-types/meta/object.js";
import type { StructuralSchema } from "../../api-types/schema/structural.js";
import type { FieldWriter, RecordUpdate } from "./contract.js";
import { type Comparison, compareObjects, isSame } from "./fields/compare.js";
import { difference, type FieldSet, fieldSetOf, union } from "./fields/field-set.js";
import { rootTypeOf } from "./fields/field-type.js";
import { type Entries, mapSets, requestedEntriesOf, withEntries } from "./fields/managed-entries.js";

/** Records a create, update or patch in managedFields; see the contract. */
export const recordUpdate: RecordUpdate = (input) => {
  const { before, after, schema, writer } = input;
  const entries = startingEntries(before, after, writer);
  const isUntracked = before !== undefined && entries.length === 0;
  if (isUntracked) return withEntries(after, []);
  const comparison = compareObjects(before ?? {}, after, rootTypeOf(schema, writer.subresource));
  if (isSame(comparison)) return keepEntries(after, entries);
  return withEntries(after, entriesAfter(entries, comparison, writer));
};

/** A request may set managedFields of the main resource, which is how tools migrate ownership; a subresource keeps them. */
function startingEntries(before: KubeObject | undefined, after: KubeObject, writer: FieldWriter): Entries {
  const stored = before?.metadata.managedFields ?? [];
  const isSubresource = writer.subresource !== undefined;
  if (isSubresource || after.metadata.managedFields === stored) return stored;
  const requested = requestedEntriesOf(after.metadata.managedFields);
  switch (requested.type) {
    case "keep":
      return stored;
    case "clear":
      return [];
    case "replace":
      return requested.entries;
    default: {
      const unreachable: never = requested;
      return unreachable;
    }
  }
}

function keepEntries(after: KubeObject, entries: Entries): KubeObject {
  return after.metadata.managedFields === entries ? after : withEntries(after, entries);
}

function entriesAfter(entries: Entries, comparison: Comparison, writer: FieldWriter): Entries {
  const { changed, removed } = comparison;
  const own = entries.find((entry) => isOwn(entry, writer));
  const others = mapSets(
    entries.filter((entry) => entry !== own),
    (set) => without(set, comparison),
  );
  const ownBefore = own === undefined ? undefined : fieldSetOf(own.fieldsV1);
  const ownAfter = union(difference(ownBefore, removed), changed);
  if (ownAfter === undefined) return others;
  return [
    ...others,
    entryOf(ownAfter, writer, ownAfter === ownBefore && changed === undefined ? own?.time : undefined),
  ];
}

function without(set: FieldSet, { changed, removed }: Comparison): FieldSet {
  return difference(difference(set, changed), removed);
}

function isOwn(entry: ManagedFieldsEntry, writer: FieldWriter): boolean {
  const isSameDoor = (entry.subresource ?? "") === (writer.subresource ?? "");
  const isSameWriter = entry.manager === writer.manager && entry.apiVersion === writer.apiVersion;
  return entry.operation === "Update" && isSameWriter && isSameDoor;
}

function entryOf(set: FieldSet, writer: FieldWriter, time: string | undefined): ManagedFieldsEntry {
  return {
    manager: writer.manager,
    operation: "Update",
    apiVersion: writer.apiVersion,
    time: time ?? writer.time,
    fieldsType: "FieldsV1",
    fieldsV1: set ?? {},
    ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
  };
}

/** Everything of an object that nobody tracked, as written before its first apply. */
export function untrackedEntries(live: KubeObject, schema: StructuralSchema, writer: FieldWriter): Entries {
  const base = { manager: "before-first-apply", apiVersion: writer.apiVersion, time: writer.time };
  return [base, { ...base, subresource: "status" }].flatMap((door: FieldWriter) => {
    const { changed } = compareObjects({}, live, rootTypeOf(schema, door.subresource));
    return changed === undefined ? [] : [entryOf(changed, door, undefined)];
  });
}
