import type { FieldError } from "../schema/structural.js";
import { schemeOf } from "../service/fetched.js";
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
  readonly executor?: { readonly fetch?: readonly { readonly uri?: string }[] };
  /** A file of the node that is fetched is read as the agent's user. */
  readonly fetch?: readonly { readonly uri?: string }[];
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
  const refused = [
    ...rightFields(task, granted),
    ...pathFields(task)
      .filter(({ hostPath }) => !isPathGranted(hostPath, granted.hostPaths))
      .map(({ field }) => field),
  ];
  const attached = (task.attached ?? []).flatMap((inner, index) =>
    taskErrors(inner, `${path}.attached[${index}]`, rule),
  );
  return [
    ...refused.map((field): FieldError => ({ type: "Forbidden", path: `${path}.${field}`, message: where })),
    ...attached,
  ];
}

/** The fields that ask for a right that is not granted. */
function rightFields(task: TaskRights, granted: Grants): readonly string[] {
  const asked = {
    privileged: task.privileged === true && !granted.privileged,
    dockerParameters: (task.dockerParameters ?? []).length > 0 && !granted.dockerParameters,
    executor: task.executor !== undefined && !granted.executors,
    user: task.user !== undefined && !granted.users.has(task.user),
  };
  return Object.entries(asked).flatMap(([field, isRefused]) => (isRefused ? [field] : []));
}

/** Every path of the node that the task reads or writes, and the field that names it. */
function pathFields({ volumes = [], fetch = [], executor }: TaskRights): readonly {
  readonly hostPath: string;
  readonly field: string;
}[] {
  const mounted = volumes.map(({ hostPath }, index) => ({ hostPath, field: `volumes[${index}].hostPath` }));
  const fetched = [
    ...fetch.map(({ uri }, index) => ({ uri, field: `fetch[${index}].uri` })),
    ...(executor?.fetch ?? []).map(({ uri }, index) => ({ uri, field: `executor.fetch[${index}].uri` })),
  ].map(({ uri, field }) => ({ hostPath: uri === undefined ? undefined : nodePathOf(uri), field }));
  return [...mounted, ...fetched].flatMap(({ hostPath, field }) =>
    hostPath === undefined ? [] : [{ hostPath, field }],
  );
}

/** The path of the node that is fetched; undefined for what comes from elsewhere. What a variable hides may be any path. */
function nodePathOf(uri: string): string | undefined {
  const scheme = schemeOf(uri);
  if (scheme === undefined) return uri;
  return scheme === "file" ? uri.slice("file://".length) : undefined;
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
