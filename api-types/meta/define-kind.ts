import type { TObject, TProperties, TSchema, TUnsafe } from "typebox";
import { emit } from "../schema/emit.js";
import { type Data, object } from "../schema/fields.js";
import type { FieldError, StructuralSchema } from "../schema/structural.js";
import { validateSchema } from "../schema/validate.js";
import { fieldNotes } from "./field-notes.js";
import type { Column, Kind, ObjectOf, ScaleSubresource } from "./kind.js";
import { refuseNotYet } from "./not-yet.js";
import type { KubeObject } from "./object.js";
import { OBJECT_META } from "./object-meta.js";

/** The group and version of our own kinds. */
const GROUP = "rackwright.dev";
const VERSION = "v1alpha1";

type Nothing = TUnsafe<undefined>;

/** The kind that a definition makes. */
export type KindOf<Spec extends TSchema, Status extends TSchema, Fields extends TProperties> = Kind<
  Data<Spec>,
  Data<Status>,
  Data<TObject<Fields>>
>;

/** What a kind is made of; everything else follows. */
export interface KindDefinition<Spec extends TSchema, Status extends TSchema, Fields extends TProperties> {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  /** Ours unless given. */
  readonly group?: string;
  readonly version?: string;
  readonly scope: "Namespaced" | "Cluster";
  readonly description: string;
  readonly family?: "custom" | "core";
  readonly isCreatable?: boolean;
  readonly spec?: Spec;
  readonly status?: Status;
  /** Top-level fields beside spec and status, as core kinds have. */
  readonly fields?: Fields;
  readonly columns: readonly Column[];
  readonly scale?: ScaleSubresource;
  readonly selectableFields?: Kind["selectableFields"];
  /** What `validate` refuses as not supported yet, one sentence each. */
  readonly notYet?: readonly string[];
  /** Rules beyond the schema, over defaulted objects that passed it. */
  readonly validate?: (
    object: ObjectOf<KindOf<Spec, Status, Fields>>,
    previous: ObjectOf<KindOf<Spec, Status, Fields>> | undefined,
  ) => readonly FieldError[];
}

/** Makes a kind from its definition: types, published schema, validation and table in one place. */
export function defineKind<
  Spec extends TSchema = Nothing,
  Status extends TSchema = Nothing,
  Fields extends TProperties = Record<never, TSchema>,
>(definition: KindDefinition<Spec, Status, Fields>): KindOf<Spec, Status, Fields> {
  const { group = GROUP, version = VERSION, kind } = definition;
  const schema = wholeSchema(definition);
  const family = definition.family ?? "custom";
  return {
    group,
    version,
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind,
    plural: definition.plural,
    singular: kind.toLowerCase(),
    shortNames: definition.shortNames ?? [],
    categories: family === "custom" ? categoriesOf(definition.scope) : [],
    scope: definition.scope,
    description: definition.description,
    family,
    isCreatable: definition.isCreatable ?? true,
    schema,
    hasStatus: definition.status !== undefined,
    fieldNotes: fieldNotes(fieldsOf(definition), ""),
    notYet: definition.notYet ?? [],
    ...(definition.scale !== undefined && { scale: definition.scale }),
    columns: definition.columns,
    selectableFields: definition.selectableFields ?? {},
    validate: (candidate, previous) => newFaults(definition, schema, { candidate, previous }),
  };
}

/** `kubectl get all` shows what is in a namespace, as it does elsewhere. */
function categoriesOf(scope: "Namespaced" | "Cluster"): readonly string[] {
  return scope === "Namespaced" ? ["rackwright", "all"] : ["rackwright"];
}

function fieldsOf(definition: {
  readonly description: string;
  readonly spec?: TSchema;
  readonly status?: TSchema;
  readonly fields?: TProperties;
}): TObject {
  const { description, fields, spec, status } = definition;
  return object(description, { ...fields, ...(spec && { spec }), ...(status && { status }) });
}

/** What `validate` needs of a definition, whatever its types. */
interface Rules {
  readonly spec?: TSchema;
  readonly validate?: (object: never, previous: never) => readonly FieldError[];
}

/** Faults of an object, without those that stood there before: an old fault must not block an update, nor a deletion. */
function newFaults(
  rules: Rules,
  schema: StructuralSchema,
  { candidate, previous }: { readonly candidate: KubeObject; readonly previous: KubeObject | undefined },
): readonly FieldError[] {
  const faults = faultsOf(rules, candidate, previous);
  if (faults.length === 0 || previous === undefined || validateSchema(schema, previous).length > 0) return faults;
  const old = new Set(faultsOf(rules, previous, undefined).map(({ path, message }) => `${path}: ${message}`));
  return faults.filter(({ path, message }) => !old.has(`${path}: ${message}`));
}

function faultsOf(
  { spec, validate }: Rules,
  candidate: KubeObject,
  previous: KubeObject | undefined,
): readonly FieldError[] {
  const refused = spec === undefined ? [] : refuseNotYet(spec, candidate.spec, "spec");
  // Callers pass objects of this kind that passed its schema (see Kind.validate).
  return [...refused, ...(validate?.(candidate as never, previous as never) ?? [])];
}

function wholeSchema(definition: Parameters<typeof fieldsOf>[0]): StructuralSchema {
  const own = emit(fieldsOf(definition));
  const required = (own.required ?? []).filter((name) => name !== "status");
  return {
    type: "object",
    description: definition.description,
    properties: {
      apiVersion: { type: "string", description: "Group and version of the kind." },
      kind: { type: "string", description: "The kind." },
      metadata: OBJECT_META,
      ...own.properties,
    },
    ...(required.length > 0 && { required }),
  };
}
