import type { KubeObject } from "../../api-types/meta/object.js";
import { badRequest } from "../http/failure.js";
import { parseLabelSelector } from "./label-selector.js";
import { type Resource, scopePrefix, servedObject, storageKey } from "./resource.js";

/** Which objects of a resource a request means. */
export interface Selection {
  /** Every selected key begins with this. */
  readonly prefix: string;
  /** Set when at most one key can match. */
  readonly key: string | undefined;
  /** Whether labels or fields narrow the selection. */
  readonly isNarrowed: boolean;
  /** Decides on an object in its stored shape, whose key already begins with `prefix`. */
  readonly matches: (stored: KubeObject) => boolean;
}

/** Reads scope, name and selectors of a request; throws BadRequest for a selector that is not understood. */
export function parseSelection(
  resource: Resource,
  scope: { readonly namespace: string | undefined; readonly name?: string },
  query: URLSearchParams,
): Selection {
  const matchesLabels = parseLabelSelector(query.get("labelSelector") ?? undefined);
  const terms = parseFieldSelector(query.get("fieldSelector") ?? "");
  const checks = terms.map((term) => fieldCheck(resource, term));
  const exact = (field: string) => terms.find((term) => term.field === field && !term.isNegated)?.value;
  const namespace = scope.namespace ?? (resource.kind.scope === "Namespaced" ? exact("metadata.namespace") : undefined);
  const name = scope.name ?? exact("metadata.name");
  const isKeyKnown = name !== undefined && (namespace !== undefined || resource.kind.scope === "Cluster");
  return {
    prefix: scopePrefix(resource.prefix, namespace),
    key: isKeyKnown ? storageKey(resource.prefix, namespace, name) : undefined,
    isNarrowed: matchesLabels !== undefined || checks.length > 0 || scope.name !== undefined,
    matches(stored) {
      if (scope.name !== undefined && stored.metadata.name !== scope.name) return false;
      if (matchesLabels !== undefined && !matchesLabels(stored.metadata.labels)) return false;
      return checks.length === 0 || checks.every((check) => check(servedObject(resource, stored)));
    },
  };
}

interface FieldTerm {
  readonly field: string;
  readonly value: string;
  readonly isNegated: boolean;
}

function parseFieldSelector(text: string): readonly FieldTerm[] {
  const terms = text.match(/(?:\\.|[^,\\])+/g) ?? [];
  return terms.map((term) => {
    const match = /^([^=!]+)(==|!=|=)((?:\\.|[^=\\])*)$/s.exec(term.trim());
    if (match === null) throw badRequest(`invalid field selector: "${term}"; can't understand it`);
    const [, field = "", operator, value = ""] = match;
    return { field, value: value.replace(/\\(.)/g, "$1"), isNegated: operator === "!=" };
  });
}

function fieldCheck(resource: Resource, term: FieldTerm): (served: KubeObject) => boolean {
  const read = fieldReader(resource, term.field);
  return (served) => (read(served) === term.value) !== term.isNegated;
}

function fieldReader(resource: Resource, field: string): (served: KubeObject) => string {
  if (field === "metadata.name") return (object) => object.metadata.name;
  if (field === "metadata.namespace") return (object) => object.metadata.namespace ?? "";
  const { selectableFields } = resource.kind;
  const read = Object.hasOwn(selectableFields, field) ? selectableFields[field] : undefined;
  if (read === undefined) throw badRequest(`field label not supported: ${field}`);
  return read;
}
