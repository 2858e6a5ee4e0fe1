import { isDeepStrictEqual } from "node:util";
import type { FieldError } from "../schema/structural.js";
import { invalid } from "./field-error.js";

/** Refuses every change of `spec`. */
export function specUnchanged(
  object: { readonly spec: unknown },
  previous: { readonly spec: unknown } | undefined,
): readonly FieldError[] {
  if (previous === undefined || isDeepStrictEqual(object.spec, previous.spec)) return [];
  return [invalid("spec", "object", "field is immutable")];
}
