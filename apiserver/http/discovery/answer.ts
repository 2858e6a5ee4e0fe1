import { StatusError } from "../../../api-types/meta/status-error.js";
import type { HttpResponse } from "../../../platform/transport.js";
import { cachedJson } from "../format/etag.js";
import { parseRange } from "../format/negotiate.js";
import type { Route } from "../route/path.js";
import { aggregated, groupDocument, groupList, legacyVersions, resourceList } from "./documents.js";
import type { ServedGroup } from "./served.js";

/** Answers what the server serves, in the plain or the aggregated form. */
export function answerDiscovery(
  groups: readonly ServedGroup[],
  route: Route,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  switch (route.type) {
    case "root":
      return cachedJson({ paths: rootPaths(groups) }, headers);
    case "legacyVersions":
    case "groups":
      return answerTop(groups, route.type === "legacyVersions", headers);
    case "group":
      return cachedJson(groupDocument(found(groups, (group) => group.group === route.group)), headers);
    case "groupVersion":
      return cachedJson(
        resourceList(found(groups, (group) => group.group === route.group && group.version === route.version)),
        headers,
      );
    default:
      throw notServed();
  }
}

function answerTop(
  groups: readonly ServedGroup[],
  isCore: boolean,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const version = aggregatedVersion(headers.accept);
  if (version === undefined) return cachedJson(isCore ? legacyVersions() : groupList(groups), headers);
  // clients tell the form by the parameters of the answer's type
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return cachedJson(aggregated(groups, isCore, version), headers, contentType);
}

/** The version of the aggregated form that the client prefers to the plain one. */
function aggregatedVersion(accept: string | undefined): string | undefined {
  for (const range of (accept ?? "").split(",")) {
    const { type, parameters } = parseRange(range);
    if (type !== "application/json") continue;
    if (!parameters.has("as")) return undefined;
    const version = parameters.get("v") ?? "";
    const isAggregated =
      parameters.get("as") === "APIGroupDiscoveryList" && parameters.get("g") === "apidiscovery.k8s.io";
    if (isAggregated && (version === "v2" || version === "v2beta1")) return version;
  }
  return undefined;
}

function found(groups: readonly ServedGroup[], isWanted: (group: ServedGroup) => boolean): ServedGroup {
  const group = groups.find(isWanted);
  if (group === undefined) throw notServed();
  return group;
}

function notServed(): StatusError {
  return new StatusError("NotFound", "the server could not find the requested resource");
}

function rootPaths(groups: readonly ServedGroup[]): readonly string[] {
  const named = groups.filter(({ group }) => group !== "");
  const groupPaths = named.flatMap(({ group, version }) => [`/apis/${group}`, `/apis/${group}/${version}`]);
  return [
    "/api",
    "/api/v1",
    "/apis",
    ...groupPaths,
    "/healthz",
    "/livez",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/readyz",
    "/version",
  ];
}
