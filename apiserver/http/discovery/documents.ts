import type { ServedGroup, ServedResource, ServedSubresource } from "./served.js";

/** `/api`: the versions of the core group. */
export function legacyVersions(): unknown {
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
}

/** `/apis`: all named groups. */
export function groupList(groups: readonly ServedGroup[]): unknown {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.filter(isNamed).map(groupEntry) };
}

/** `/apis/G`. */
export function groupDocument(group: ServedGroup): unknown {
  return { kind: "APIGroup", apiVersion: "v1", ...groupEntry(group) };
}

/** `/api/v1` and `/apis/G/V`. A resource stands before its subresources: some clients take the first of a kind. */
export function resourceList(group: ServedGroup): unknown {
  const groupVersion = groupVersionOf(group);
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: group.resources.flatMap((resource) => [
      resourceEntry(resource),
      ...resource.subresources.map((subresource) => subresourceEntry(resource, subresource)),
    ]),
  };
}

/** `/api` (core only) and `/apis` (the others) in the aggregated form, version `v2` or `v2beta1`. */
export function aggregated(groups: readonly ServedGroup[], isCore: boolean, version: string): unknown {
  const chosen = groups.filter((group) => isNamed(group) !== isCore);
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: chosen.map((group) => ({
      metadata: { ...(group.group !== "" && { name: group.group }), creationTimestamp: null },
      versions: [{ version: group.version, freshness: "Current", resources: group.resources.map(aggregatedResource) }],
    })),
  };
}

function isNamed({ group }: ServedGroup): boolean {
  return group !== "";
}

function groupVersionOf({ group, version }: ServedGroup): string {
  return group === "" ? version : `${group}/${version}`;
}

function groupEntry(group: ServedGroup) {
  const version = { groupVersion: groupVersionOf(group), version: group.version };
  return { name: group.group, versions: [version], preferredVersion: version };
}

function resourceEntry(resource: ServedResource) {
  return {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.isNamespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    ...(resource.categories.length > 0 && { categories: resource.categories }),
  };
}

function subresourceEntry(resource: ServedResource, subresource: ServedSubresource) {
  const isForeign = subresource.group !== resource.group;
  return {
    name: `${resource.plural}/${subresource.name}`,
    singularName: "",
    namespaced: resource.isNamespaced,
    ...(isForeign && { group: subresource.group, version: subresource.version }),
    kind: subresource.kind,
    verbs: subresource.verbs,
  };
}

function aggregatedResource(resource: ServedResource) {
  const { group, version, kind } = resource;
  return {
    resource: resource.plural,
    responseKind: { group, version, kind },
    scope: resource.isNamespaced ? "Namespaced" : "Cluster",
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    ...(resource.categories.length > 0 && { categories: resource.categories }),
    ...(resource.subresources.length > 0 && {
      subresources: resource.subresources.map((subresource) => ({
        subresource: subresource.name,
        responseKind: { group: subresource.group, version: subresource.version, kind: subresource.kind },
        verbs: subresource.verbs,
      })),
    }),
  };
}
