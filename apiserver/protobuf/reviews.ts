import { OBJECT_META } from "./metadata.js";
import { flag, integerPointer, listOf, type Message, mapOf, nested, type Shape, text, time } from "./shape.js";

const metadata = ["metadata", nested(OBJECT_META)] as const;

/** A list of texts in a message of its own, as maps of lists need it. */
const EXTRA_VALUE: Shape = nested({ 1: ["items", listOf(text)] });

const REQUIREMENTS: Shape = listOf(nested({ 1: ["key", text], 2: ["operator", text], 3: ["values", listOf(text)] }));
const SELECTOR: Message = { 1: ["rawSelector", text], 2: ["requirements", REQUIREMENTS] };

const RESOURCE_ATTRIBUTES: Message = {
  1: ["namespace", text],
  2: ["verb", text],
  3: ["group", text],
  4: ["version", text],
  5: ["resource", text],
  6: ["subresource", text],
  7: ["name", text],
  8: ["fieldSelector", nested(SELECTOR)],
  9: ["labelSelector", nested(SELECTOR)],
};
const NON_RESOURCE_ATTRIBUTES: Message = { 1: ["path", text], 2: ["verb", text] };
/** What an access review asks for. */
const ASKED: Message = {
  1: ["resourceAttributes", nested(RESOURCE_ATTRIBUTES)],
  2: ["nonResourceAttributes", nested(NON_RESOURCE_ATTRIBUTES)],
};
const ACCESS_STATUS: Message = {
  1: ["allowed", flag],
  2: ["reason", text],
  3: ["evaluationError", text],
  4: ["denied", flag],
};

const SELF_SUBJECT_ACCESS_REVIEW: Message = {
  1: metadata,
  2: ["spec", nested(ASKED)],
  3: ["status", nested(ACCESS_STATUS)],
};

const SUBJECT_ACCESS_REVIEW: Message = {
  1: metadata,
  2: [
    "spec",
    nested({
      ...ASKED,
      3: ["user", text],
      4: ["groups", listOf(text)],
      5: ["extra", mapOf(EXTRA_VALUE)],
      6: ["uid", text],
    }),
  ],
  3: ["status", nested(ACCESS_STATUS)],
};

const USER_INFO: Message = {
  1: ["username", text],
  2: ["uid", text],
  3: ["groups", listOf(text)],
  4: ["extra", mapOf(EXTRA_VALUE)],
};

const TOKEN_REVIEW: Message = {
  1: metadata,
  2: ["spec", nested({ 1: ["token", text], 2: ["audiences", listOf(text)] })],
  3: [
    "status",
    nested({
      1: ["authenticated", flag],
      2: ["user", nested(USER_INFO)],
      3: ["error", text],
      4: ["audiences", listOf(text)],
    }),
  ],
};

const BOUND_OBJECT: Message = { 1: ["kind", text], 2: ["apiVersion", text], 3: ["name", text], 4: ["uid", text] };

const TOKEN_REQUEST: Message = {
  1: metadata,
  2: [
    "spec",
    nested({
      1: ["audiences", listOf(text)],
      3: ["boundObjectRef", nested(BOUND_OBJECT)],
      4: ["expirationSeconds", integerPointer],
    }),
  ],
  3: ["status", nested({ 1: ["token", text], 2: ["expirationTimestamp", time] })],
};

const SELF_SUBJECT_RULES_REVIEW: Message = { 1: metadata, 2: ["spec", nested({ 1: ["namespace", text] })] };
const SELF_SUBJECT_REVIEW: Message = { 1: metadata, 2: ["status", nested({ 1: ["userInfo", nested(USER_INFO)] })] };

/** The kinds that answer questions about users and permissions, by `apiVersion kind`. */
export const AUTH_MESSAGES: readonly (readonly [string, Message])[] = [
  ["authorization.k8s.io/v1 SelfSubjectAccessReview", SELF_SUBJECT_ACCESS_REVIEW],
  ["authorization.k8s.io/v1 SubjectAccessReview", SUBJECT_ACCESS_REVIEW],
  ["authorization.k8s.io/v1 LocalSubjectAccessReview", SUBJECT_ACCESS_REVIEW],
  ["authorization.k8s.io/v1 SelfSubjectRulesReview", SELF_SUBJECT_RULES_REVIEW],
  ["authentication.k8s.io/v1 SelfSubjectReview", SELF_SUBJECT_REVIEW],
  ["authentication.k8s.io/v1 TokenReview", TOKEN_REVIEW],
  ["authentication.k8s.io/v1 TokenRequest", TOKEN_REQUEST],
];
