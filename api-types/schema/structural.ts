/** A Kubernetes structural schema: the subset of OpenAPI v3 that CustomResourceDefinitions accept. */
export interface StructuralSchema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly uniqueItems?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "granular" | "atomic";
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

/** A CEL rule as published; `x => boolean` versions of ours live beside the schema. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
}

/** One fault of an object's field; `path` is like `spec.services[0].name`, without a leading dot. */
export interface FieldError {
  readonly type:
    | "Required"
    | "Invalid"
    | "NotSupported"
    | "TypeInvalid"
    | "Duplicate"
    | "Forbidden"
    | "TooLong"
    | "TooMany";
  readonly path: string;
  /** The text after the path, as Kubernetes prints it: `Invalid value: "x": must be …`, `Required value`. */
  readonly message: string;
}
