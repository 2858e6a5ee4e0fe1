import { boundsErrors } from "./bounds.js";
import { fieldSchema } from "./prune.js";
import type { FieldError, StructuralSchema } from "./structural.js";

/**
 * The lists and maps of `object` that have too many items. Looks at nothing else, and not into them: a cheap first glance
 * at what is huge, before defaults are filled in and everything is judged.
 */
export function oversized(schema: StructuralSchema, object: unknown, path = ""): readonly FieldError[] {
  if (typeof object !== "object" || object === null) return [];
  const excess = boundsErrors(schema, object, path).filter(({ type }) => type === "TooMany");
  if (excess.length > 0) return excess;
  const { items } = schema;
  if (Array.isArray(object)) {
    return items === undefined ? [] : object.flatMap((item, index) => oversized(items, item, `${path}[${index}]`));
  }
  return Object.entries(object).flatMap(([name, child]) => {
    const field = fieldSchema(schema, name);
    return field === undefined ? [] : oversized(field, child, path === "" ? name : `${path}.${name}`);
  });
}
