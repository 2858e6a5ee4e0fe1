import type { ServiceGroup } from "../../../api-types/service-group.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import type { Blocker, GroupPlan, GroupView } from "./model.js";

/** What keeps the group, or a service of it, from starting; the gravest reason of several. */
export function blockedCondition(view: GroupView, plan: GroupPlan): ConditionUpdate {
  const all = [...view.blockers, ...view.group.spec.services.flatMap((service) => view.serviceBlockers(service))];
  const waiting = waitingTexts(view.group, plan);
  const message = [...all.map(textOf), ...waiting.map((name) => `waits for ${name}`)].join("; ");
  const has = (type: Blocker["type"]) => all.some((blocker) => blocker.type === type);
  if (has("cycle")) return { type: "Blocked", status: "True", reason: "DependencyCycle", message };
  if (has("unknown")) return { type: "Blocked", status: "True", reason: "DependencyUnknown", message };
  if (has("portTaken")) return { type: "Blocked", status: "True", reason: "ServicePortTaken", message };
  if (message !== "") return { type: "Blocked", status: "True", reason: "DependencyNotAvailable", message };
  return { type: "Blocked", status: "False", reason: "DependenciesMet", message };
}

function textOf(blocker: Blocker): string {
  switch (blocker.type) {
    case "unknown":
      return `waits for ${blocker.name}, which does not exist; it goes on when that is created`;
    case "notAvailable":
      return `waits for ${blocker.name}`;
    case "cycle":
      return `is part of a cycle of dependencies: ${blocker.names.join(" → ")}; remove one of them`;
    case "portTaken":
      return `service port ${blocker.port} belongs to ${blocker.owner}; choose another one`;
    default:
      return blocker satisfies never;
  }
}

/** Services that wait for others of their group. */
function waitingTexts({ spec }: ServiceGroup, { waiting }: GroupPlan): readonly string[] {
  return spec.services.flatMap(({ name, dependsOn = [] }) => {
    const inside = dependsOn.filter((other) => !other.includes("/"));
    return waiting.includes(name) && inside.length > 0 ? [`${inside.join(" and ")} (service ${name})`] : [];
  });
}
