import { forbidden, invalid, isLiteral } from "../../meta/field-error.js";
import { isQuantity, parseQuantity } from "../../schema/quantity.js";
import type { FieldError } from "../../schema/structural.js";
import { containerizerOf, type ServiceResources } from "../workload.js";

/** What has resources and is run by a containerizer. */
interface Consumer {
  readonly image?: string | undefined;
  readonly containerizer?: "Docker" | "Mesos" | undefined;
  readonly resources: ServiceResources;
}

/** Rules about what a task takes of its node. */
export function resourceErrors(consumer: Consumer, path: string): readonly FieldError[] {
  const { resources } = consumer;
  const at = `${path}.resources`;
  const isDocker = containerizerOf(consumer) === "Docker";
  return [
    ...amountErrors(resources.cpu, `${at}.cpu`),
    ...amountErrors(resources.memory, `${at}.memory`),
    ...amountErrors(resources.disk, `${at}.disk`),
    ...((resources.gpu ?? 0) > 0 && isDocker ? [forbidden(`${at}.gpu`, "needs the containerizer Mesos")] : []),
    ...limitErrors(resources, "cpu", `${at}.limits.cpu`),
    ...limitErrors(resources, "memory", `${at}.limits.memory`),
  ];
}

/** Faults of a quantity that is no less than 0; text with variables is judged later. */
export function amountErrors(amount: number | string | undefined, path: string): readonly FieldError[] {
  if (amount === undefined || isVariable(amount)) return [];
  if (!isQuantity(amount)) return [invalid(path, amount, "must be a quantity such as 500m, 2 or 128Mi")];
  return parseQuantity(amount) < 0 ? [invalid(path, amount, "must not be negative")] : [];
}

function limitErrors(resources: ServiceResources, name: "cpu" | "memory", path: string): readonly FieldError[] {
  const { limits } = resources;
  const limit = limits?.[name];
  const request = resources[name];
  if (limit === undefined || limit === "unlimited" || isVariable(limit)) return [];
  if (!isQuantity(limit)) return [invalid(path, limit, "must be a quantity such as 500m, 2 or 128Mi, or unlimited")];
  if (isVariable(request) || !isQuantity(request) || parseQuantity(limit) >= parseQuantity(request)) return [];
  return [invalid(path, limit, `must be at least what is requested (${request}), or unlimited`)];
}

function isVariable(amount: number | string): boolean {
  return typeof amount === "string" && !isLiteral(amount);
}
