import type { Rack } from "../../api-types/rack.js";
import type { FieldError } from "../../api-types/schema/structural.js";
import type { ServiceGroup } from "../../api-types/service-group.js";
import { isSame } from "../write/prepare/equality.js";
import { ADMITTED, type Admission } from "./admission.js";

/** Rights that a Rack grants by namespace; whatever no entry grants is refused, and without the Rack everything is. */
export const safetyAllow: Admission = ({ kind, object, previous, subresource, get }) => {
  if (kind.kind !== "ServiceGroup" || subresource === "status") return ADMITTED;
  // a right that was taken away must not stand in the way of letting go
  if (previous !== undefined && isSame(previous.spec, object.spec)) return ADMITTED;
  // admission runs on objects that passed the schema of ServiceGroup
  const { spec, metadata } = object as unknown as ServiceGroup;
  // a stored Rack passed the schema of Rack
  const rack = get("Rack", { name: spec.rackName }) as unknown as Rack | undefined;
  const namespace = metadata.namespace ?? "";
  const allowances = (rack?.spec.safety.allow ?? []).filter(({ namespaces }) => namespaces.includes(namespace));
  const granted = grantsOf(allowances);
  const where = `Forbidden: not allowed for namespace "${namespace}" by spec.safety.allow of Rack "${spec.rackName}"`;
  const errors = spec.services.flatMap((service, index) =>
    taskErrors(service as TaskRights, `spec.services[${index}]`, { granted, where }),
  );
  return errors.length === 0 ? ADMITTED : { errors };
};

/** The fields of a service, or of what is attached to it, that need a right. */
interface TaskRights {
  readonly privileged?: boolean;
  readonly dockerParameters?: readonly unknown[];
  readonly user?: string;
  readonly executor?: unknown;
  readonly volumes?: readonly { readonly hostPath?: string }[];
  readonly attached?: readonly TaskRights[];
}

interface Grants {
  readonly privileged: boolean;
  readonly dockerParameters: boolean;
  readonly executors: boolean;
  readonly users: ReadonlySet<string>;
  readonly hostPaths: readonly string[];
}

type Allowance = NonNullable<Rack["spec"]["safety"]["allow"]>[number];

function grantsOf(allowances: readonly Allowance[]): Grants {
  return {
    privileged: allowances.some((allowance) => allowance.privileged),
    dockerParameters: allowances.some((allowance) => allowance.dockerParameters),
    executors: allowances.some((allowance) => allowance.executors),
    users: new Set(allowances.flatMap((allowance) => allowance.users ?? [])),
    hostPaths: allowances.flatMap((allowance) => allowance.hostPaths ?? []),
  };
}

function taskErrors(
  task: TaskRights,
  path: string,
  rule: { readonly granted: Grants; readonly where: string },
): readonly FieldError[] {
  const { granted, where } = rule;
  const refuse = (field: string): FieldError => ({ type: "Forbidden", path: `${path}.${field}`, message: where });
  const errors: FieldError[] = [];
  if (task.privileged && !granted.privileged) errors.push(refuse("privileged"));
  if ((task.dockerParameters ?? []).length > 0 && !granted.dockerParameters) errors.push(refuse("dockerParameters"));
  if (task.executor !== undefined && !granted.executors) errors.push(refuse("executor"));
  if (task.user !== undefined && !granted.users.has(task.user)) errors.push(refuse("user"));
  task.volumes?.forEach(({ hostPath }, index) => {
    if (hostPath !== undefined && !isPathGranted(hostPath, granted.hostPaths))
      errors.push(refuse(`volumes[${index}].hostPath`));
  });
  const attached = (task.attached ?? []).flatMap((inner, index) =>
    taskErrors(inner, `${path}.attached[${index}]`, rule),
  );
  return [...errors, ...attached];
}

/** A path that climbs, or that is only known after substitution, is granted by nothing but `/`. */
function isPathGranted(hostPath: string, granted: readonly string[]): boolean {
  const isPlain = hostPath.startsWith("/") && !hostPath.split("/").includes("..") && !hostPath.includes("$(");
  return granted.some((allowed) => {
    const base = allowed.replace(/\/+$/, "");
    if (base === "") return true;
    return isPlain && (hostPath === base || hostPath.startsWith(`${base}/`));
  });
}
