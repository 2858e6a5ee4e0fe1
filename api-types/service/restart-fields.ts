import type { TSchema } from "typebox";
import type { AppliesHow, Marks } from "../schema/fields.js";

interface MarkedSchema extends Marks {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
}

/** `value` with only the fields whose change restarts an instance. A field without a mark has the mark of its parent. */
export function restartFields(schema: TSchema, value: unknown, inherited: AppliesHow = "restart"): unknown {
  // A typebox schema is a plain object of JSON Schema keywords and our marks.
  const { properties, items, ...marks } = schema as MarkedSchema;
  const applies = marks["rackwright:applies"] ?? inherited;
  if (items !== undefined && Array.isArray(value)) {
    const kept = value.map((item) => restartFields(items, item, applies));
    return applies !== "restart" && kept.every((item) => item === undefined) ? undefined : kept;
  }
  if (properties === undefined || typeof value !== "object" || value === null) {
    return applies === "restart" ? value : undefined;
  }
  const fields = Object.entries(value)
    .filter(([name]) => Object.hasOwn(properties, name))
    // The filter left declared fields only.
    .map(([name, child]) => [name, restartFields(properties[name] as TSchema, child, applies)] as const)
    .filter(([, child]) => child !== undefined);
  return fields.length === 0 && applies !== "restart" ? undefined : Object.fromEntries(fields);
}
