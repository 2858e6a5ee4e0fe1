import { isLabelKey, isLabelValue } from "../format/names.js";
import { forbidden, invalid, isLiteral, required } from "../meta/field-error.js";
import { isQuantity, parseQuantity } from "../schema/quantity.js";
import type { FieldError } from "../schema/structural.js";
import type { Service } from "./fields.js";

/** Rules about what a service runs: command, environment, volumes, resources. */
export function validateTask(service: Service, path: string): readonly FieldError[] {
  return [
    ...labelErrors(service, path),
    ...commandErrors(service, path),
    ...dockerErrors(service, path),
    ...environmentErrors(service, path),
    ...volumeErrors(service, path),
    ...resourceErrors(service, path),
  ];
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

/**
 * | image | command, shell, args            |
 * |-------|---------------------------------|
 * | yes   | at most one                     |
 * | no    | exactly one of command and shell |
 */
function commandErrors(service: Service, path: string): readonly FieldError[] {
  const given = (["command", "shell", "args"] as const).filter((field) => service[field] !== undefined);
  const [, second] = given;
  if (second !== undefined) return [forbidden(`${path}.${second}`, `may not be set together with ${given[0]}`)];
  if (service.image !== undefined) return [];
  if (service.args !== undefined) return [required(`${path}.image`, "args are arguments of an image's entry point")];
  return given.length === 0 ? [required(`${path}.image`, "one of image, command and shell must be set")] : [];
}

function dockerErrors(service: Service, path: string): readonly FieldError[] {
  const isDocker = (service.containerizer ?? "Docker") === "Docker" && service.image !== undefined;
  if (isDocker) return [];
  const why = "needs an image that is run by Docker";
  return [
    ...(service.containerizer === "Docker" ? [required(`${path}.image`, "the containerizer Docker needs one")] : []),
    ...(service.privileged ? [forbidden(`${path}.privileged`, why)] : []),
    ...((service.dockerParameters ?? []).length > 0 ? [forbidden(`${path}.dockerParameters`, why)] : []),
  ];
}

function environmentErrors({ env = [] }: Service, path: string): readonly FieldError[] {
  return env.flatMap(({ name, value, valueFrom }, index) => {
    const at = `${path}.env[${index}]`;
    const isName = !/[=\0]/.test(name);
    return [
      ...(isName ? [] : [invalid(`${at}.name`, name, "must not contain `=`")]),
      ...(value === undefined && valueFrom === undefined ? [required(`${at}.value`)] : []),
    ];
  });
}

function volumeErrors({ volumes = [] }: Service, path: string): readonly FieldError[] {
  return volumes.flatMap((volume, index) =>
    (["hostPath", "containerPath"] as const)
      .filter((field) => isLiteral(volume[field]) && !isPlainPath(volume[field]))
      .map((field) =>
        invalid(`${path}.volumes[${index}].${field}`, volume[field], "must be an absolute path without `..`"),
      ),
  );
}

function isPlainPath(text: string): boolean {
  return text.startsWith("/") && !text.split("/").includes("..") && !text.includes("\0");
}

function resourceErrors({ resources }: Service, path: string): readonly FieldError[] {
  return (["cpu", "memory", "disk"] as const).flatMap((name) => {
    const amount = resources[name];
    if (amount === undefined || (typeof amount === "string" && !isLiteral(amount))) return [];
    const at = `${path}.resources.${name}`;
    if (!isQuantity(amount)) return [invalid(at, amount, "must be a quantity such as 500m, 2 or 128Mi")];
    return parseQuantity(amount) < 0 ? [invalid(at, amount, "must not be negative")] : [];
  });
}
