import { DnsRecord } from "../../api-types/dns-record.js";
import { Instance } from "../../api-types/instance.js";
import type { Kind, ObjectOf } from "../../api-types/meta/kind.js";
import type { Condition, ObjectMeta } from "../../api-types/meta/object.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { Route } from "../../api-types/route.js";
import { ScalingPolicy } from "../../api-types/scaling-policy.js";
import { withDefaults } from "../../api-types/schema/defaults.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { ANNOTATION, FINALIZER } from "../../api-types/well-known.js";

/** The moment at which most tests are set; milliseconds of wall time. */
export const NOW = Date.parse("2026-01-01T12:00:00Z");

/** RFC 3339 of a moment `seconds` after NOW. */
export function at(seconds: number): string {
  return new Date(NOW + seconds * 1000).toISOString();
}

type Fields = Readonly<Record<string, unknown>>;

/** An object of a kind as the server would store it: defaulted, with metadata of namespace `default`. */
export function sample<K extends Kind>(
  kind: K,
  { metadata, ...rest }: { readonly metadata: Partial<ObjectMeta>; readonly spec?: Fields; readonly status?: Fields },
): ObjectOf<K> {
  const scope = kind.scope === "Cluster" ? {} : { namespace: "default" };
  const name = metadata.name ?? "sample";
  const meta = { ...scope, name, uid: `uid-${name}`, generation: 1, creationTimestamp: at(-3600), ...metadata };
  const object = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: meta, ...rest };
  // samples are written in the kind's own words; defaulting is what the server does with them
  return withDefaults(kind.schema, object) as ObjectOf<K>;
}

/** A service with defaults, named `web` unless told otherwise. */
export function service(fields: Fields = {}): Service {
  const [first] = group({ services: [{ name: "web", ...fields }] }).spec.services;
  if (first === undefined) throw new Error("the sample group has a service");
  return first;
}

/** A group named `shop`. */
export function group(spec: Fields = {}, metadata: Partial<ObjectMeta> = {}): ServiceGroup {
  return sample(ServiceGroup, {
    metadata: { name: "shop", ...metadata },
    spec: { rackName: "rack", services: [{ name: "web" }], ...spec },
  });
}

export function condition(type: string, status: Condition["status"], fields: Partial<Condition> = {}): Condition {
  return { type, status, reason: "Sample", message: "", lastTransitionTime: at(-600), ...fields };
}

/** What may differ between instances in tests; everything else is that of `web` number 1 of `shop`. */
export interface InstanceFields {
  readonly name?: string;
  readonly number?: number;
  readonly service?: string;
  readonly revision?: string;
  readonly replaces?: string;
  /** Seconds before NOW at which it was created. */
  readonly age?: number;
  readonly conditions?: readonly Condition[];
  /** Deleted; with `leave` also let go. */
  readonly isDeleted?: boolean;
  readonly leave?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly status?: Fields;
}

/** An Instance; not placed and without conditions unless told otherwise. */
export function instance(fields: InstanceFields = {}): Instance {
  const { number = 1, service: serviceName = "web", revision = `shop-${serviceName}-1`, age = 3600 } = fields;
  const isDeleted = fields.isDeleted || fields.leave !== undefined;
  const annotations = {
    ...fields.annotations,
    ...(fields.leave === undefined ? {} : { [ANNOTATION.leave]: fields.leave }),
  };
  return sample(Instance, {
    metadata: {
      name: fields.name ?? `shop-${serviceName}-${number}-a`,
      creationTimestamp: at(-age),
      annotations,
      finalizers: [...(fields.finalizers ?? [FINALIZER.dns, FINALIZER.task])],
      ...(isDeleted ? { deletionTimestamp: at(-5) } : {}),
    },
    spec: {
      serviceGroup: "shop",
      service: serviceName,
      number,
      revisionName: revision,
      ...(fields.replaces === undefined ? {} : { replaces: fields.replaces }),
    },
    status: { ...fields.status, conditions: fields.conditions ?? [] },
  });
}

/** Status fields of an instance on a node. */
export function placed(name: string, node = "n1"): Fields {
  return { placement: { node, agentID: `agent-${node}`, taskID: `default.${name}.uid` } };
}

/** An available instance: running, healthy and published. */
export function available(fields: InstanceFields = {}): Instance {
  return instance({
    ...fields,
    conditions: ["Scheduled", "Running", "Ready", "Routed", "Balanced", "Published"].map((type) =>
      condition(type, "True"),
    ),
    status: {
      ...placed(fields.name ?? "web"),
      startedAt: at(-(fields.age ?? 3600)),
      lastStatus: { state: "Running", at: at(-(fields.age ?? 3600)) },
      addresses: ["192.168.2.3"],
      ...fields.status,
    },
  });
}

/** An instance whose task ended `endedAgo` seconds ago after `ranFor` seconds. */
export function ended(
  fields: InstanceFields & { readonly state?: string; readonly endedAgo?: number; readonly ranFor?: number } = {},
): Instance {
  const { state = "Failed", endedAgo = 10, ranFor = 300 } = fields;
  const noted = { lastTransitionTime: at(-endedAgo) };
  return instance({
    ...fields,
    conditions: fields.conditions ?? [condition("Running", "False", noted), condition("Ready", "False", noted)],
    status: {
      ...placed(fields.name ?? "web"),
      startedAt: at(-endedAgo - ranFor),
      lastStatus: { state, at: at(-endedAgo) },
      ...fields.status,
    },
  });
}

/** An instance whose agent has been out of reach for `seconds`. */
export function unreachable(
  fields: InstanceFields & { readonly seconds?: number; readonly state?: string; readonly isPublished?: boolean } = {},
): Instance {
  const { seconds = 60, state = "Unreachable", isPublished = true } = fields;
  const published = condition("Published", isPublished ? "True" : "False");
  return instance({
    ...fields,
    conditions: [
      condition("Running", "Unknown", { lastTransitionTime: at(-seconds), reason: "TaskUnreachable" }),
      condition("Ready", "Unknown"),
      published,
    ],
    status: { ...placed(fields.name ?? "web"), lastStatus: { state, at: at(-seconds) }, ...fields.status },
  });
}

/** An instance that runs and fails its health check `failures` times in a row. */
export function unhealthy(
  fields: InstanceFields & { readonly failures?: number; readonly isPublished?: boolean } = {},
): Instance {
  const { failures = 3, isPublished = true } = fields;
  return instance({
    ...fields,
    conditions: [
      condition("Running", "True"),
      condition("Ready", "False"),
      condition("Published", isPublished ? "True" : "False"),
    ],
    status: {
      ...placed(fields.name ?? "web"),
      lastStatus: { state: "Running", at: at(-60) },
      health: { isHealthy: false, consecutiveFailures: failures, since: at(-60) },
      ...fields.status,
    },
  });
}

export function revision(template: Service, number = 1): Revision {
  return sample(Revision, {
    metadata: { name: `shop-${template.name}-${number}` },
    spec: { serviceGroup: "shop", service: template.name, number, template },
  });
}

export function rack(spec: Fields = {}, metadata: Partial<ObjectMeta> = {}, status?: Fields): Rack {
  return sample(Rack, { metadata: { name: "rack", ...metadata }, spec, ...(status === undefined ? {} : { status }) });
}

export function node(name: string, spec: Fields = {}, status?: Fields): Node {
  return sample(Node, {
    metadata: { name },
    spec: { rackName: "rack", ...spec },
    ...(status === undefined ? {} : { status }),
  });
}

export function route(spec: Fields = {}, metadata: Partial<ObjectMeta> = {}, status?: Fields): Route {
  const base = { rackName: "rack", prefix: "192.168.2.3/32", nextHops: [{ address: "10.0.0.1" }] };
  return sample(Route, {
    metadata: { name: "web", finalizers: [FINALIZER.installed], ...metadata },
    spec: { ...base, ...spec },
    ...(status === undefined ? {} : { status }),
  });
}

export function dnsRecord(spec: Fields = {}, metadata: Partial<ObjectMeta> = {}, status?: Fields): DnsRecord {
  const base = { rackName: "rack", name: "web", targets: [{ id: "one", address: "192.168.2.3" }] };
  return sample(DnsRecord, {
    metadata: { name: "web", finalizers: [FINALIZER.registered], ...metadata },
    spec: { ...base, ...spec },
    ...(status === undefined ? {} : { status }),
  });
}

export function policy(spec: Fields = {}): ScalingPolicy {
  const base = { scaleTargetRef: { name: "shop" }, minReplicas: 1, maxReplicas: 2 };
  return sample(ScalingPolicy, { metadata: { name: "load" }, spec: { ...base, ...spec } });
}
