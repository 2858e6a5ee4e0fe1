import { AGE, conditionColumn, countColumn, textColumn, wide } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import { specUnchanged } from "./meta/immutable.js";
import type { ObjectOf } from "./meta/kind.js";
import type { KubeObject } from "./meta/object.js";
import { statusOf } from "./meta/status-fields.js";
import { type Data, flag, integer, list, listByKey, object, oneOf, optional, text } from "./schema/fields.js";

const placedPort = object("One port the instance was given.", {
  name: text("Name of the port."),
  port: integer("The port by which clients reach it: on the node with Host and Bridge, else on its own address."),
  containerPort: optional(integer("The port that it listens on inside its network, where that is another.")),
  protocol: oneOf("Transport protocol.", ["TCP", "UDP"], { default: "TCP" }),
});

const attachedTask = object("A task that runs beside the instance, on the same node.", {
  name: text("Name of the attached task in its service."),
  taskID: text("Mesos task; written before its launch."),
  state: optional(text("State, e.g. Running or Failed.")),
  reason: optional(text("Why, one word.")),
  message: optional(text("Why, in a sentence.")),
  exitCode: optional(integer("Status with which its program ended.")),
  isHealthy: optional(flag("The last result of its health check; absent before the first.")),
  consecutiveFailures: optional(integer("Failures of its health check in a row.")),
  startedAt: optional(text("When it was first seen running; RFC 3339.")),
  at: optional(text("When the state was reported; RFC 3339.")),
  restarts: optional(integer("Tasks of this name that ran here before.")),
});
export type InstanceAttached = Data<typeof attachedTask>;

const probe = object("What the controller's probes of one check found.", {
  name: text("Name of the check; `readiness` for the readiness check."),
  isPassing: optional(flag("The last result; absent before the first.")),
  consecutiveFailures: optional(integer("Failures in a row, those of the grace period not counted.")),
  since: optional(text("When the result last changed; RFC 3339.")),
  message: optional(text("Why the last probe failed.")),
});
export type InstanceProbe = Data<typeof probe>;

const placement = object("Where the instance was put; written before the launch, and never changed.", {
  node: text("Name of the Node."),
  agentID: text("Mesos agent."),
  taskID: text("Mesos task."),
  ports: optional(listByKey("The ports it was given.", placedPort)),
  address: optional(text("Address claimed from a pool.")),
});
export type InstancePlacement = Data<typeof placement>;

const balancer = object("How one service port of the instance stands at one proxy.", {
  name: text("Name of the proxy in the Rack."),
  port: integer("The service port."),
  state: text("`Ready`; `Draining`: no new sessions, old ones go on; `Drained`: no session is left."),
  isUnconfirmed: optional(flag("The proxy does not answer: this is what it last said.")),
});
export type InstanceBalancer = Data<typeof balancer>;

const lastStatus = object("The last word of Mesos about the task.", {
  state: text("State, e.g. Running or Failed."),
  reason: optional(text("Why, one word.")),
  message: optional(text("Why, in a sentence.")),
  at: optional(text("When; RFC 3339.")),
  exitCode: optional(integer("Status with which the program ended.")),
  signal: optional(text("Signal that ended the program, e.g. Killed.")),
});

const health = object("What the agent's health check reported.", {
  isHealthy: optional(flag("The last result; absent before the first.")),
  consecutiveFailures: optional(integer("Failures in a row.")),
  since: optional(text("When the result last changed; RFC 3339.")),
});

const spec = object("Which instance of which service this is.", {
  serviceGroup: text("Name of the ServiceGroup, in the same namespace."),
  service: text("Name of the service."),
  number: integer("Its number within the service; a replacement has the same.", { minimum: 0 }),
  revisionName: text("The Revision that it runs."),
  replaces: optional(text("Name of the Instance whose place it takes.")),
  address: optional(text("Address claimed from a pool.")),
});
export type InstanceSpec = Data<typeof spec>;

/** One Mesos task, never relaunched. Written by the system. */
export const Instance = defineKind({
  kind: "Instance",
  plural: "instances",
  shortNames: ["inst"],
  scope: "Namespaced",
  description:
    "One Mesos task, never relaunched. Written by the system; deleting one asks for a replacement of the same number.",
  spec,
  status: statusOf("Where the instance is in its life.", {
    placement: optional(placement),
    phase: optional(text("A summary of the conditions in one word.")),
    addresses: optional(
      list("Addresses at which the instance is reached, as its running task reports.", text("An address.")),
    ),
    containerID: optional(text("The container, e.g. `docker://<id>`.")),
    mesosContainerID: optional(text("The container as Mesos names it.")),
    startedAt: optional(text("When the task was first seen running; RFC 3339.")),
    lastStatus: optional(lastStatus),
    health: optional(health),
    probes: optional(listByKey("What the controller's probes found, by check.", probe)),
    attached: optional(listByKey("Tasks that run beside it.", attachedTask)),
    balancers: optional(list("Where load balancers know it; absent: none does.", balancer, { maxItems: 1024 })),
    restarts: optional(integer("How many instances of this number came before.")),
    dnsTtlSeconds: optional(
      integer("For how long clients may hold its names when these are withdrawn; known while it leaves."),
    ),
    drainUntil: optional(text("Until when it keeps running after it left DNS; RFC 3339.")),
  }),
  columns: [
    textColumn("Group", ".spec.serviceGroup", "The ServiceGroup."),
    textColumn("Service", ".spec.service", "The service."),
    countColumn("Number", ".spec.number", "Its number."),
    { ...textColumn("Phase", ".status.phase", "A summary in one word."), value: phaseOf },
    conditionColumn("Ready", "Whether it is healthy."),
    wide(conditionColumn("Balanced", "Whether every load balancer sends it sessions.")),
    conditionColumn("Published", "Whether it is in DNS."),
    textColumn("Node", ".status.placement.node", "Where it runs."),
    textColumn("Address", ".status.addresses[0]", "Where it is reached."),
    countColumn("Restarts", ".status.restarts", "Instances of this number before it."),
    wide(textColumn("Revision", ".spec.revisionName", "What it runs.")),
    wide(textColumn("Task", ".status.placement.taskID", "Mesos task.")),
    AGE,
  ],
  validate: specUnchanged,
});
export type Instance = ObjectOf<typeof Instance>;

/** Nothing is said of an instance before it has a place; one that leaves, and whose task was killed for it, did not fail. */
function phaseOf({ metadata, status }: KubeObject): string {
  // Stored instances passed the schema above.
  const { phase = "Pending", lastStatus } = (status as Instance["status"]) ?? {};
  const isKilled = phase === "Failed" && lastStatus?.state === "Killed";
  return metadata.deletionTimestamp !== undefined && (phase === "Running" || isKilled) ? "Leaving" : phase;
}
