import type { FieldError } from "../../api-types/schema/structural.js";
import { invalidOptions } from "../http/failure.js";
import type { ResourceRequest } from "../read/context.js";

/** How a write is to be treated. */
export interface WriteOptions {
  readonly isDryRun: boolean;
  readonly manager: string;
  readonly fieldValidation: "Strict" | "Warn" | "Ignore";
  readonly isForced: boolean;
}

/** Reads the options of a write; throws Invalid naming `optionsKind`, e.g. `PatchOptions`. */
export function parseWriteOptions(request: ResourceRequest, optionsKind: string, isApply = false): WriteOptions {
  const { query } = request;
  const errors: FieldError[] = [];
  const dryRuns = query.getAll("dryRun").filter((value) => value !== "");
  const fieldValidation = query.get("fieldValidation") || "Warn";
  const manager = query.get("fieldManager") ?? "";
  for (const value of dryRuns) {
    if (value !== "All") errors.push(unsupported("dryRun", value, '"All"'));
  }
  if (!isFieldValidation(fieldValidation)) {
    errors.push(unsupported("fieldValidation", fieldValidation, '"Ignore", "Strict", "Warn"'));
  }
  errors.push(...managerErrors(manager, isApply));
  if (query.has("force") && !isApply) {
    errors.push({ type: "Forbidden", path: "force", message: "Forbidden: may not be specified for non-apply patch" });
  }
  if (errors.length > 0) throw invalidOptions(optionsKind, errors);
  return {
    isDryRun: dryRuns.length > 0,
    manager: manager === "" ? defaultManager(request) : manager,
    fieldValidation: isFieldValidation(fieldValidation) ? fieldValidation : "Warn",
    isForced: query.get("force") === "true" || query.get("force") === "1",
  };
}

function isFieldValidation(text: string): text is WriteOptions["fieldValidation"] {
  return text === "Strict" || text === "Warn" || text === "Ignore";
}

function unsupported(path: string, value: string, supported: string): FieldError {
  return { type: "NotSupported", path, message: `Unsupported value: "${value}": supported values: ${supported}` };
}

const MANAGER_LENGTH_MAX = 128;

function managerErrors(manager: string, isApply: boolean): readonly FieldError[] {
  const path = "fieldManager";
  if (manager === "" && isApply) {
    return [{ type: "Required", path, message: "Required value: is required for apply patch" }];
  }
  if (manager.length > MANAGER_LENGTH_MAX) {
    return [{ type: "TooLong", path, message: `Too long: may not be more than ${MANAGER_LENGTH_MAX} bytes` }];
  }
  if (/[^\x20-\x7e]/.test(manager)) {
    return [
      { type: "Invalid", path, message: `Invalid value: "${manager}": should only contain printable characters` },
    ];
  }
  return [];
}

function defaultManager(request: ResourceRequest): string {
  const agent = (request.headers["user-agent"] ?? "").split("/")[0] ?? "";
  return (agent === "" ? request.identity.user : agent).slice(0, MANAGER_LENGTH_MAX);
}
