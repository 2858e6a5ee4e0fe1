import type { Kind } from "../../api-types/meta/kind.js";
import type { KubeObject } from "../../api-types/meta/object.js";

/** Another shape of the same stored objects, like the two kinds of Event. */
export interface View {
  readonly toServed: (stored: KubeObject) => KubeObject;
  readonly toStored: (served: KubeObject) => KubeObject;
}

/** A kind as it is served and stored. */
export interface Resource {
  readonly kind: Kind;
  /** The kind whose shape is stored; differs from `kind` only with a view. */
  readonly stored: Kind;
  /** `<group or core>/<plural>/`: the beginning of every key of this resource. */
  readonly prefix: string;
  readonly view?: View;
  /** Served from memory, never written by requests. */
  readonly isReadOnly: boolean;
}

/** The segment that stands for "no namespace" in keys; no namespace can have this name. */
const CLUSTER_SEGMENT = "_cluster";

/** Where the objects of a kind are stored. */
export function prefixOf(kind: Kind): string {
  return `${kind.group === "" ? "core" : kind.group}/${kind.plural}/`;
}

/** The storage key of an object. */
export function storageKey(prefix: string, namespace: string | undefined, name: string): string {
  return `${prefix}${namespace ?? CLUSTER_SEGMENT}/${name}`;
}

/** The prefix of the keys in one namespace, or of all when `namespace` is undefined. */
export function scopePrefix(prefix: string, namespace: string | undefined): string {
  return namespace === undefined ? prefix : `${prefix}${namespace}/`;
}

/** Namespace and name in a storage key below `prefix`; undefined when the key is not one of ours. */
export function keyParts(prefix: string, key: string): { namespace: string | undefined; name: string } | undefined {
  const rest = key.slice(prefix.length);
  const slash = rest.indexOf("/");
  if (slash <= 0 || slash === rest.length - 1) return undefined;
  const namespace = rest.slice(0, slash);
  return { namespace: namespace === CLUSTER_SEGMENT ? undefined : namespace, name: rest.slice(slash + 1) };
}

/** The object in the shape that this resource serves. */
export function servedObject(resource: Resource, stored: KubeObject): KubeObject {
  if (resource.view === undefined) return stored;
  const known = views.get(stored);
  if (known !== undefined) return known;
  const served = resource.view.toServed(stored);
  views.set(stored, served);
  return served;
}

/** Converted once per stored revision: only one kind (Event) has a second view. */
const views = new WeakMap<KubeObject, KubeObject>();
