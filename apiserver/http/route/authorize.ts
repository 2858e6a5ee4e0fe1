import type { Kind } from "../../../api-types/meta/kind.js";
import { StatusError } from "../../../api-types/meta/status-error.js";
import { isAdmin } from "../../built-in/reviews.js";
import type { Identity } from "../contract.js";
import { resourceName } from "../failure.js";
import type { Route } from "./path.js";

/** Paths that tell nothing but how the server is: open to everyone. */
export function isPublic(route: Route): boolean {
  return route.type === "health" || route.type === "version";
}

/** Who asks: the caller, or whom an administrator impersonates. Throws Unauthorized or Forbidden. */
export function identify(identity: Identity | undefined, headers: Readonly<Record<string, string>>): Identity {
  if (identity === undefined) throw new StatusError("Unauthorized", "Unauthorized");
  const names = Object.keys(headers).filter((name) => name.startsWith("impersonate-"));
  if (names.length === 0) return identity;
  const user = headers["impersonate-user"] ?? "";
  if (!isAdmin(identity)) {
    throw new StatusError(
      "Forbidden",
      `users "${user}" is forbidden: User "${identity.user}" cannot impersonate resource "users" in API group "" at the cluster scope`,
    );
  }
  if (user === "") throw new StatusError("BadRequest", "impersonation needs the header Impersonate-User");
  const groups = (headers["impersonate-group"] ?? "").split(",").map((group) => group.trim());
  return { user, groups: groups.filter((group) => group !== "") };
}

/** Lets administrators do everything and every other known user look at discovery; throws Forbidden. */
export function authorizePath(
  identity: Identity,
  route: Route,
  request: { readonly method: string; readonly path: string },
): void {
  if (isAdmin(identity) || OPEN_TO_USERS.has(route.type)) return;
  const verb = request.method.toLowerCase();
  throw new StatusError("Forbidden", `forbidden: User "${identity.user}" cannot ${verb} path "${request.path}"`);
}

const OPEN_TO_USERS: ReadonlySet<Route["type"]> = new Set([
  "root",
  "version",
  "health",
  "legacyVersions",
  "groups",
  "group",
  "groupVersion",
  "openApiV2",
  "openApiV3",
  "openApiDocument",
]);

/** Lets administrators touch objects; throws Forbidden for everyone else. */
export function authorizeResource(
  identity: Identity,
  asked: {
    readonly kind: Kind;
    readonly verb: string;
    readonly name: string;
    readonly namespace: string | undefined;
    readonly subresource: string;
  },
): void {
  if (isAdmin(identity)) return;
  const { kind, verb, name, namespace, subresource } = asked;
  const plural = subresource === "" ? kind.plural : `${kind.plural}/${subresource}`;
  const quoted = name === "" ? "" : `"${name}" `;
  const scope = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  throw new StatusError(
    "Forbidden",
    `${resourceName(kind)} ${quoted}is forbidden: User "${identity.user}" cannot ${verb} resource "${plural}" in API group "${kind.group}" ${scope}`,
    { details: { ...(name !== "" && { name }), ...(kind.group !== "" && { group: kind.group }), kind: kind.plural } },
  );
}
