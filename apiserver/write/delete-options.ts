import type { FieldError } from "../../api-types/schema/structural.js";
import { isRecord } from "../../platform/is-record.js";
import { badRequest, invalidOptions } from "../http/failure.js";
import { decodeObject } from "../http/format/body.js";
import type { ResourceRequest } from "../read/context.js";

export type Propagation = "Background" | "Foreground" | "Orphan";

/** How and under which conditions to delete. */
export interface DeleteOptions {
  readonly isDryRun: boolean;
  readonly propagation: Propagation | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** Reads the options of a deletion from body and query; throws BadRequest or Invalid. */
export function parseDeleteOptions(request: ResourceRequest): DeleteOptions {
  const body = parsedBody(request);
  const policy = body.propagationPolicy ?? request.query.get("propagationPolicy") ?? undefined;
  const orphan = body.orphanDependents ?? request.query.get("orphanDependents") ?? undefined;
  const dryRuns = [...request.query.getAll("dryRun"), ...(Array.isArray(body.dryRun) ? body.dryRun : [])];
  const errors = [...dryRunErrors(dryRuns), ...policyErrors(policy)];
  if (errors.length > 0) throw invalidOptions("DeleteOptions", errors);
  const { uid, resourceVersion } = isRecord(body.preconditions) ? body.preconditions : {};
  return {
    isDryRun: dryRuns.includes("All"),
    propagation: isPropagation(policy) ? policy : orphan === true || orphan === "true" ? "Orphan" : undefined,
    uid: textIn(uid),
    resourceVersion: textIn(resourceVersion),
  };
}

function parsedBody(request: ResourceRequest): Readonly<Record<string, unknown>> {
  if (request.body.length === 0) return {};
  const { value } = decodeObject({ family: "core" }, request.headers, request.body);
  if (value === null) return {};
  if (!isRecord(value)) throw badRequest("the body of a deletion must be DeleteOptions");
  return value;
}

function dryRunErrors(values: readonly unknown[]): readonly FieldError[] {
  return values
    .filter((value) => value !== "All" && value !== "")
    .map((value) => unsupported("dryRun", value, '"All"'));
}

function policyErrors(policy: unknown): readonly FieldError[] {
  if (policy === undefined || policy === "" || isPropagation(policy)) return [];
  return [unsupported("propagationPolicy", policy, '"Foreground", "Background", "Orphan"')];
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isPropagation(value: unknown): value is Propagation {
  return value === "Background" || value === "Foreground" || value === "Orphan";
}

function unsupported(path: string, value: unknown, supported: string): FieldError {
  return {
    type: "NotSupported",
    path,
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`,
  };
}
