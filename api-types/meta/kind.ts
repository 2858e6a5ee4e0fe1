import type { FieldError, StructuralSchema } from "../schema/structural.js";
import type { FieldNote } from "./field-notes.js";
import type { KubeObject, ObjectMeta } from "./object.js";

/** A cell of a table: what a printer column shows; `undefined` prints as `<none>`. */
export type Cell = string | number | boolean | undefined;

/** A printer column. `date` values are RFC 3339 and are shown as ages. */
export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  readonly description: string;
  /** Above 0: shown with `-o wide` only. */
  readonly priority?: number;
  /** Path published in the CustomResourceDefinition, e.g. `.status.phase`. */
  readonly jsonPath: string;
  /** The value where a path cannot say it; the path is used without. */
  readonly value?: (object: KubeObject) => Cell;
}

/** Paths of the scale subresource, each like `.spec.replicas`. */
export interface ScaleSubresource {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath: string;
}

/**
 * What the API server, the client and the generators know of a kind: the only source of its type, schema, validation,
 * defaults, columns and docs.
 */
export interface Kind<Spec = unknown, Status = unknown, Fields = unknown> {
  /** `""` for the core group. */
  readonly group: string;
  readonly version: string;
  /** `group/version`, or `version` for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly description: string;
  /** `custom`: strict CRD behaviour; `core`: strategic merge patch and updates without a resourceVersion are allowed. */
  readonly family: "custom" | "core";
  /** `none`: discovery and list only, creation is refused as "not supported yet". */
  readonly isCreatable: boolean;
  /** The whole object: apiVersion, kind, metadata, spec, status. */
  readonly schema: StructuralSchema;
  readonly hasStatus: boolean;
  /** What is to be known of each field below spec and status beyond the schema: docs and reports are made of it. */
  readonly fieldNotes?: readonly FieldNote[];
  /** Sentences on what is refused as not supported yet without being a field or a value of its own. */
  readonly notYet?: readonly string[];
  readonly scale?: ScaleSubresource;
  readonly columns: readonly Column[];
  /** Field selectors beside metadata.name and metadata.namespace, e.g. `involvedObject.name` → value. */
  readonly selectableFields: Readonly<Record<string, (object: KubeObject) => string>>;
  /**
   * Rules beyond the schema; `previous` is undefined on create. Pure. All faults at once. To be called only on objects
   * that passed validateSchema.
   */
  readonly validate: (object: KubeObject, previous: KubeObject | undefined) => readonly FieldError[];
  /** Carries the types of spec, status and other top-level fields; never set. */
  readonly types?: { readonly spec: Spec; readonly status: Status; readonly fields: Fields };
}

/** The object type of a kind: `type Route = ObjectOf<typeof Route>`. */
export type ObjectOf<K> =
  K extends Kind<infer Spec, infer Status, infer Fields>
    ? {
        readonly apiVersion: string;
        readonly kind: string;
        readonly metadata: ObjectMeta;
        readonly spec: Spec;
        readonly status?: Status;
      } & Fields
    : never;
