import type { FieldError } from "../schema/structural.js";
import type { ServiceGroupSpec } from "../service-group.js";

/** Rules of a ServiceGroup beyond its schema. */
export function validateServiceGroup(_spec: ServiceGroupSpec): readonly FieldError[] {
  return [];
}
