import type { KubeObject, ManagedFieldsEntry } from "../../api-types/meta/object.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { FieldWriter, ServerSideApply } from "./contract.js";
import { checkConfig } from "./fields/check-config.js";
import { type Comparison, compareObjects, isSame } from "./fields/compare.js";
import { type Conflict, conflictError } from "./fields/conflict.js";
import { difference, type FieldSet, fieldSetOf, intersection, isEqualSet, union } from "./fields/field-set.js";
import { type ObjectType, rootTypeOf } from "./fields/field-type.js";
import { lastAppliedSet, withLastApplied } from "./fields/last-applied.js";
import { type Entries, mapSets, withEntries } from "./fields/managed-entries.js";
import { mergeConfig } from "./fields/merge-config.js";
import { pruneObject } from "./fields/prune.js";
import { setOfApplied } from "./fields/set-of-value.js";
import { untrackedEntries } from "./record-update.js";

type Input = Parameters<ServerSideApply>[0];

/** Merges an applied configuration into the live object and keeps account of who applied what; see the contract. */
export const serverSideApply: ServerSideApply = (input) => {
  const { live, writer } = input;
  const config = usableConfig(input);
  const type = rootTypeOf(input.schema, writer.subresource);
  const entries = live === undefined ? [] : entriesOf(live, input);
  const plan = planApply({ live, config, type, entries, writer });
  if (plan.conflicts.length > 0 && !input.isForced) refuseConflicts(plan.conflicts, { live, type, writer });
  const applied = isNothingNew(plan, live) ? live : withEntries(plan.object, entriesAfter(plan, entries, writer));
  return writer.manager === MIGRATING_MANAGER ? withLastApplied(applied, config) : applied;
};

/** kubectl takes over what its client-side apply set. */
const MIGRATING_MANAGER = "kubectl";

function usableConfig(input: Input): KubeObject {
  const { config, schema, resource } = input;
  const managedFields: unknown = config.metadata.managedFields;
  if (managedFields !== undefined && managedFields !== null) {
    throw new StatusError("BadRequest", `applying ${resource}: metadata.managedFields must be nil`);
  }
  const checked = checkConfig(config, schema);
  if (checked.faults.length === 0) return checked.config as KubeObject; // still has the members of the one checked
  const faults = checked.faults.length === 1 ? checked.faults[0] : `errors:\n  ${checked.faults.join("\n  ")}`;
  const name = `${config.metadata.namespace ?? ""}/${config.metadata.name}; ${config.apiVersion}, Kind=${config.kind}`;
  throw new StatusError("BadRequest", `failed to create typed patch object (${name}): ${faults}`);
}

/** An object that nobody tracked was written by somebody before the first apply. */
function entriesOf(live: KubeObject, input: Input): Entries {
  const { managedFields = [] } = live.metadata;
  return managedFields.length > 0 ? managedFields : untrackedEntries(live, input.schema, input.writer);
}

interface ApplyInput {
  readonly live: KubeObject | undefined;
  readonly config: KubeObject;
  readonly type: ObjectType;
  readonly entries: Entries;
  readonly writer: FieldWriter;
}

interface ApplyPlan {
  readonly object: KubeObject;
  readonly own: ManagedFieldsEntry | undefined;
  readonly applied: FieldSet;
  readonly comparison: Comparison;
  readonly conflicts: readonly Conflict[];
}

function planApply({ live, config, type, entries, writer }: ApplyInput): ApplyPlan {
  const own = entries.find((entry) => isOwn(entry, writer));
  const applied = setOfApplied(config, type);
  const merged = mergeConfig(live ?? emptyObject(config), config, type);
  const last = own === undefined ? undefined : fieldSetOf(own.fieldsV1);
  const others = entries.filter((entry) => entry !== own);
  const isPruned = last !== undefined && !isEqualSet(last, applied);
  const object = isPruned ? pruneObject(merged, type, { last, kept: allOf(others, applied) }) : merged;
  const comparison = compareObjects(live ?? {}, object, type);
  // merging and pruning keep apiVersion, kind and metadata of the live object
  return { object: object as KubeObject, own, applied, comparison, conflicts: conflictsOf(others, comparison.changed) };
}

function isOwn(entry: ManagedFieldsEntry, writer: FieldWriter): boolean {
  const isSameDoor = (entry.subresource ?? "") === (writer.subresource ?? "");
  return entry.operation === "Apply" && entry.manager === writer.manager && isSameDoor;
}

/** What an apply that creates begins with: the names, which nobody owns. */
function emptyObject({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, generateName, namespace } = metadata;
  const names = {
    name,
    ...(generateName === undefined ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
  };
  return { apiVersion, kind, metadata: names };
}

function allOf(entries: Entries, start: FieldSet): FieldSet {
  return entries.reduce<FieldSet>((all, entry) => union(all, fieldSetOf(entry.fieldsV1)), start);
}

function conflictsOf(others: Entries, changed: FieldSet): readonly Conflict[] {
  if (changed === undefined) return [];
  return others
    .map((entry) => ({ entry, fields: intersection(fieldSetOf(entry.fieldsV1), changed) }))
    .filter(({ fields }) => fields !== undefined);
}

function refuseConflicts(
  conflicts: readonly Conflict[],
  context: { readonly live: KubeObject | undefined; readonly type: ObjectType; readonly writer: FieldWriter },
): void {
  const { live, type, writer } = context;
  const isMigrating = writer.manager === MIGRATING_MANAGER && live !== undefined;
  const allowed = isMigrating ? lastAppliedSet(live, type) : undefined;
  const refused = conflicts
    .map(({ entry, fields }) => ({ entry, fields: difference(fields, allowed) }))
    .filter(({ fields }) => fields !== undefined);
  if (refused.length > 0) throw conflictError(refused);
}

/** Neither a field nor its ownership changes: versions and times stay. */
function isNothingNew(plan: ApplyPlan, live: KubeObject | undefined): live is KubeObject {
  if (live === undefined || !isSame(plan.comparison)) return false;
  return isEqualSet(plan.own === undefined ? undefined : fieldSetOf(plan.own.fieldsV1), plan.applied);
}

function entriesAfter(plan: ApplyPlan, entries: Entries, writer: FieldWriter): Entries {
  const { changed, removed } = plan.comparison;
  const others = mapSets(
    entries.filter((entry) => entry !== plan.own),
    (set) => difference(difference(set, changed), removed),
  );
  if (plan.applied === undefined) return others;
  const own: ManagedFieldsEntry = {
    manager: writer.manager,
    operation: "Apply",
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: "FieldsV1",
    fieldsV1: plan.applied,
    ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
  };
  return [...others, own];
}
