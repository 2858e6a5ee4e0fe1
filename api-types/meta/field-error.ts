import type { FieldError } from "../schema/structural.js";

/** `Invalid value: "x": must be …`. */
export function invalid(path: string, value: unknown, why: string): FieldError {
  return { type: "Invalid", path, message: `Invalid value: ${printed(value)}: ${why}` };
}

export function required(path: string, why?: string): FieldError {
  return { type: "Required", path, message: why === undefined ? "Required value" : `Required value: ${why}` };
}

export function duplicate(path: string, value: unknown): FieldError {
  return { type: "Duplicate", path, message: `Duplicate value: ${printed(value)}` };
}

export function forbidden(path: string, why: string): FieldError {
  return { type: "Forbidden", path, message: `Forbidden: ${why}` };
}

/** `Unsupported value: "x": supported values: "a", "b"`. */
export function unsupported(path: string, value: unknown, supported: readonly unknown[]): FieldError {
  const message = `Unsupported value: ${printed(value)}: supported values: ${supported.map(printed).join(", ")}`;
  return { type: "NotSupported", path, message };
}

/** Whether `text` says what it means: text with `$(…)` is judged after substitution only. */
export function isLiteral(text: string): boolean {
  return !text.includes("$(");
}

/** What an error shows of a value, at most. */
const PRINTED_MAX = 1000;

/** A value as Kubernetes prints it in an error: JSON; only the beginning of one that never ends. */
function printed(value: unknown): string {
  const text = value === undefined ? "null" : JSON.stringify(value);
  return text.length <= PRINTED_MAX ? text : `${text.slice(0, PRINTED_MAX)}… (${text.length} characters)`;
}
