import type { TSchema } from "typebox";
import type { Marks } from "../schema/fields.js";
import type { FieldError } from "../schema/structural.js";

/** The parts of a typebox schema that a walk over a value needs. */
interface MarkedSchema extends Marks {
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
}

/** Every use in `value` of a field, or of an enum value, that is declared but not built yet. */
export function refuseNotYet(schema: TSchema, value: unknown, path: string): readonly FieldError[] {
  if (value === undefined || value === null) return [];
  // A typebox schema is a plain object of JSON Schema keywords and our marks.
  const marked = schema as MarkedSchema;
  const later = marked["rackwright:later"];
  if (later === true) return [notSupportedYet(path)];
  if (later !== undefined && typeof value === "string" && later.includes(value)) {
    return [
      valueNotSupportedYet(
        path,
        value,
        (marked.enum ?? []).filter((choice) => !later.includes(choice)),
      ),
    ];
  }
  return refuseInside(marked, value, path);
}

/** The error for a field that is not built yet. */
export function notSupportedYet(path: string): FieldError {
  return { type: "Forbidden", path, message: "not supported yet" };
}

/** The error for a value that is not built yet, naming those that are. */
export function valueNotSupportedYet(path: string, value: string, supported: readonly string[]): FieldError {
  const choices = supported.map((choice) => JSON.stringify(choice)).join(", ");
  return {
    type: "NotSupported",
    path,
    message: `Unsupported value: ${JSON.stringify(value)}: not supported yet, supported values: ${choices}`,
  };
}

function refuseInside(marked: MarkedSchema, value: unknown, path: string): readonly FieldError[] {
  if (Array.isArray(value)) {
    const items = marked.items;
    return items === undefined ? [] : value.flatMap((item, index) => refuseNotYet(items, item, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  const anyKey = Object.values(marked.patternProperties ?? {})[0];
  return Object.entries(value).flatMap(([key, child]) => {
    const properties = marked.properties ?? {};
    const field = Object.hasOwn(properties, key) ? properties[key] : anyKey;
    return field === undefined ? [] : refuseNotYet(field, child, `${path}.${key}`);
  });
}
