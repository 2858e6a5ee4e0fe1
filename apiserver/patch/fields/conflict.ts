import type { ManagedFieldsEntry } from "../../../api-types/meta/object.js";
import { StatusError } from "../../../api-types/meta/status-error.js";
import { printPath } from "./field-path.js";
import { type FieldSet, pathsOf } from "./field-set.js";

/** Fields that an apply would change though `entry` owns them. */
export interface Conflict {
  readonly entry: ManagedFieldsEntry;
  readonly fields: FieldSet;
}

/** The error that names every field in conflict with its manager, as kubectl expects it. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.flatMap(({ entry, fields }) =>
    pathsOf(fields).map((path) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${printManager(entry)}`,
      field: printPath(path),
    })),
  );
  return new StatusError("Conflict", messageOf(conflicts), { details: { causes } });
}

function messageOf(conflicts: readonly Conflict[]): string {
  const byManager = new Map<string, string[]>();
  for (const { entry, fields } of conflicts) {
    const manager = printManager(entry);
    const paths = pathsOf(fields).map(printPath);
    byManager.set(manager, [...(byManager.get(manager) ?? []), ...paths]);
  }
  const managers = [...byManager].sort(([left], [right]) => (left < right ? -1 : 1));
  const all = managers.flatMap(([, paths]) => paths);
  const [first] = managers;
  if (all.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${first[0]}: ${all[0]}`;
  }
  const lines = managers.map(([manager, paths]) => `conflicts with ${manager}:\n${paths.map(listed).join("\n")}`);
  return `Apply failed with ${all.length} conflicts: ${lines.join("\n")}`;
}

function listed(path: string): string {
  return `- ${path}`;
}

function printManager(entry: ManagedFieldsEntry): string {
  const name = JSON.stringify(entry.manager);
  const through = entry.subresource ? ` with subresource ${JSON.stringify(entry.subresource)}` : "";
  return `${name}${through}${entry.operation === "Update" ? ` using ${entry.apiVersion}` : ""}`;
}
