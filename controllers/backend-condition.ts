import type { Observation } from "../drivers/observation.js";
import type { ConditionUpdate } from "../runtime/conditions.js";

/** What a Rack says of one back end: whether it answers, in one condition. */
export function backendCondition(
  type: "DnsReady" | "SwitchReady",
  observation: Observation<unknown> | undefined,
  isUnused: boolean,
): ConditionUpdate {
  if (isUnused || observation === undefined) return { type, status: "True", reason: "NotUsed", message: "" };
  switch (observation.type) {
    case "Complete":
      return { type, status: "True", reason: "BackendAnswers", message: "" };
    case "Partial":
      return { type, status: "True", reason: "BackendPartial", message: observation.reason };
    case "Unknown":
      return { type, status: "Unknown", reason: "BackendUnknown", message: observation.reason };
    default:
      return observation satisfies never;
  }
}
