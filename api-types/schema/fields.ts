import {
  Array as ArrayType,
  Boolean as BooleanType,
  Enum,
  Integer,
  Number as NumberType,
  Object as ObjectType,
  Optional,
  Record as RecordType,
  type Static,
  String as StringType,
  type TAddOptional,
  type TArray,
  type TBoolean,
  type TEnum,
  type TInteger,
  type TNumber,
  type TObject,
  type TProperties,
  type TRecord,
  type TSchema,
  type TString,
  type TUnsafe,
  Unsafe,
} from "typebox";

/** What a change of a field does to running instances: replaced, kept and adapted, or only more or fewer of them. */
export type AppliesHow = "restart" | "inPlace" | "scaleOnly";

/** Our own marks on a typebox schema. The emitter reads them; they are never published. */
export interface Marks {
  readonly "rackwright:applies"?: AppliesHow;
  /** True: the field is declared and refused. A list: these values of it are refused. */
  readonly "rackwright:later"?: true | readonly string[];
}

/** Deeply read-only: what parsed objects are. */
type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** The TypeScript type of a schema after defaulting: a field with a default is always there. */
export type Data<Schema extends TSchema> = DeepReadonly<Static<Schema>>;

/** What a field may say beside its type and description. */
export interface FieldOptions {
  readonly default?: unknown;
  readonly applies?: AppliesHow;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export function text(description: string, options: FieldOptions = {}): TString {
  return StringType(settings(description, options));
}

export function integer(description: string, options: FieldOptions = {}): TInteger {
  return Integer(settings(description, options));
}

export function decimal(description: string, options: FieldOptions = {}): TNumber {
  return NumberType(settings(description, options));
}

export function flag(description: string, options: FieldOptions = {}): TBoolean {
  return BooleanType(settings(description, options));
}

/** A whole number or a string: quantities, percentages, ports by number or name. */
export function integerOrText(description: string, options: FieldOptions = {}): TUnsafe<number | string> {
  return Unsafe<number | string>({ ...settings(description, options), "x-kubernetes-int-or-string": true });
}

/** One of `values`; those named in `later` are declared but refused. */
export function oneOf<const Values extends string[]>(
  description: string,
  values: readonly [...Values],
  options: FieldOptions & { readonly later?: readonly NoInfer<Values[number]>[] } = {},
): TEnum<Values> {
  const { later, ...rest } = options;
  const marks: Marks = later === undefined ? {} : { "rackwright:later": later };
  return Enum(values, { ...settings(description, rest), ...marks });
}

/** A list that is replaced as a whole. */
export function list<Item extends TSchema>(description: string, item: Item, options: FieldOptions = {}): TArray<Item> {
  return ArrayType(item, { ...settings(description, options), "x-kubernetes-list-type": "atomic" });
}

/** A list without repetitions. */
export function setOf<Item extends TSchema>(description: string, item: Item, options: FieldOptions = {}): TArray<Item> {
  return ArrayType(item, { ...settings(description, options), "x-kubernetes-list-type": "set" });
}

/** A list whose items are told apart by one field, `name` unless `key` says otherwise. */
export function listByKey<Item extends TSchema>(
  description: string,
  item: Item,
  options: FieldOptions & { readonly key?: string } = {},
): TArray<Item> {
  const { key = "name", ...rest } = options;
  return ArrayType(item, {
    ...settings(description, rest),
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": [key],
  });
}

/** Values by free keys. */
export function mapOf<Value extends TSchema>(
  description: string,
  value: Value,
  options: FieldOptions = {},
): TRecord<"^.*$", Value> {
  // The instantiation of a string key is always this record; typebox types it through a deferred action.
  return RecordType(StringType(), value, settings(description, options)) as unknown as TRecord<"^.*$", Value>;
}

export function object<Properties extends TProperties>(
  description: string,
  properties: Properties,
  options: FieldOptions = {},
): TObject<Properties> {
  return ObjectType(properties, settings(description, options));
}

/** Any object, kept as it is. */
export function freeObject(description: string): TUnsafe<Record<string, unknown>> {
  return Unsafe<Record<string, unknown>>({
    type: "object",
    description,
    "x-kubernetes-preserve-unknown-fields": true,
  } as TSchema);
}

export function optional<Schema extends TSchema>(schema: Schema): TAddOptional<Schema> {
  return Optional(schema);
}

/** A field that is declared and published, but whose use is refused as "not supported yet". */
export function later<Schema extends TSchema>(schema: Schema): TAddOptional<Schema> {
  const marks: Marks = { "rackwright:later": true };
  // on the copy that `Optional` makes: the schema itself may be in use elsewhere
  return Object.assign(Optional(schema), marks);
}

/** A reference to one value of a Secret in the object's namespace (cluster-scoped kinds: in rackwright-system). */
export function secretRef(description: string): TObject<{ name: TString; key: TString }> {
  return object(description, {
    name: text("Name of the Secret."),
    key: text("Key inside the Secret."),
  });
}

function settings(description: string, options: FieldOptions): Record<string, unknown> {
  const { applies, ...rest } = options;
  const marks: Marks = applies === undefined ? {} : { "rackwright:applies": applies };
  return { description, ...rest, ...marks };
}
