import { forbidden, invalid, isLiteral, required } from "../../meta/field-error.js";
import type { FieldError } from "../../schema/structural.js";
import { FETCH_SCHEMES, schemeOf } from "../fetched.js";
import type { AttachedTask, Service } from "../fields.js";
import { containerizerOf, type ServiceEnv, type ServiceFetch, type ServiceVolume } from "../workload.js";

/** What all variables of a task may weigh together, names included. */
const ENVIRONMENT_BYTES_MAX = 512 * 1024;

/** What is run: a service, or a task that is attached to one. */
type Process = Pick<Service, keyof Service & keyof AttachedTask> &
  Partial<Pick<Service, "containerizer" | "executor" | "imagePullSecrets">>;

/** Rules about what a task runs: command, environment, files, volumes. */
export function processErrors(task: Process, path: string): readonly FieldError[] {
  return [
    ...commandErrors(task, path),
    ...containerizerErrors(task, path),
    ...environmentErrors(task.env, `${path}.env`),
    ...fetchErrors(task.fetch, `${path}.fetch`),
    ...volumeErrors(task.volumes, `${path}.volumes`),
  ];
}

/** Rules about variables, in all and one by one. */
export function environmentErrors(env: readonly ServiceEnv[] | undefined, path: string): readonly FieldError[] {
  if (env === undefined) return [];
  const bytes = env.reduce((sum, { name, value = "" }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (bytes > ENVIRONMENT_BYTES_MAX) {
    const message = `Too long: ${bytes} bytes: names and values may not be more than ${ENVIRONMENT_BYTES_MAX} bytes (512 KiB) in all`;
    return [{ type: "TooLong", path, message }];
  }
  return env.flatMap((variable, index) => variableErrors(variable, `${path}[${index}]`));
}

/** Rules about files that the agent fetches. */
export function fetchErrors(files: readonly ServiceFetch[] | undefined, path: string): readonly FieldError[] {
  return (files ?? []).flatMap(({ uri, destination }, index) => {
    const at = `${path}[${index}]`;
    const isKnown = !isLiteral(uri) || schemeOf(uri) !== undefined;
    const why = `must be an address of one of these schemes: ${FETCH_SCHEMES.join(", ")}`;
    return [
      ...(isKnown ? [] : [invalid(`${at}.uri`, uri, why)]),
      ...(destination === undefined ? [] : destinationErrors(destination, `${at}.destination`)),
    ];
  });
}

/**
 * | image | executor | command, shell, args             |
 * |-------|----------|----------------------------------|
 * | any   | yes      | at most one                      |
 * | yes   | no       | at most one                      |
 * | no    | no       | exactly one of command and shell |
 */
function commandErrors(task: Process, path: string): readonly FieldError[] {
  const given = (["command", "shell", "args"] as const).filter((field) => task[field] !== undefined);
  const [, second] = given;
  if (second !== undefined) return [forbidden(`${path}.${second}`, `may not be set together with ${given[0]}`)];
  if (task.image !== undefined || task.executor !== undefined) return [];
  if (task.args !== undefined) return [required(`${path}.image`, "args are arguments of an image's entry point")];
  return given.length === 0 ? [required(`${path}.image`, "one of image, command and shell must be set")] : [];
}

function containerizerErrors(task: Process, path: string): readonly FieldError[] {
  const pulled = (task.imagePullSecrets ?? []).length > 0;
  if (containerizerOf(task) === "Docker") {
    const why = "needs the containerizer Mesos: Docker uses the credentials of the node";
    return [
      ...(task.image === undefined ? [required(`${path}.image`, "the containerizer Docker needs one")] : []),
      ...(pulled ? [forbidden(`${path}.imagePullSecrets`, why)] : []),
    ];
  }
  const why = "needs an image that is run by Docker";
  return [
    ...(task.privileged ? [forbidden(`${path}.privileged`, why)] : []),
    ...((task.dockerParameters ?? []).length > 0 ? [forbidden(`${path}.dockerParameters`, why)] : []),
    ...(pulled && task.image === undefined ? [forbidden(`${path}.imagePullSecrets`, "needs an image")] : []),
  ];
}

function variableErrors({ name, value, valueFrom }: ServiceEnv, path: string): readonly FieldError[] {
  const isName = !/[=\0]/.test(name);
  return [
    ...(isName ? [] : [invalid(`${path}.name`, name, "must not contain `=`")]),
    ...(value?.includes("\0") ? [invalid(`${path}.value`, value, "must not contain a NUL character")] : []),
    ...sourceErrors(value, valueFrom, path),
  ];
}

function sourceErrors(value: string | undefined, from: ServiceEnv["valueFrom"], path: string): readonly FieldError[] {
  if (from === undefined) return value === undefined ? [required(`${path}.value`, "one of value and valueFrom")] : [];
  if (value !== undefined) return [forbidden(`${path}.valueFrom`, "may not be set together with value")];
  const { secretKeyRef, configMapKeyRef } = from;
  if (secretKeyRef === undefined && configMapKeyRef === undefined) {
    return [required(`${path}.valueFrom`, "one of secretKeyRef and configMapKeyRef")];
  }
  if (secretKeyRef === undefined || configMapKeyRef === undefined) return [];
  return [forbidden(`${path}.valueFrom.configMapKeyRef`, "may not be set together with secretKeyRef")];
}

function destinationErrors(destination: string, path: string): readonly FieldError[] {
  if (!isLiteral(destination)) return [];
  const isInside = destination !== "" && !destination.startsWith("/") && !destination.split("/").includes("..");
  return isInside && !destination.includes("\0")
    ? []
    : [invalid(path, destination, "must be a path inside the sandbox: relative, without `..`")];
}

function volumeErrors(volumes: readonly ServiceVolume[] | undefined, path: string): readonly FieldError[] {
  return (volumes ?? []).flatMap((volume, index) =>
    (["hostPath", "containerPath"] as const)
      .filter((field) => isLiteral(volume[field]) && !isPlainPath(volume[field]))
      .map((field) => invalid(`${path}[${index}].${field}`, volume[field], "must be an absolute path without `..`")),
  );
}

function isPlainPath(text: string): boolean {
  return text.startsWith("/") && !text.split("/").includes("..") && !text.includes("\0");
}
