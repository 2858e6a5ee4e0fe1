import { conditionOf, isTrue } from "../../../api-types/life.js";
import type { Route } from "../../../api-types/route.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import type { EndpointsPlan, EndpointsView } from "../plan.js";

/** Whatever becomes of a route, it is told no further than its service wants now. */
export function asToldNow(view: EndpointsView, plan: EndpointsPlan): EndpointsPlan {
  const { prefix = "", nextHops: [hop] = [], advertise: before } = view.route?.spec ?? {};
  const advertise = advertiseOf(view);
  const isDeleted = view.route?.metadata.deletionTimestamp !== undefined;
  if (hop === undefined || isDeleted || before === advertise) return plan;
  if (plan.steps.some(({ type }) => type === "deleteRoute")) return plan;
  return { ...plan, steps: [{ type: "applyRoute", prefix, nextHop: hop.address, advertise }, ...plan.steps] };
}

/** How far the routes of a service shall be told. */
export function advertiseOf({ service }: EndpointsView): Route["spec"]["advertise"] {
  return service.network?.advertise ?? "Rack";
}

/** Whom the world shall reach is not published before it is told there; what was stays so while nobody says. */
export function withheld(view: EndpointsView): ConditionUpdate | undefined {
  const { route, instance } = view;
  if (route === undefined || advertiseOf(view) === "Rack") return undefined;
  const advertised = conditionOf(route, "Advertised");
  const isCurrent = (advertised?.observedGeneration ?? 0) >= (route.metadata.generation ?? 0);
  if (advertised?.status === "True" && isCurrent) return undefined;
  if (advertised?.status === "Unknown" && isTrue(instance, "Published")) return undefined;
  const message = advertised?.message ?? "";
  return { type: "Published", status: "False", reason: "NotAdvertised", message };
}
