import { isDeepStrictEqual } from "node:util";
import { invalid } from "../schema/errors.js";
import type { FieldError } from "../schema/structural.js";

/** Refuses every change of `spec`. */
export function specUnchanged(
  object: { readonly spec: unknown },
  previous: { readonly spec: unknown } | undefined,
): readonly FieldError[] {
  if (previous === undefined || isDeepStrictEqual(object.spec, previous.spec)) return [];
  return [invalid("spec", "object", "field is immutable")];
}
