import type { KubeObject } from "../../api-types/meta/object.js";
import type { ScalingPolicy } from "../../api-types/scaling-policy.js";
import { ADMITTED, type Admission } from "./admission.js";

/** The manager under which the scaling loop writes sizes. */
export const SCALING_MANAGER = "scaling-policy";

/** Warns whoever writes a size that an Active ScalingPolicy decides: the policy will decide again. */
export const activePolicy: Admission = ({ kind, object, previous, subresource, manager, list }) => {
  if (kind.kind !== "ServiceGroup" || subresource === "status" || previous === undefined) return ADMITTED;
  if (manager === SCALING_MANAGER) return ADMITTED;
  const isWritten = sizesWritten(previous, object);
  if (isWritten === undefined) return ADMITTED;
  const warnings = list("ScalingPolicy", object.metadata.namespace)
    // stored policies passed the schema of ScalingPolicy
    .map((policy) => policy as unknown as ScalingPolicy)
    .filter(
      ({ spec }) =>
        spec.mode === "Active" &&
        spec.scaleTargetRef.name === object.metadata.name &&
        isWritten(spec.scaleTargetRef.service),
    )
    .map(({ metadata, spec }) => {
      const target =
        spec.scaleTargetRef.service === undefined ? "this group" : `service "${spec.scaleTargetRef.service}"`;
      return `the size of ${target} is decided by the Active ScalingPolicy "${metadata.name}", which may change it again`;
    });
  return warnings.length === 0 ? ADMITTED : { warnings };
};

/** Warns whoever writes a number of instances that counts for nothing, because `scale{}` has one for the service, too. */
export const overriddenSize: Admission = ({ kind, object, previous, subresource }) => {
  if (kind.kind !== "ServiceGroup" || subresource !== "") return ADMITTED;
  const before = new Map((previous === undefined ? [] : sizesIn(previous).services).map((one) => [one.name, one]));
  const { scale = {}, services } = sizesIn(object);
  const warnings = services.flatMap(({ name, instances }, index) => {
    const counts = scale[name];
    if (instances === undefined || counts === undefined || counts === instances) return [];
    if (before.get(name)?.instances === instances) return [];
    return [
      `spec.services[${index}].instances: ${instances} changes nothing while spec.scale.${name} is ${counts}; write that, or remove it`,
    ];
  });
  return warnings.length === 0 ? ADMITTED : { warnings };
};

/** Which targets a write resizes: the whole group (undefined) or services by name; undefined when no size changed. */
function sizesWritten(
  previous: KubeObject,
  object: KubeObject,
): ((service: string | undefined) => boolean) | undefined {
  const before = sizesOf(previous);
  const after = sizesOf(object);
  const services = new Set<string>();
  for (const name of new Set([...before.services.keys(), ...after.services.keys()])) {
    if (before.services.get(name) !== after.services.get(name)) services.add(name);
  }
  const isGroupWritten = before.replicas !== after.replicas;
  if (!isGroupWritten && services.size === 0) return undefined;
  return (service) => (service === undefined ? isGroupWritten : services.has(service));
}

/** The sizes that are written down: of the group, and per service `scale{}` before `instances`. */
function sizesOf(object: KubeObject): {
  readonly replicas: unknown;
  readonly services: ReadonlyMap<string, unknown>;
} {
  const { replicas, scale, services } = sizesIn(object);
  return { replicas, services: new Map(services.map(({ name, instances }) => [name, scale?.[name] ?? instances])) };
}

interface Sizes {
  readonly replicas?: number;
  readonly scale?: Readonly<Record<string, number>>;
  readonly services: readonly { readonly name: string; readonly instances?: number }[];
}

function sizesIn({ spec }: KubeObject): Sizes {
  // every state passed the schema of ServiceGroup
  return spec as Sizes;
}
