import { forbidden, invalid, isLiteral } from "../../meta/field-error.js";
import type { FieldError } from "../../schema/structural.js";
import type { Service } from "../fields.js";
import { containerizerOf } from "../workload.js";
import { environmentErrors, fetchErrors } from "./process-errors.js";
import { amountErrors } from "./resource-errors.js";

/** Rules about a Mesos executor of one's own. */
export function executorErrors(service: Service, path: string): readonly FieldError[] {
  const { executor } = service;
  if (executor === undefined) return [];
  const at = `${path}.executor`;
  return [
    ...(containerizerOf(service) === "Docker" ? [forbidden(at, dockerHint(service))] : []),
    ...nameErrors(executor.name, `${at}.name`),
    ...environmentErrors(executor.env, `${at}.env`),
    ...fetchErrors(executor.fetch, `${at}.fetch`),
    ...amountErrors(executor.resources.cpu, `${at}.resources.cpu`),
    ...amountErrors(executor.resources.memory, `${at}.resources.memory`),
  ];
}

function dockerHint({ containerizer }: Service): string {
  const why = "Docker runs tasks with an executor of its own";
  return containerizer === undefined
    ? `${why}: an image needs containerizer Mesos here`
    : `${why}: use containerizer Mesos`;
}

/** It becomes part of an id of Mesos. */
function nameErrors(name: string, path: string): readonly FieldError[] {
  if (!isLiteral(name)) return [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what Mesos refuses
  const isId = !/[/\\\u0000-\u001f\u007f]/.test(name) && name !== "." && name !== "..";
  return isId
    ? []
    : [invalid(path, name, "must be an id of Mesos: no `/`, no `\\`, no control characters, not `.` or `..`")];
}
