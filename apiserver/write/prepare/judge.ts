import type { KubeObject } from "../../../api-types/meta/object.js";
import type { FieldError } from "../../../api-types/schema/structural.js";
import { validateSchema } from "../../../api-types/schema/validate.js";
import { metadataErrors, metadataWarnings } from "../../admission/metadata.js";
import { forbidden, invalid } from "../../http/failure.js";
import type { ApiContext, ResourceRequest } from "../../read/context.js";
import { admissionInput, type Written } from "./admission-input.js";

/** Runs every rule over a write, in its stored shape. Throws Invalid with all faults at once, or Forbidden; returns warnings. */
export function judge(context: ApiContext, request: ResourceRequest, written: Written): readonly string[] {
  const { object, previous } = written;
  const kind = request.resource.stored;
  const shape = newFaults(validateSchema(kind.schema, object), kind.schema, previous);
  const faults = [...metadataErrors(kind, object, previous), ...shape];
  // what goes beyond the schema reads objects that passed it
  if (shape.length === 0) faults.push(...kind.validate(object, previous));
  const input = admissionInput(context, request, written);
  const verdicts = shape.length > 0 ? [] : context.admissions.map((admission) => admission(input));
  const refusal = verdicts.find((verdict) => verdict.forbidden !== undefined)?.forbidden;
  if (refusal !== undefined) throw forbidden(kind, object.metadata.name, { why: refusal });
  faults.push(...verdicts.flatMap((verdict) => verdict.errors ?? []));
  if (faults.length > 0) throw invalid(kind, object.metadata.name, faults);
  return [...metadataWarnings(object, previous), ...verdicts.flatMap((verdict) => verdict.warnings ?? [])];
}

/** A fault that stood there before does not block an update (ratcheting). */
function newFaults(
  errors: readonly FieldError[],
  schema: Parameters<typeof validateSchema>[0],
  previous: KubeObject | undefined,
): readonly FieldError[] {
  if (errors.length === 0 || previous === undefined) return errors;
  const old = new Set(validateSchema(schema, previous).map((error) => `${error.path}\n${error.message}`));
  return errors.filter((error) => !old.has(`${error.path}\n${error.message}`));
}
