import { isLeaving, isTerminal, isTrue } from "../../api-types/life.js";
import type { EndpointsPlan, EndpointsView } from "./plan.js";

/** What is only awaited is reported when it has been awaited for so long: most confirmations come sooner. */
export const HOLD_MS = 2000;

/**
 * For how long a report may be held, 0: report now. Only what a start passes through in a moment is held; whatever takes
 * a condition back, withdraws or leaves is stored before it is done, so that a successor of this process sees it.
 */
export function holdMs(view: EndpointsView, plan: EndpointsPlan): number {
  if (isLeaving(view.instance) || isTerminal(view.instance)) return 0;
  if (plan.steps.some((step) => step.type !== "applyRoute" && step.type !== "applyDnsRecord")) return 0;
  const takesBack = plan.conditions.some((next) => next.status !== "True" && isTrue(view.instance, next.type));
  if (takesBack) return 0;
  if (plan.steps.length > 0) return HOLD_MS;
  const asked = [
    isAwaited(plan, "Routed") ? view.route : undefined,
    isAwaited(plan, "Published") ? view.dnsRecord : undefined,
  ];
  return Math.max(0, ...asked.map((object) => remainingMs(object, view.now)));
}

function isAwaited(plan: EndpointsPlan, type: string): boolean {
  return plan.conditions.some((condition) => condition.type === type && condition.status !== "True");
}

function remainingMs(
  object: { readonly metadata: { readonly creationTimestamp?: string } } | undefined,
  now: number,
): number {
  const createdAt = Date.parse(object?.metadata.creationTimestamp ?? "");
  return Number.isNaN(createdAt) ? 0 : createdAt + HOLD_MS - now;
}
