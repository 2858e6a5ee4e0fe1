import type { Instance } from "../../../api-types/instance.js";
import { rightsErrors } from "../../../api-types/rack/rights.js";
import type { Rack } from "../../../api-types/rack.js";
import type { Service } from "../../../api-types/service-group.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";

/** What is about to be launched. */
interface Candidate {
  readonly rack: Rack;
  readonly instance: Instance;
  readonly service: Service;
}

/** The rack's rights, as they are now: they may have been taken back since the group was stored. */
export function rightsRefusal({ rack, instance, service }: Candidate): ConditionUpdate | undefined {
  const faults = rightsErrors(service, `service ${service.name}`, {
    allow: rack.spec.safety.allow,
    rackName: rack.metadata.name,
    namespace: instance.metadata.namespace ?? "",
  });
  if (faults.length === 0) return undefined;
  const message = faults.map((fault) => `${fault.path}: ${fault.message}`).join("; ");
  return { type: "Scheduled", status: "False", reason: "RightNotGranted", message };
}

/** Variables without a value. */
export function variableRefusal(unknown: readonly string[]): ConditionUpdate | undefined {
  if (unknown.length === 0) return undefined;
  const message = `no value for ${unknown.map((name) => `$(${name})`).join(", ")}; nothing is launched until there is`;
  return { type: "Scheduled", status: "False", reason: "UnresolvedVariable", message };
}

/** Values that turned out unusable once their variables were replaced. */
export function valueRefusal(faults: readonly string[]): ConditionUpdate | undefined {
  if (faults.length === 0) return undefined;
  return { type: "Scheduled", status: "False", reason: "ValueNotUsable", message: faults.join("; ") };
}

/** Secrets and ConfigMaps that are not there, or lack a key; names only, never a value. */
export function referenceRefusal(missing: readonly string[]): ConditionUpdate | undefined {
  if (missing.length === 0) return undefined;
  return { type: "Scheduled", status: "False", reason: "ReferenceNotFound", message: missing.join("; ") };
}
