/** What a path means. */
export type Route =
  | { readonly type: "root" | "version" | "metrics" | "legacyVersions" | "groups" | "openApiV2" | "openApiV3" }
  | { readonly type: "health"; readonly probe: "healthz" | "livez" | "readyz"; readonly check: string | undefined }
  | { readonly type: "openApiDocument"; readonly groupVersion: string }
  | { readonly type: "group"; readonly group: string }
  | { readonly type: "groupVersion"; readonly group: string; readonly version: string }
  | {
      readonly type: "resource";
      readonly group: string;
      readonly version: string;
      readonly plural: string;
      readonly namespace: string | undefined;
      readonly name: string;
      readonly subresource: string;
      /** The deprecated `/watch/` form. */
      readonly isWatch: boolean;
    }
  | { readonly type: "unknown" };

/** Reads a path (without query) by Kubernetes' grammar. */
export function parsePath(pathname: string): Route {
  const segments = decodedSegments(pathname);
  if (segments === undefined) return UNKNOWN;
  const [first, ...rest] = segments;
  switch (first) {
    case undefined:
      return { type: "root" };
    case "version":
    case "metrics":
      return rest.length === 0 ? { type: first } : UNKNOWN;
    case "healthz":
    case "livez":
    case "readyz":
      return rest.length > 1 ? UNKNOWN : { type: "health", probe: first, check: rest[0] };
    case "openapi":
      return openApiRoute(rest);
    case "api":
      return legacyRoute(rest);
    case "apis":
      return groupRoute(rest);
    default:
      return UNKNOWN;
  }
}

const UNKNOWN: Route = { type: "unknown" };

function decodedSegments(pathname: string): readonly string[] | undefined {
  const segments = pathname.split("/").filter((segment) => segment !== "");
  try {
    const decoded = segments.map(decodeURIComponent);
    // a segment is one part of a storage key: it can hold no separator
    return decoded.some((segment) => segment.includes("/") || segment === "..") ? undefined : decoded;
  } catch {
    return undefined;
  }
}

function openApiRoute([version, ...rest]: readonly string[]): Route {
  if (version === "v2" && rest.length === 0) return { type: "openApiV2" };
  if (version !== "v3") return UNKNOWN;
  return rest.length === 0 ? { type: "openApiV3" } : { type: "openApiDocument", groupVersion: rest.join("/") };
}

function legacyRoute([version, ...rest]: readonly string[]): Route {
  if (version === undefined) return { type: "legacyVersions" };
  return rest.length === 0 ? { type: "groupVersion", group: "", version } : resourceRoute("", version, rest);
}

function groupRoute([group, version, ...rest]: readonly string[]): Route {
  if (group === undefined) return { type: "groups" };
  if (version === undefined) return { type: "group", group };
  return rest.length === 0 ? { type: "groupVersion", group, version } : resourceRoute(group, version, rest);
}

function resourceRoute(group: string, version: string, segments: readonly string[]): Route {
  const isWatch = segments[0] === "watch" && segments.length > 1;
  const parts = isWatch ? segments.slice(1) : segments;
  const isScoped = parts[0] === "namespaces" && parts.length > 2 && !isNamespaceSubresource(parts);
  const [plural = "", name = "", subresource = "", ...rest] = isScoped ? parts.slice(2) : parts;
  if (rest.length > 0) return UNKNOWN;
  return {
    type: "resource",
    group,
    version,
    plural,
    namespace: isScoped ? parts[1] : undefined,
    name,
    subresource,
    isWatch,
  };
}

/** `namespaces/x/status` is the status of a Namespace, not a resource in it. */
function isNamespaceSubresource(parts: readonly string[]): boolean {
  return parts.length === 3 && (parts[2] === "status" || parts[2] === "finalize");
}
