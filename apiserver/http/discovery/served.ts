import { REVIEWS } from "../../built-in/reviews.js";
import type { Resource } from "../../read/resource.js";

/** A resource as discovery describes it. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly ServedSubresource[];
}

export interface ServedSubresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** A group and its one version. */
export interface ServedGroup {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ServedResource[];
}

/** Everything that is served, by group; only verbs that work. */
export function servedGroups(resources: readonly Resource[]): readonly ServedGroup[] {
  const groups = new Map<string, { group: string; version: string; resources: ServedResource[] }>();
  for (const resource of [...resources.map(describe), ...REVIEWS.map(describeReview)]) {
    const { group, version } = resource;
    const known = groups.get(`${group}/${version}`) ?? { group, version, resources: [] };
    groups.set(`${group}/${version}`, known);
    if (!known.resources.some((other) => other.plural === resource.plural)) known.resources.push(resource);
  }
  return [...groups.values()];
}

const READ_VERBS = ["get", "list", "watch"];
const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const SUBRESOURCE_VERBS = ["get", "patch", "update"];

function describe({ kind, isReadOnly }: Resource): ServedResource {
  const { group, version } = kind;
  const isWritable = kind.isCreatable && !isReadOnly;
  const subresources: ServedSubresource[] = [];
  if (kind.hasStatus && isWritable) {
    subresources.push({ name: "status", group, version, kind: kind.kind, verbs: SUBRESOURCE_VERBS });
  }
  if (kind.scale !== undefined && isWritable) {
    subresources.push({ name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: SUBRESOURCE_VERBS });
  }
  if (group === "" && kind.kind === "Namespace") {
    subresources.push({ name: "finalize", group, version, kind: kind.kind, verbs: ["update"] });
  }
  return {
    group,
    version,
    kind: kind.kind,
    plural: kind.plural,
    singular: kind.singular,
    isNamespaced: kind.scope === "Namespaced",
    verbs: isWritable ? ALL_VERBS : READ_VERBS,
    shortNames: kind.shortNames,
    categories: kind.categories,
    subresources,
  };
}

function describeReview(review: (typeof REVIEWS)[number]): ServedResource {
  return {
    ...review,
    singular: review.kind.toLowerCase(),
    isNamespaced: false,
    verbs: ["create"],
    shortNames: [],
    categories: [],
    subresources: [],
  };
}
