import type { ScalingPolicySpec } from "../scaling-policy.js";
import type { FieldError } from "../schema/structural.js";

/** Rules of a ScalingPolicy beyond its schema. */
export function validateScalingPolicy(_spec: ScalingPolicySpec): readonly FieldError[] {
  return [];
}
