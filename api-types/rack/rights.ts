import type { FieldError } from "../schema/structural.js";
import type { RackAllowance } from "./safety.js";

/** Whose rights are asked for: the rack's grants, and the namespace that wants to use them. */
export interface RightsQuestion {
  /** `spec.safety.allow` of the Rack; undefined grants nothing. */
  readonly allow: readonly RackAllowance[] | undefined;
  readonly rackName: string;
  readonly namespace: string;
}

/** What a task may not do by the rights that its Rack grants its namespace; `path` is where the task stands. */
export function rightsErrors(task: TaskRights, path: string, question: RightsQuestion): readonly FieldError[] {
  const { allow = [], rackName, namespace } = question;
  const granted = grantsOf(allow.filter(({ namespaces }) => namespaces.includes(namespace)));
  const where = `Forbidden: not allowed for namespace "${namespace}" by spec.safety.allow of Rack "${rackName}"`;
  return taskErrors(task, path, { granted, where });
}

/** The fields of a service, or of what is attached to it, that need a right. */
export interface TaskRights {
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

function grantsOf(allowances: readonly RackAllowance[]): Grants {
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
