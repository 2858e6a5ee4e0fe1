import { DNS_LABEL_RULE, isDnsLabel } from "../../format/names.js";
import { forbidden, invalid } from "../../meta/field-error.js";
import type { FieldError } from "../../schema/structural.js";
import type { AttachedTask, Service } from "../fields.js";
import type { HealthCheck } from "../health.js";
import { probeErrors } from "./health-errors.js";
import { processErrors } from "./process-errors.js";
import { resourceErrors } from "./resource-errors.js";

/** Rules about the tasks that run beside each instance. */
export function attachedErrors(service: Service, path: string): readonly FieldError[] {
  return (service.attached ?? []).flatMap((task, index) => taskErrors(service, task, `${path}.attached[${index}]`));
}

function taskErrors(service: Service, task: AttachedTask, path: string): readonly FieldError[] {
  return [
    ...nameErrors(service, task.name, `${path}.name`),
    ...processErrors(task, path),
    ...resourceErrors(task, path),
    ...(task.healthChecks ?? []).flatMap((check, index) => checkErrors(check, `${path}.healthChecks[${index}]`)),
  ];
}

function nameErrors(service: Service, name: string, path: string): readonly FieldError[] {
  if (!isDnsLabel(name)) return [invalid(path, name, DNS_LABEL_RULE)];
  return name === service.name ? [invalid(path, name, "is the name of the service itself")] : [];
}

/** It has no ports of its own, and only its agent knows where it is. */
function checkErrors(check: HealthCheck, path: string): readonly FieldError[] {
  const byAgent = "attached tasks are probed by the agent only";
  return [
    ...probeErrors(check, undefined, path),
    ...(check.probeFrom === "Controller"
      ? [invalid(`${path}.probeFrom`, "Controller", `must be Agent: ${byAgent}`)]
      : []),
    ...(check.ignoreHttp1xx ? [forbidden(`${path}.ignoreHttp1xx`, byAgent)] : []),
  ];
}
