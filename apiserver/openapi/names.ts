import type { Kind } from "../../api-types/meta/kind.js";

/** The name of a kind's schema: the group backwards, version, kind, such as `dev.rackwright.v1alpha1.Route`. */
export function schemaName({ group, version, kind }: Pick<Kind, "group" | "version" | "kind">): string {
  const isBuiltIn = group === "" || group.endsWith(".k8s.io");
  if (isBuiltIn) return `io.k8s.api.${group.split(".")[0] || "core"}.${version}.${kind}`;
  return `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}

/** The name of a schema that all kinds share. */
export function metaName(name: string): string {
  return `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`;
}

/** The name of the scale subresource's schema. */
export const SCALE_NAME = "io.k8s.api.autoscaling.v1.Scale";

/** Where a group version is served, without a leading slash: `apis/rackwright.dev/v1alpha1`, `api/v1`. */
export function groupVersionPath({ group, version }: Pick<Kind, "group" | "version">): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

/** A group, version and kind as extensions carry it. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The one of a kind. */
export function gvkOf({ group, version, kind }: GroupVersionKind): GroupVersionKind {
  return { group, version, kind };
}

/** The one of the scale subresource. */
export const SCALE_GVK: GroupVersionKind = { group: "autoscaling", version: "v1", kind: "Scale" };
