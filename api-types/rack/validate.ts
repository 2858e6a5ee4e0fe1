import type { ObjectMeta } from "../meta/object.js";
import type { RackSpec } from "../rack.js";
import type { FieldError } from "../schema/structural.js";

interface RackLike {
  readonly metadata: ObjectMeta;
  readonly spec: RackSpec;
}

/** Rules of a Rack beyond its schema. */
export function validateRack(_rack: RackLike, _previous: RackLike | undefined): readonly FieldError[] {
  return [];
}
