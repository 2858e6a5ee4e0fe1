import type { Action } from "../../actuation/action.js";
import { isDeleting, keyOf } from "../../api-types/life.js";
import type { Condition } from "../../api-types/meta/object.js";
import type { Route } from "../../api-types/route.js";
import type { NextHop, RouteChange, SwitchRoute } from "../../drivers/network/driver.js";
import type { Observation, Stamp } from "../../drivers/observation.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";

/** Everything the plan of one Route rests on. */
export interface RouteView {
  /** With variables of the rack replaced, and the prefix that is planned for. */
  readonly route: Route;
  /** The prefix is one that the Route had; now it wants another. */
  readonly isFormer?: boolean;
  /** Variables that the spec names and the rack does not give. */
  readonly unknownVariables: readonly string[];
  readonly observation: Observation<SwitchRoute>;
  /** Living and deleted Routes of the rack that claim the same prefix, this one left out. */
  readonly rivals: readonly Route[];
  /** Generated for an Instance: its /32 can belong to nobody else. */
  readonly isGenerated: boolean;
  readonly isManagementPrefix: boolean;
  readonly stamp: Stamp;
}

/** How a Route stands. */
export interface RouteEnd {
  readonly conditions: readonly ConditionUpdate[];
  readonly installed: readonly NextHop[];
  /** Whether the finalizer may go. */
  readonly isReleasable: boolean;
}

export type RoutePlan =
  /** Nothing to send; report. */
  | (RouteEnd & { readonly type: "report" })
  /** Send, and report `onVerified` when read back. */
  | { readonly type: "act"; readonly action: Action<RouteChange>; readonly onVerified: RouteEnd };

/**
 * | the Route is        | the switch says      | then                                             |
 * |---------------------|----------------------|--------------------------------------------------|
 * | wanted              | nothing, other hops  | set                                              |
 * | wanted              | the same             | Ready                                            |
 * | wanted              | somebody else's      | Conflict                                         |
 * | wanted, claimed     | -                    | Conflict: the older claim wins                   |
 * | deleted             | -                    | remove (tombstone), unless a living claim stands |
 * | deleted             | somebody else's      | leave it                                         |
 * | deleted, management | -                    | leave it (I14)                                   |
 * | any                 | no answer            | wait                                             |
 *
 * A prefix that it had and has no more is as that of a deleted one.
 */
export function planRoute(view: RouteView): RoutePlan {
  return isGoing(view) ? planRemoval(view) : planWanted(view);
}

/** Whether the prefix of the view is to be left. */
export function isGoing({ route, isFormer = false }: RouteView): boolean {
  return isFormer || isDeleting(route);
}

function planRemoval(view: RouteView): RoutePlan {
  const { route } = view;
  const heir = view.rivals.find((rival) => !isDeleting(rival));
  if (heir !== undefined || isLoser(view) || view.isManagementPrefix) return report([], { isReleasable: true });
  // what it had under another value was removed as its former prefix
  if (view.unknownVariables.length > 0) return report([], { isReleasable: true });
  if (view.observation.type === "Unknown") return unknown(view.observation.reason, route);
  const observed = view.observation.items.get(route.spec.prefix);
  if (observed !== undefined && isForeign(view, observed)) return report([], { isReleasable: true });
  const action: Action<RouteChange> = {
    type: "route.remove",
    rack: route.spec.rackName,
    key: route.spec.prefix,
    change: { type: "remove", prefix: route.spec.prefix },
    message: `remove route ${route.spec.prefix}: its Route ${keyOf(route)} ${isDeleting(route) ? "is deleted" : "has another prefix now"}`,
    ground: { type: "tombstone", owner: route.metadata.uid ?? "" },
    cause: [causeOf(route)],
    evidence: [],
  };
  return { type: "act", action, onVerified: { conditions: [], installed: [], isReleasable: true } };
}

/** It lost its claim and never installed anything. */
function isLoser({ route }: RouteView): boolean {
  return (route.status?.installed ?? []).length === 0 && route.status?.conditions?.some(isConflict) === true;
}

function isConflict(condition: Condition): boolean {
  return condition.type === "Conflict" && condition.status === "True";
}

function planWanted(view: RouteView): RoutePlan {
  const { route, observation, unknownVariables } = view;
  const { nextHops } = route.spec;
  if (unknownVariables.length > 0) return unresolved(route, unknownVariables);
  const winner = view.rivals.find((rival) => isOlder(rival, route));
  if (winner !== undefined) return conflict(`${keyOf(winner)} claims ${route.spec.prefix} and is older`);
  if (view.isManagementPrefix) return conflict(`${route.spec.prefix} lies in a management prefix of the rack`);
  if (observation.type === "Unknown") return unknown(observation.reason, route);
  const observed = observation.items.get(route.spec.prefix);
  if (observed !== undefined && isForeign(view, observed)) {
    return conflict(`the switch holds a ${observed.protocol} route for ${route.spec.prefix} that is not ours`);
  }
  if (observed !== undefined && haveSameHops(observed.nextHops, nextHops))
    return report(nextHops, { isReleasable: false });
  const action: Action<RouteChange> = {
    type: "route.set",
    rack: route.spec.rackName,
    key: route.spec.prefix,
    change: { type: "set", prefix: route.spec.prefix, nextHops, stamp: view.stamp },
    message: `set route ${route.spec.prefix} via ${nextHops.map((hop) => hop.address).join(", ")}`,
    cause: [causeOf(route)],
    evidence: [],
  };
  return {
    type: "act",
    action,
    onVerified: { conditions: readyConditions(), installed: nextHops, isReleasable: false },
  };
}

/** `a` stands before `b` in the order of claims: age, then namespace/name. A deleted claim still stands until it is gone. */
function isOlder(a: Route, b: Route): boolean {
  const order = (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "");
  return order !== 0 ? order < 0 : keyOf(a) < keyOf(b);
}

function isForeign(view: RouteView, observed: SwitchRoute): boolean {
  if (observed.protocol !== "STATIC") return true;
  const isRecorded = (view.route.status?.installed ?? []).length > 0;
  return !view.isGenerated && !isRecorded && !haveSameHops(observed.nextHops, view.route.spec.nextHops);
}

function haveSameHops(a: readonly NextHop[], b: readonly NextHop[]): boolean {
  const text = (hops: readonly NextHop[]) =>
    hops
      .map((hop) => `${hop.address}*${hop.weight ?? 0}`)
      .sort()
      .join();
  return text(a) === text(b);
}

function causeOf(route: Route): string {
  return `${route.metadata.uid ?? ""}@${route.metadata.generation ?? 0}`;
}

function report(installed: readonly NextHop[], { isReleasable }: { isReleasable: boolean }): RoutePlan {
  return { type: "report", conditions: readyConditions(), installed, isReleasable };
}

function readyConditions(): ConditionUpdate[] {
  return [
    { type: "Ready", status: "True", reason: "RouteInstalled", message: "" },
    { type: "Conflict", status: "False", reason: "SoleClaimOfPrefix", message: "" },
  ];
}

function conflict(message: string): RoutePlan {
  const conditions: ConditionUpdate[] = [
    { type: "Ready", status: "False", reason: "RouteConflict", message },
    { type: "Conflict", status: "True", reason: "RouteConflict", message },
  ];
  return { type: "report", conditions, installed: [], isReleasable: false };
}

function unresolved(route: Route, names: readonly string[]): RoutePlan {
  const message = `spec uses variables that the rack does not give: ${names.join(", ")}`;
  const conditions: ConditionUpdate[] = [{ type: "Ready", status: "False", reason: "RouteVariableUnknown", message }];
  return { type: "report", conditions, installed: route.status?.installed ?? [], isReleasable: false };
}

function unknown(reason: string, route: Route): RoutePlan {
  const message = `the switch does not answer (${reason}); nothing is changed until it does`;
  const conditions: ConditionUpdate[] = [{ type: "Ready", status: "Unknown", reason: "SwitchUnknown", message }];
  return { type: "report", conditions, installed: route.status?.installed ?? [], isReleasable: false };
}
