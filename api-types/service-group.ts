import { AGE, conditionColumn, countColumn, reasonColumn, textColumn, wide } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import type { ObjectOf } from "./meta/kind.js";
import type { Condition, KubeObject } from "./meta/object.js";
import { statusOf } from "./meta/status-fields.js";
import { type Data, flag, integer, list, listByKey, mapOf, object, oneOf, optional, text } from "./schema/fields.js";
import { service, serviceStatus } from "./service/fields.js";
import { validateServiceGroup } from "./service/validate/service-group.js";

export type { AttachedTask, Service, ServiceStatus, ServiceUpdate } from "./service/fields.js";
export type { HealthCheck, ReadinessCheck } from "./service/health.js";
export type {
  PlacementConstraint,
  ServiceDns,
  ServiceNetwork,
  ServicePlacement,
  ServicePort,
} from "./service/network.js";
export type {
  ServiceEnv,
  ServiceExecutor,
  ServiceFetch,
  ServiceResources,
  ServiceRestart,
  ServiceVolume,
} from "./service/workload.js";

const spec = object("What runs together.", {
  rackName: text("The Rack that runs the group.", { default: "default", applies: "restart" }),
  replicas: integer("Copies of the whole group: each service runs replicas × instances.", {
    default: 1,
    minimum: 0,
    maximum: 100_000,
    applies: "scaleOnly",
  }),
  scale: optional(
    mapOf(
      "Instances per copy, by service; wins over `services[].instances`. Written by ScalingPolicies and `rackctl scale`.",
      integer("Instances per copy.", { minimum: 0, maximum: 100_000 }),
      { applies: "scaleOnly" },
    ),
  ),
  suspend: flag("Stop everything; counts are kept.", { default: false, applies: "scaleOnly" }),
  restartedAt: optional(text("A change replaces all instances; RFC 3339.", { applies: "restart" })),
  dependsOn: optional(
    list("Groups that must be available before this one starts: `name` or `namespace/name`.", text("A ServiceGroup."), {
      maxItems: 64,
      applies: "inPlace",
    }),
  ),
  services: listByKey("The services of the group.", service, { minItems: 1, maxItems: 200, applies: "restart" }),
  progressDeadlineSeconds: integer("Seconds without progress until an update counts as failed.", {
    default: 600,
    minimum: 1,
    applies: "inPlace",
  }),
  rollback: oneOf(
    "What follows a failed update. `OnDeadline`: the last revision that was available runs again, until the spec changes.",
    ["None", "OnDeadline"],
    { default: "None", applies: "inPlace" },
  ),
  revisionHistoryLimit: integer("Old Revisions that are kept for each service.", {
    default: 10,
    minimum: 0,
    maximum: 1000,
    applies: "inPlace",
  }),
});
export type ServiceGroupSpec = Data<typeof spec>;

/** What runs together: one or more services, their sizes, places, names and health. */
export const ServiceGroup = defineKind({
  kind: "ServiceGroup",
  plural: "servicegroups",
  shortNames: ["sg"],
  scope: "Namespaced",
  description: "What runs together: one or more services, their sizes, places, names and health.",
  spec,
  status: statusOf("What runs.", {
    services: optional(listByKey("State by service.", serviceStatus)),
    replicas: optional(integer("Whole copies that are available.")),
    selector: optional(text("Label selector of the group's Instances, as text.")),
  }),
  scale: {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".status.selector",
  },
  columns: [
    countColumn("Replicas", ".spec.replicas", "Copies wanted."),
    countColumn("Available", ".status.replicas", "Whole copies available."),
    {
      ...textColumn("Services", ".spec.services[*].name", "Available and desired instances by service."),
      value: (group) => sizesOf(group.status),
    },
    conditionColumn("Ready", "Whether every service is available."),
    { ...reasonColumn("Ready"), value: reasonOf },
    wide({ name: "Suspended", type: "boolean", description: "Everything is stopped.", jsonPath: ".spec.suspend" }),
    wide(textColumn("Rack", ".spec.rackName", "The Rack.")),
    AGE,
  ],
  validate: validateServiceGroup,
});
export type ServiceGroup = ObjectOf<typeof ServiceGroup>;

/** What keeps a group from starting says more than that it is not available. */
function reasonOf(group: KubeObject): string | undefined {
  // Stored groups passed the schema above.
  const conditions = (group.status as ServiceGroup["status"])?.conditions ?? [];
  const isReady = conditions.some(({ type, status }) => type === "Ready" && status === "True");
  const hurdle = conditions.find(({ type, status }) => HURDLES.includes(type) && status === "True");
  return isReady ? readyReason(conditions) : (hurdle?.reason ?? readyReason(conditions));
}

const HURDLES = ["Blocked", "Unschedulable"];

function readyReason(conditions: readonly Condition[]): string | undefined {
  return conditions.find(({ type }) => type === "Ready")?.reason;
}

function sizesOf(status: unknown): string | undefined {
  // Stored groups passed the schema above.
  const services = (status as ServiceGroup["status"])?.services ?? [];
  return (
    services.map(({ name, available = 0, desired = 0 }) => `${name}:${available}/${desired}`).join(",") || undefined
  );
}
