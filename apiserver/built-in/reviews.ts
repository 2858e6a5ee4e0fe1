import type { KubeObject } from "../../api-types/meta/object.js";
import { isRecord } from "../../platform/is-record.js";
import type { Identity } from "../http/contract.js";
import { badRequest } from "../http/failure.js";

/** Kinds that are only asked, never stored. */
export const REVIEWS = [
  review("authorization.k8s.io", "SelfSubjectAccessReview"),
  review("authorization.k8s.io", "SelfSubjectRulesReview"),
  review("authorization.k8s.io", "SubjectAccessReview"),
  review("authentication.k8s.io", "SelfSubjectReview"),
] as const;

export interface Review {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
}

/** The group whose members may do everything. */
export const ADMIN_GROUP = "system:masters";

/** Whether this caller may do everything; nobody else may do anything but look around. */
export function isAdmin(identity: Pick<Identity, "groups">): boolean {
  return identity.groups.includes(ADMIN_GROUP);
}

/** Answers a review: the sent object with a status. Throws BadRequest when it is of another kind. */
export function answerReview(asked: Review, body: unknown, identity: Identity): KubeObject {
  const sent = isRecord(body) ? body : {};
  if (sent.kind !== undefined && sent.kind !== asked.kind) throw badRequest(`the body must be a ${asked.kind}`);
  const metadata = isRecord(sent.metadata) ? sent.metadata : {};
  const apiVersion = `${asked.group}/${asked.version}`;
  return {
    ...sent,
    kind: asked.kind,
    apiVersion,
    metadata: { ...metadata, creationTimestamp: null } as unknown as KubeObject["metadata"], // reviews have no name
    status: statusOf(asked, isRecord(sent.spec) ? sent.spec : {}, identity),
  };
}

function statusOf(asked: Review, spec: Readonly<Record<string, unknown>>, identity: Identity): unknown {
  switch (asked.kind) {
    case "SelfSubjectReview":
      return {
        userInfo: { username: identity.user, groups: [...new Set([...identity.groups, "system:authenticated"])] },
      };
    case "SelfSubjectRulesReview":
      return isAdmin(identity)
        ? {
            resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
            nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
            incomplete: false,
          }
        : { resourceRules: [], nonResourceRules: [], incomplete: false };
    case "SubjectAccessReview":
      return access(isAdmin({ groups: Array.isArray(spec.groups) ? spec.groups.map(String) : [] }));
    default:
      return access(isAdmin(identity));
  }
}

function access(isAllowed: boolean): unknown {
  return isAllowed ? { allowed: true } : { allowed: false, reason: `only members of ${ADMIN_GROUP} have access` };
}

function review(group: string, kind: string): Review {
  return { group, version: "v1", kind, plural: `${kind.toLowerCase()}s` };
}
