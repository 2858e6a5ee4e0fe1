import { OBJECT_META } from "./metadata.js";
import { AUTH_MESSAGES } from "./reviews.js";
import {
  bytes,
  flag,
  flagPointer,
  integer,
  integerPointer,
  listOf,
  type Message,
  mapOf,
  microTime,
  nested,
  text,
  textPointer,
  time,
} from "./shape.js";

const metadata = ["metadata", nested(OBJECT_META)] as const;

const OBJECT_REFERENCE: Message = {
  1: ["kind", text],
  2: ["namespace", text],
  3: ["name", text],
  4: ["uid", text],
  5: ["apiVersion", text],
  6: ["resourceVersion", text],
  7: ["fieldPath", text],
};
const EVENT_SOURCE: Message = { 1: ["component", text], 2: ["host", text] };
const EVENT_SERIES: Message = { 1: ["count", integer], 2: ["lastObservedTime", microTime] };

const NAMESPACE: Message = {
  1: metadata,
  2: ["spec", nested({ 1: ["finalizers", listOf(text)] })],
  3: [
    "status",
    nested({
      1: ["phase", text],
      2: [
        "conditions",
        listOf(
          nested({
            1: ["type", text],
            2: ["status", text],
            4: ["lastTransitionTime", time],
            5: ["reason", text],
            6: ["message", text],
          }),
        ),
      ],
    }),
  ],
};

const CONFIG_MAP: Message = {
  1: metadata,
  2: ["data", mapOf(text)],
  3: ["binaryData", mapOf(bytes)],
  4: ["immutable", flagPointer],
};

const SECRET: Message = {
  1: metadata,
  2: ["data", mapOf(bytes)],
  3: ["type", text],
  4: ["stringData", mapOf(text)],
  5: ["immutable", flagPointer],
};

const SERVICE_ACCOUNT: Message = {
  1: metadata,
  2: ["secrets", listOf(nested(OBJECT_REFERENCE))],
  3: ["imagePullSecrets", listOf(nested({ 1: ["name", text] }))],
  4: ["automountServiceAccountToken", flagPointer],
};

const CORE_EVENT: Message = {
  1: metadata,
  2: ["involvedObject", nested(OBJECT_REFERENCE)],
  3: ["reason", text],
  4: ["message", text],
  5: ["source", nested(EVENT_SOURCE)],
  6: ["firstTimestamp", time],
  7: ["lastTimestamp", time],
  8: ["count", integer],
  9: ["type", text],
  10: ["eventTime", microTime],
  11: ["series", nested(EVENT_SERIES)],
  12: ["action", text],
  13: ["related", nested(OBJECT_REFERENCE)],
  14: ["reportingComponent", text],
  15: ["reportingInstance", text],
};

const EVENT: Message = {
  1: metadata,
  2: ["eventTime", microTime],
  3: ["series", nested(EVENT_SERIES)],
  4: ["reportingController", text],
  5: ["reportingInstance", text],
  6: ["action", text],
  7: ["reason", text],
  8: ["regarding", nested(OBJECT_REFERENCE)],
  9: ["related", nested(OBJECT_REFERENCE)],
  10: ["note", text],
  11: ["type", text],
  12: ["deprecatedSource", nested(EVENT_SOURCE)],
  13: ["deprecatedFirstTimestamp", time],
  14: ["deprecatedLastTimestamp", time],
  15: ["deprecatedCount", integer],
};

const LEASE: Message = {
  1: metadata,
  2: [
    "spec",
    nested({
      1: ["holderIdentity", textPointer],
      2: ["leaseDurationSeconds", integerPointer],
      3: ["acquireTime", microTime],
      4: ["renewTime", microTime],
      5: ["leaseTransitions", integerPointer],
      6: ["strategy", textPointer],
      7: ["preferredHolder", textPointer],
    }),
  ],
};

const SCALE: Message = {
  1: metadata,
  2: ["spec", nested({ 1: ["replicas", integer] })],
  3: ["status", nested({ 1: ["replicas", integer], 2: ["selector", text] })],
};

const POLICY_RULE: Message = {
  1: ["verbs", listOf(text)],
  2: ["apiGroups", listOf(text)],
  3: ["resources", listOf(text)],
  4: ["resourceNames", listOf(text)],
  5: ["nonResourceURLs", listOf(text)],
};
const LABEL_SELECTOR: Message = {
  1: ["matchLabels", mapOf(text)],
  2: ["matchExpressions", listOf(nested({ 1: ["key", text], 2: ["operator", text], 3: ["values", listOf(text)] }))],
};
const ROLE: Message = {
  1: metadata,
  2: ["rules", listOf(nested(POLICY_RULE))],
  3: ["aggregationRule", nested({ 1: ["clusterRoleSelectors", listOf(nested(LABEL_SELECTOR))] })],
};
const ROLE_BINDING: Message = {
  1: metadata,
  2: [
    "subjects",
    listOf(nested({ 1: ["kind", text], 2: ["apiGroup", text], 3: ["name", text], 4: ["namespace", text] })),
  ],
  3: ["roleRef", nested({ 1: ["apiGroup", text], 2: ["kind", text], 3: ["name", text] })],
};

const DELETE_OPTIONS: Message = {
  1: ["gracePeriodSeconds", integerPointer],
  2: ["preconditions", nested({ 1: ["uid", textPointer], 2: ["resourceVersion", textPointer] })],
  3: ["orphanDependents", flagPointer],
  4: ["propagationPolicy", textPointer],
  5: ["dryRun", listOf(text)],
  6: ["ignoreStoreReadErrorWithClusterBreakingPotential", flag],
};

const MESSAGES: ReadonlyMap<string, Message> = new Map<string, Message>([
  ["v1 Namespace", NAMESPACE],
  ["v1 ConfigMap", CONFIG_MAP],
  ["v1 Secret", SECRET],
  ["v1 ServiceAccount", SERVICE_ACCOUNT],
  ["v1 Event", CORE_EVENT],
  ["events.k8s.io/v1 Event", EVENT],
  ["coordination.k8s.io/v1 Lease", LEASE],
  ["autoscaling/v1 Scale", SCALE],
  ["rbac.authorization.k8s.io/v1 Role", ROLE],
  ["rbac.authorization.k8s.io/v1 ClusterRole", ROLE],
  ["rbac.authorization.k8s.io/v1 RoleBinding", ROLE_BINDING],
  ["rbac.authorization.k8s.io/v1 ClusterRoleBinding", ROLE_BINDING],
  ...AUTH_MESSAGES,
]);

/** The message of a kind, as its `generated.proto` numbers it; delete options belong to every group. */
export function messageOf(apiVersion: string, kind: string): Message | undefined {
  return kind === "DeleteOptions" ? DELETE_OPTIONS : MESSAGES.get(`${apiVersion} ${kind}`);
}
