import { isDnsLabel } from "../../format/names.js";
import { invalid, isLiteral } from "../../meta/field-error.js";
import type { ObjectMeta } from "../../meta/object.js";
import type { FieldError } from "../../schema/structural.js";
import type { ServiceGroupSpec } from "../../service-group.js";
import type { Service } from "../fields.js";
import { findCycle } from "./cycle.js";

/** Rules about what names other services and groups: what waits for them, and what is placed by them. */
export function dependencyErrors(metadata: ObjectMeta, spec: ServiceGroupSpec): readonly FieldError[] {
  const names = new Set(spec.services.map(({ name }) => name));
  return [
    ...groupErrors(metadata, spec),
    ...spec.services.flatMap((service, index) => {
      const path = `spec.services[${index}]`;
      return [
        ...nameErrors(service.dependsOn, `${path}.dependsOn`, { names, group: metadata.name }),
        ...nameErrors(service.placement.apartFrom, `${path}.placement.apartFrom`, { names, group: metadata.name }),
        ...nameErrors(service.placement.near, `${path}.placement.near`, { names, group: metadata.name }),
        ...apartFromItself(service, metadata.name, `${path}.placement.apartFrom`),
      ];
    }),
    ...cycleErrors(metadata.name, spec.services),
  ];
}

function groupErrors(metadata: ObjectMeta, spec: ServiceGroupSpec): readonly FieldError[] {
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

/** Services of other groups may come later; those of this group are known. */
function nameErrors(
  wanted: readonly string[] | undefined,
  path: string,
  own: { readonly names: ReadonlySet<string>; readonly group: string },
): readonly FieldError[] {
  return (wanted ?? []).flatMap((name, index) => {
    if (!isLiteral(name)) return [];
    const parts = name.split("/");
    if (parts.length > 2 || !parts.every(isDnsLabel)) {
      return [invalid(`${path}[${index}]`, name, "must be the name of a service, or group/service")];
    }
    const inside = insideName(name, own.group);
    if (inside === undefined || own.names.has(inside)) return [];
    return [invalid(`${path}[${index}]`, name, "no service of this group has this name")];
  });
}

function apartFromItself(service: Service, group: string, path: string): readonly FieldError[] {
  const index = (service.placement.apartFrom ?? []).findIndex((name) => insideName(name, group) === service.name);
  if (index < 0) return [];
  const why = "a service cannot be apart from itself: use a constraint on hostname with operator Unique";
  return [invalid(`${path}[${index}]`, service.placement.apartFrom?.[index], why)];
}

function cycleErrors(group: string, services: readonly Service[]): readonly FieldError[] {
  const edges = services.map(({ name, dependsOn = [] }) => {
    const inside = dependsOn.map((other) => insideName(other, group)).filter((other) => other !== undefined);
    return [name, inside] as const;
  });
  const cycle = findCycle(new Map(edges));
  if (cycle === undefined) return [];
  const index = services.findIndex(({ name }) => name === cycle[0]);
  return [invalid(`spec.services[${index}].dependsOn`, cycle.at(-1), `is a cycle: ${cycle.join(" → ")}`)];
}

/** The service of this group that a name means: `web`, or `shop/web` in the group shop. */
function insideName(name: string, group: string): string | undefined {
  if (!name.includes("/")) return name;
  return name.startsWith(`${group}/`) ? name.slice(group.length + 1) : undefined;
}
