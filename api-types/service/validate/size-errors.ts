import { forbidden, invalid, isLiteral } from "../../meta/field-error.js";
import type { FieldError } from "../../schema/structural.js";
import type { ServiceGroupSpec } from "../../service-group.js";
import type { Service } from "../fields.js";
import { jobOf } from "../job.js";
import { isMoreThanAll, isShare, SHARE_RULE, shareOf } from "../share.js";
import { numberedPortErrors } from "./numbered-ports.js";

/** Rules about how many there are: sizes, numbers, jobs, and how many are replaced at once. */
export function sizeErrors(spec: ServiceGroupSpec, service: Service, path: string): readonly FieldError[] {
  return [
    ...eachNodeErrors(spec, service, path),
    ...jobErrors(service, path),
    ...updateErrors(service, `${path}.update`),
    ...shareErrors(service.unhealthyKillBudget, `${path}.unhealthyKillBudget`),
    ...numberedPortErrors(service, slotsOf(spec, service), `${path}.network.ports`),
  ];
}

/** One on every node leaves no room for a number. */
function eachNodeErrors(spec: ServiceGroupSpec, service: Service, path: string): readonly FieldError[] {
  if (service.mode !== "EachNode") return [];
  const why = "may not be set with mode EachNode, which runs one on every matching node";
  const scaled = spec.scale !== undefined && Object.hasOwn(spec.scale, service.name);
  return [
    ...(service.instances === undefined ? [] : [forbidden(`${path}.instances`, why)]),
    ...(scaled ? [forbidden(`spec.scale.${service.name}`, why)] : []),
  ];
}

function jobErrors(service: Service, path: string): readonly FieldError[] {
  const job = jobOf(service);
  if (job === undefined) return service.job === undefined ? [] : [forbidden(`${path}.job`, "needs mode Job")];
  const { slots } = service.ordinals;
  if (slots === undefined || slots >= job.completions) return [];
  return [
    invalid(
      `${path}.ordinals.slots`,
      slots,
      `must be at least job.completions (${job.completions}): each has a number`,
    ),
  ];
}

function updateErrors({ update }: Service, path: string): readonly FieldError[] {
  const { maxUnavailable, maxSurge } = update;
  const faults = [
    ...shareErrors(maxUnavailable, `${path}.maxUnavailable`),
    ...shareErrors(maxSurge, `${path}.maxSurge`),
  ];
  if (faults.length > 0) return faults;
  if (isMoreThanAll(maxUnavailable)) {
    return [invalid(`${path}.maxUnavailable`, maxUnavailable, "must be at most 100%")];
  }
  const isStuck = isNothing(maxUnavailable) && isNothing(maxSurge);
  return isStuck
    ? [invalid(`${path}.maxSurge`, maxSurge, "may not be 0 while maxUnavailable is 0: nothing could be replaced")]
    : [];
}

function isNothing(share: number | string): boolean {
  return isShare(share) && shareOf(share, 1_000_000_000) === 0;
}

function shareErrors(share: number | string, path: string): readonly FieldError[] {
  const isVariable = typeof share === "string" && !isLiteral(share);
  return isVariable || isShare(share) ? [] : [invalid(path, share, SHARE_RULE)];
}

/** How many numbers may be given: those that are declared, else those that the sizes ask for. */
function slotsOf(spec: ServiceGroupSpec, service: Service): number {
  const { instances, ordinals, name } = service;
  const scaled = spec.scale !== undefined && Object.hasOwn(spec.scale, name) ? spec.scale[name] : undefined;
  const wanted = jobOf(service)?.completions ?? spec.replicas * (scaled ?? instances ?? 1);
  return ordinals.slots ?? Math.max(wanted, 1);
}
