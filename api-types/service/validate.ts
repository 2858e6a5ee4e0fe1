import { DNS_LABEL_RULE, isDnsLabel } from "../format/names.js";
import { parseTime } from "../format/time.js";
import { forbidden, invalid, isLiteral } from "../meta/field-error.js";
import { notSupportedYet } from "../meta/not-yet.js";
import type { ObjectMeta } from "../meta/object.js";
import type { FieldError } from "../schema/structural.js";
import type { ServiceGroupSpec } from "../service-group.js";
import { findCycle } from "./cycle.js";
import type { Service } from "./fields.js";
import { validateReach } from "./validate-reach.js";
import { validateTask } from "./validate-task.js";

interface GroupLike {
  readonly metadata: ObjectMeta;
  readonly spec: ServiceGroupSpec;
}

/** Rules of a ServiceGroup beyond its schema. */
export function validateServiceGroup({ metadata, spec }: GroupLike): readonly FieldError[] {
  const names = new Set(spec.services.map(({ name }) => name));
  return [
    ...labelErrors("metadata.name", metadata.name),
    ...restartedAtErrors(spec.restartedAt),
    ...groupDependencyErrors(metadata, spec),
    ...spec.services.flatMap((service, index) => [
      ...serviceErrors(spec, service, `spec.services[${index}]`),
      ...dependencyErrors(names, service, `spec.services[${index}]`),
    ]),
    ...cycleErrors(spec.services),
  ];
}

function labelErrors(path: string, name: string): readonly FieldError[] {
  return isDnsLabel(name) ? [] : [invalid(path, name, DNS_LABEL_RULE)];
}

function restartedAtErrors(restartedAt: string | undefined): readonly FieldError[] {
  if (restartedAt === undefined || !isLiteral(restartedAt) || parseTime(restartedAt) !== undefined) return [];
  return [invalid("spec.restartedAt", restartedAt, "must be an RFC 3339 time such as 2026-01-01T12:00:00Z")];
}

function groupDependencyErrors(metadata: ObjectMeta, spec: ServiceGroupSpec): readonly FieldError[] {
  return (spec.dependsOn ?? []).flatMap((name, index) => {
    const path = `spec.dependsOn[${index}]`;
    const parts = name.split("/");
    if (!isLiteral(name)) return [];
    if (parts.length > 2 || !parts.every(isDnsLabel)) {
      return [invalid(path, name, "must be the name of a ServiceGroup, or namespace/name")];
    }
    const isSelf = parts.at(-1) === metadata.name && (parts.length === 1 || parts[0] === metadata.namespace);
    return isSelf ? [invalid(path, name, "a group cannot depend on itself")] : [];
  });
}

function serviceErrors(spec: ServiceGroupSpec, service: Service, path: string): readonly FieldError[] {
  return [
    ...labelErrors(`${path}.name`, service.name),
    ...sizeErrors(spec, service, path),
    ...validateTask(service, path),
    ...validateReach(service, path),
  ];
}

/** One on every node leaves no room for a number. */
function sizeErrors(spec: ServiceGroupSpec, service: Service, path: string): readonly FieldError[] {
  if (service.mode !== "EachNode") return [];
  const why = "may not be set with mode EachNode, which runs one on every matching node";
  const scaled = spec.scale !== undefined && Object.hasOwn(spec.scale, service.name);
  return [
    ...(service.instances === undefined ? [] : [forbidden(`${path}.instances`, why)]),
    ...(scaled ? [forbidden(`spec.scale.${service.name}`, why)] : []),
  ];
}

function dependencyErrors(names: ReadonlySet<string>, service: Service, path: string): readonly FieldError[] {
  return (service.dependsOn ?? []).flatMap((name, index) => {
    const at = `${path}.dependsOn[${index}]`;
    if (!isLiteral(name)) return [];
    if (name.includes("/")) return [notSupportedYet(at)];
    return names.has(name) ? [] : [invalid(at, name, "no service of this group has this name")];
  });
}

function cycleErrors(services: readonly Service[]): readonly FieldError[] {
  const cycle = findCycle(new Map(services.map(({ name, dependsOn = [] }) => [name, dependsOn])));
  if (cycle === undefined) return [];
  const index = services.findIndex(({ name }) => name === cycle[0]);
  return [invalid(`spec.services[${index}].dependsOn`, cycle.at(-1), `is a cycle: ${cycle.join(" → ")}`)];
}
