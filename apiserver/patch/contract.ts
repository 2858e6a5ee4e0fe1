import type { KubeObject } from "../../api-types/meta/object.js";
import type { StructuralSchema } from "../../api-types/schema/structural.js";

/** Which writer, through which door, when: what managed fields record. */
export interface FieldWriter {
  readonly manager: string;
  readonly apiVersion: string;
  /** RFC 3339, whole seconds. */
  readonly time: string;
  /** `status` or `scale`; unset: the main resource. */
  readonly subresource?: string;
}

/**
 * Server-side apply (Kubernetes' structured merge): `live` undefined creates. Returns the merged object with managedFields.
 * Throws StatusError Conflict (causes FieldManagerConflict) unless `isForced`, BadRequest for an unusable config.
 */
export type ServerSideApply = (input: {
  readonly live: KubeObject | undefined;
  readonly config: KubeObject;
  readonly schema: StructuralSchema;
  readonly writer: FieldWriter;
  readonly isForced: boolean;
  /** For error texts: `plural.group "name"`. */
  readonly resource: string;
}) => KubeObject;

/**
 * Records who changed what by create, update or another patch: returns `after` with managedFields computed from the
 * difference to `before`. When nothing outside managedFields changed, managedFields stay as they were.
 */
export type RecordUpdate = (input: {
  readonly before: KubeObject | undefined;
  readonly after: KubeObject;
  readonly schema: StructuralSchema;
  readonly writer: FieldWriter;
}) => KubeObject;
