import { isIPv4, isIPv6 } from "node:net";
import { parseTime } from "../format/time.js";
import { invalid } from "../meta/field-error.js";
import type { FieldError, StructuralSchema } from "./structural.js";

const NONE: readonly FieldError[] = [];

/** Faults of a value against the limits of its schema: ranges, lengths, patterns, sizes. */
export function boundsErrors(schema: StructuralSchema, value: unknown, path: string): readonly FieldError[] {
  if (typeof value === "string") {
    const hasShape = schema.pattern !== undefined || schema.format !== undefined;
    const faults = lengthErrors(schema, value, path);
    return hasShape ? [...faults, ...shapeErrors(schema, value, path)] : faults;
  }
  if (typeof value === "number") return rangeErrors(schema, value, path);
  if (Array.isArray(value))
    return sizeErrors(value.length, { min: schema.minItems, max: schema.maxItems, noun: "items" }, path);
  if (typeof value !== "object" || value === null) return NONE;
  if (schema.minProperties === undefined && schema.maxProperties === undefined) return NONE;
  const limits = { min: schema.minProperties, max: schema.maxProperties, noun: "properties" };
  return sizeErrors(Object.keys(value).length, limits, path);
}

function rangeErrors(schema: StructuralSchema, value: number, path: string): readonly FieldError[] {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
  const faults: string[] = [];
  if (schema.exclusiveMinimum === true ? value <= minimum : value < minimum) {
    faults.push(`should be greater than ${schema.exclusiveMinimum === true ? "" : "or equal to "}${minimum}`);
  }
  if (schema.exclusiveMaximum === true ? value >= maximum : value > maximum) {
    faults.push(`should be less than ${schema.exclusiveMaximum === true ? "" : "or equal to "}${maximum}`);
  }
  return faults.map((fault) => invalid(path, value, `${path} in body ${fault}`));
}

function lengthErrors(schema: StructuralSchema, value: string, path: string): readonly FieldError[] {
  const { minLength, maxLength } = schema;
  // a character takes one or two units: most texts need not be counted
  const isShort = maxLength === undefined || value.length <= maxLength;
  if (isShort && (minLength === undefined || value.length >= 2 * minLength)) return NONE;
  const length = [...value].length;
  if (minLength !== undefined && length < minLength) {
    return [invalid(path, value, `${path} in body should be at least ${minLength} chars long`)];
  }
  if (maxLength === undefined || length <= maxLength) return [];
  return [{ type: "TooLong", path, message: `Too long: may not be more than ${maxLength} bytes` }];
}

function shapeErrors(schema: StructuralSchema, value: string, path: string): readonly FieldError[] {
  const faults: FieldError[] = [];
  if (schema.pattern !== undefined && !compiled(schema.pattern).test(value)) {
    faults.push(invalid(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format !== undefined && !FORMATS[schema.format]?.(value)) {
    const isKnown = Object.hasOwn(FORMATS, schema.format);
    if (isKnown)
      faults.push(invalid(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`));
  }
  return faults;
}

function sizeErrors(
  size: number,
  { min, max, noun }: { readonly min: number | undefined; readonly max: number | undefined; readonly noun: string },
  path: string,
): readonly FieldError[] {
  if (min !== undefined && size < min) {
    return [invalid(path, size, `${path} in body should have at least ${min} ${noun}`)];
  }
  if (max === undefined || size <= max) return [];
  return [{ type: "TooMany", path, message: `Too many: ${size}: must have at most ${max} items` }];
}

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  "date-time": (text) => parseTime(text) !== undefined,
  byte: (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  ipv4: isIPv4,
  ipv6: isIPv6,
};

const patterns = new Map<string, RegExp>();

/** Patterns are those of our own schemas: few, and linear in the length of the text. */
function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern) ?? new RegExp(pattern, "u");
  patterns.set(pattern, known);
  return known;
}
