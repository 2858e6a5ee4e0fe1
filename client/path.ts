import type { Kind } from "../api-types/meta/kind.js";
import { StatusError } from "../api-types/meta/status-error.js";

/** What a request is about; no name means the collection. */
export interface ResourceTarget {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** The path of a collection, an object or a subresource, without query. */
export function resourcePath(kind: Kind, target: ResourceTarget): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.apiVersion}`;
  const parts = [root];
  if (kind.scope === "Namespaced" && target.namespace !== undefined) {
    parts.push("namespaces", encodeURIComponent(target.namespace));
  }
  parts.push(kind.plural);
  if (target.name !== undefined) parts.push(encodeURIComponent(target.name));
  if (target.subresource !== undefined) parts.push(target.subresource);
  return parts.join("/");
}

/** The path of one object; refuses what the server could not route: no name, or no namespace where one is needed. */
export function objectPath(kind: Kind, target: ResourceTarget): string {
  if (!target.name) throw new StatusError("BadRequest", `${resourceName(kind)}: a name is required`);
  requireNamespace(kind, target);
  return resourcePath(kind, target);
}

/** The path to which a new object is posted. */
export function creationPath(kind: Kind, namespace: string | undefined): string {
  requireNamespace(kind, { namespace });
  return resourcePath(kind, { namespace });
}

/** `plural.group`, as Kubernetes' messages name a resource. */
export function resourceName(kind: Kind): string {
  return kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** A query string with its `?`, or nothing; undefined values are left out. */
export function queryString(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

function requireNamespace(kind: Kind, target: ResourceTarget): void {
  if (kind.scope === "Namespaced" && !target.namespace) {
    throw new StatusError("BadRequest", `${resourceName(kind)} "${target.name ?? ""}": a namespace is required`);
  }
}
