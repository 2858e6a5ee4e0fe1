/** Labels on Instances, and on the tasks they run as. */
export const LABEL = {
  group: "rackwright.dev/group",
  service: "rackwright.dev/service",
  number: "rackwright.dev/number",
  revision: "rackwright.dev/revision",
} as const;

/** On Instances and tasks of services with `metered: true`: whose traffic collectors take. */
export const METERED_LABEL = "rackwright.dev/metered";

/** Labels of a Mesos task only: whose it is. */
export const TASK_LABEL = {
  identity: "rackwright.dev/identity",
  namespace: "rackwright.dev/namespace",
  stamp: "rackwright.dev/stamp",
  /** Ports of the node that it was given, `name=port,…`: they are known again when the task is adopted. */
  ports: "rackwright.dev/ports",
  /** The address claimed for it, `pool/address`: with it the task is found again, and the address is not given away. */
  address: "rackwright.dev/address",
  /** The name of a task that runs beside an instance; such a task is never taken for an instance. */
  attached: "rackwright.dev/attached",
} as const;

/** Finalizers, in the order in which an Instance's are released, then the group's own and those of outside records. */
export const FINALIZER = {
  balancer: "rackwright.dev/balancer",
  dns: "rackwright.dev/dns",
  route: "rackwright.dev/route",
  task: "rackwright.dev/task",
  instances: "rackwright.dev/instances",
  /** On Route: the switch may still hold it. */
  installed: "rackwright.dev/installed",
  /** On IPAddress: somebody may still have it. */
  claimed: "rackwright.dev/claimed",
  /** On DnsRecord: the catalogue may still hold it. */
  registered: "rackwright.dev/registered",
} as const;

export const ANNOTATION = {
  /** On an Instance: the service-group loop lets it go, and why. Without it a deleted Instance keeps serving. */
  leave: "rackwright.dev/leave",
  /** On an Instance: how many restarts in a row led to it. */
  restarts: "rackwright.dev/restarts",
  /** On an Instance: `restartedAt` of its group when it was created, if that time had come. */
  restartedAt: "rackwright.dev/restarted-at",
  /** On an Instance, by a person: lower leaves first. */
  deletionCost: "rackwright.dev/deletion-cost",
  /** On an Instance: which labels and annotations it got from its service. */
  fromService: "rackwright.dev/from-service",
  /** On an Instance, by a person: let it go although this back end is unknown (`balancer`, `dns` or `route`, several with commas). */
  release: "rackwright.dev/release",
  /** On an Instance: when the first instance of its number was created, RFC 3339; handed on to each successor. */
  slotSince: "rackwright.dev/slot-since",
  /** On an Instance: why it was created. */
  cause: "rackwright.dev/cause",
  /** On the DnsRecord of an instance, `true`: its service lets other groups that say so, too, add answers to its names. */
  shared: "rackwright.dev/shared",
  /** On the DnsRecord of an instance, RFC 3339: since when its service holds its names; handed on to each successor. */
  claimedSince: "rackwright.dev/claimed-since",
} as const;

/** Why an Instance may leave. */
export type LeaveReason =
  | "Replaced"
  | "ScaledDown"
  | "Suspended"
  | "GroupDeleted"
  | "ServiceRemoved"
  | "NodeRemoved"
  | "StopFirst"
  | "Terminated"
  /** Before a successor is there, because its health checks fail. */
  | "Unhealthy"
  /** Its node is drained, and the deadline is over. */
  | "Drained"
  /** Let go before, and out of reach for longer than `unreachable.forgetAfterSeconds`. */
  | "Forgotten";

/** Why an Instance was created. */
export type InstanceCause =
  | "New"
  | "Restart"
  | "Deleted"
  | "Unhealthy"
  | "Unreachable"
  | "Drained"
  | "Update"
  /** As Update, after a failure of the same revision. */
  | "Retry";

/** Namespace of the system's own objects: Leases, Secrets of cluster-scoped kinds. */
export const SYSTEM_NAMESPACE = "rackwright-system";
