/** Labels that Instances, Revisions, Routes and DnsRecords carry. */
export const LABELS = {
  rack: "rackwright.dev/rack",
  group: "rackwright.dev/group",
  service: "rackwright.dev/service",
  number: "rackwright.dev/number",
  revision: "rackwright.dev/revision",
} as const;

/** Finalizers, in the order in which an Instance's are released: dns, route, task. */
export const FINALIZERS = {
  /** On a ServiceGroup: its Instances leave first, in order. */
  instances: "rackwright.dev/instances",
  dns: "rackwright.dev/dns",
  route: "rackwright.dev/route",
  task: "rackwright.dev/task",
} as const;

/** Annotations that people or tools set. */
export const ANNOTATIONS = {
  /** On an Instance, `dns` or `route`: let it go while that back end is unknown. */
  release: "rackwright.dev/release",
  /** On an Instance, a whole number: lower goes first when a service shrinks. */
  deletionCost: "rackwright.dev/deletion-cost",
} as const;

/** The namespace of the system's own objects, and of what cluster-scoped kinds refer to. */
export const SYSTEM_NAMESPACE = "rackwright-system";
