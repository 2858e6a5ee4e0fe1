import type { Kind } from "../../api-types/meta/kind.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import type { FieldError } from "../../api-types/schema/structural.js";
import type { Identity } from "../http/contract.js";

/** What a rule looks at: one write, in the stored shape, after defaults. */
export interface AdmissionInput {
  readonly kind: Kind;
  readonly object: KubeObject;
  /** Undefined on creation. */
  readonly previous: KubeObject | undefined;
  readonly subresource: "" | "status" | "scale" | "finalize";
  readonly identity: Identity;
  readonly manager: string;
  /** Milliseconds of wall time. */
  readonly now: number;
  /** Another object, from memory: by kind name, namespace and name. */
  readonly get: (
    kind: string,
    key: { readonly namespace?: string | undefined; readonly name: string },
  ) => KubeObject | undefined;
  /** All objects of a kind in a namespace, or of all namespaces, from memory. */
  readonly list: (kind: string, namespace?: string) => readonly KubeObject[];
  /** Objects on their way to the store, which `list` does not show yet; of the kinds that are followed. */
  readonly pending: (kind: string) => readonly KubeObject[];
}

/** Faults refuse the write as Invalid; `forbidden` refuses it as Forbidden; warnings travel with the answer. */
export interface Verdict {
  readonly errors?: readonly FieldError[];
  readonly forbidden?: string;
  readonly warnings?: readonly string[];
}

/** A rule that needs more than the object itself. Pure. */
export type Admission = (input: AdmissionInput) => Verdict;

/** Completes an object before it is judged, with what only the server can know. Pure. */
export type Mutation = (input: AdmissionInput) => KubeObject;

/** Nothing to object to. */
export const ADMITTED: Verdict = {};
