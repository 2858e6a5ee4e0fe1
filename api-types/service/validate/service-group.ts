import { DNS_LABEL_RULE, isDnsLabel, isLabelKey, isLabelValue } from "../../format/names.js";
import { parseTime } from "../../format/time.js";
import { duplicate, invalid, isLiteral } from "../../meta/field-error.js";
import type { ObjectMeta } from "../../meta/object.js";
import type { FieldError } from "../../schema/structural.js";
import type { ServiceGroupSpec } from "../../service-group.js";
import type { Service } from "../fields.js";
import { attachedErrors } from "./attached-errors.js";
import { dependencyErrors } from "./dependency-errors.js";
import { executorErrors } from "./executor-errors.js";
import { healthErrors } from "./health-errors.js";
import { networkErrors } from "./network-errors.js";
import { placementErrors } from "./placement-errors.js";
import { processErrors } from "./process-errors.js";
import { resourceErrors } from "./resource-errors.js";
import { sizeErrors } from "./size-errors.js";

interface GroupLike {
  readonly metadata: ObjectMeta;
  readonly spec: ServiceGroupSpec;
}

/** Rules of a ServiceGroup beyond its schema. */
export function validateServiceGroup(group: GroupLike): readonly FieldError[] {
  const { metadata, spec } = group;
  return [
    ...(isDnsLabel(metadata.name) ? [] : [invalid("metadata.name", metadata.name, DNS_LABEL_RULE)]),
    ...restartedAtErrors(spec.restartedAt),
    ...spec.services.flatMap((service, index) => [
      ...serviceErrors(service, `spec.services[${index}]`),
      ...sizeErrors(spec, service, `spec.services[${index}]`),
    ]),
    ...repeatedServicePorts(spec.services),
    ...dependencyErrors(metadata, spec),
  ];
}

/** Rules of one service by itself; what holds variables is judged by whoever calls this again after substitution. */
export function serviceErrors(service: Service, path: string): readonly FieldError[] {
  return [
    ...(isDnsLabel(service.name) ? [] : [invalid(`${path}.name`, service.name, DNS_LABEL_RULE)]),
    ...labelErrors(service, path),
    ...processErrors(service, path),
    ...resourceErrors(service, path),
    ...executorErrors(service, path),
    ...placementErrors(service, `${path}.placement`),
    ...networkErrors(service, path),
    ...healthErrors(service, path),
    ...attachedErrors(service, path),
  ];
}

function restartedAtErrors(restartedAt: string | undefined): readonly FieldError[] {
  if (restartedAt === undefined || !isLiteral(restartedAt) || parseTime(restartedAt) !== undefined) return [];
  return [invalid("spec.restartedAt", restartedAt, "must be an RFC 3339 time such as 2026-01-01T12:00:00Z")];
}

/** They become labels of Instances, so they must be what Kubernetes takes for one. */
function labelErrors({ labels = {}, annotations = {} }: Service, path: string): readonly FieldError[] {
  const keys = [
    ...Object.keys(labels).map((key) => [`${path}.labels`, key] as const),
    ...Object.keys(annotations).map((key) => [`${path}.annotations`, key] as const),
  ];
  return [
    ...keys
      .filter(([, key]) => !isLabelKey(key))
      .map(([at, key]) => invalid(at, key, "must be a name, or a DNS name, `/` and a name")),
    ...Object.entries(labels)
      .filter(([, value]) => isLiteral(value) && !isLabelValue(value))
      .map(([, value]) => invalid(`${path}.labels`, value, "must be at most 63 letters, digits, `-`, `_` and `.`")),
  ];
}

/** A port of the load balancer has one owner per rack; admission compares with other groups. */
function repeatedServicePorts(services: readonly Service[]): readonly FieldError[] {
  const seen = new Set<number>();
  const faults: FieldError[] = [];
  for (const [index, { network }] of services.entries()) {
    for (const [at, { servicePort = 0 }] of (network.ports ?? []).entries()) {
      const path = `spec.services[${index}].network.ports[${at}].servicePort`;
      if (servicePort !== 0 && seen.has(servicePort)) faults.push(duplicate(path, servicePort));
      seen.add(servicePort);
    }
  }
  return faults;
}
