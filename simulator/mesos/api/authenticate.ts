import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import type { Authentication } from "../cluster/spec.js";
import { pathOf, text } from "../wire/http.js";

/** Who calls, or the answer to somebody unknown. */
export type Caller =
  | { readonly type: "known"; readonly principal: string | undefined }
  | { readonly type: "refused"; readonly response: HttpResponse };

/** Basic authentication, as the recorded master asked for it; `/health` and `/version` are open to all. */
export function authenticate(authentication: Authentication | undefined, request: HttpRequest): Caller {
  const path = pathOf(request);
  if (authentication === undefined || OPEN.includes(path)) return { type: "known", principal: undefined };
  const credentials = basicCredentials(request.headers.authorization);
  if (credentials !== undefined && authentication.credentials[credentials.principal] === credentials.secret) {
    return { type: "known", principal: credentials.principal };
  }
  return { type: "refused", response: text(401, "401 Unauthorized.", { "www-authenticate": realmOf(path) }) };
}

const OPEN: readonly string[] = ["/health", "/version", "/redirect"];

function realmOf(path: string): string {
  if (path === "/api/v1/scheduler") return 'Basic realm="mesos-master-scheduler"';
  return `Basic realm="mesos-master-${path === "/api/v1" ? "readwrite" : "readonly"}"`;
}

function basicCredentials(
  header: string | undefined,
): { readonly principal: string; readonly secret: string } | undefined {
  const encoded = /^Basic (.+)$/.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [principal = "", ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return { principal, secret: rest.join(":") };
}

/** Why a principal may not speak for a framework; undefined: it may. */
export function principalProblem(authenticated: string | undefined, claimed: string | undefined): string | undefined {
  if (authenticated === undefined || claimed === undefined || authenticated === claimed) return undefined;
  return `Authenticated principal '${authenticated}' does not match principal '${claimed}' set in \`FrameworkInfo\``;
}

/** Why a principal may not register in these roles, as an ERROR tells it; undefined: it may. */
export function registrationProblem(
  authentication: Authentication | undefined,
  principal: string | undefined,
  roles: readonly string[],
): string | undefined {
  if (authentication?.roles === undefined) return undefined;
  const allowed = authentication.roles[principal ?? ""] ?? [];
  if (roles.every((role) => allowed.includes(role))) return undefined;
  return `Not authorized to register framework  with roles { ${roles.join(", ")} }`;
}
