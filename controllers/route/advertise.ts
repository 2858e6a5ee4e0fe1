import type { Action } from "../../actuation/action.js";
import { conditionOf, isDeleting, keyOf } from "../../api-types/life.js";
import type { Route } from "../../api-types/route.js";
import type { RouteChange } from "../../drivers/network/driver.js";
import { type Advertisement, type AdvertisingChange, UNABLE } from "../../drivers/network/driver.js";
import type { Observation } from "../../drivers/observation.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { isGoing, planRoute, type RouteEnd, type RouteView } from "./plan.js";

/** What the plan of one Route rests on, with what its switch tells. */
export interface AdvertisedView extends RouteView {
  /** Undefined: the rack's switch has nobody to tell. */
  readonly told: Observation<Advertisement> | undefined;
  /** Its packets, or some of them, are those of a management prefix. */
  readonly meetsManagement: boolean;
}

/** What is sent, in order, each only when the one before is verified; and how the Route stands then. */
export interface AdvertisedPlan {
  readonly actions: readonly Action<RouteChange | AdvertisingChange>[];
  readonly end: RouteEnd & {
    readonly advertised: Route["spec"]["advertise"] | undefined;
    /** What `installed` and `advertised` are about. */
    readonly prefix: string | undefined;
  };
}

/**
 * Around the plan of the route itself: it is told after it is installed, and no more before it is changed or removed.
 *
 * | the Route                            | the switch tells it | then                                               |
 * |--------------------------------------|---------------------|----------------------------------------------------|
 * | wants World, is installed            | not, or not wholly  | advertise, unless others decide or it cannot       |
 * | wants World, is installed            | wholly              | Advertised                                         |
 * | wants World, is not installed        | -                   | wait                                               |
 * | wants Rack, or meets a management prefix | in any part     | withdraw first                                     |
 * | deleted                              | in any part         | withdraw first, unless another Route has the claim |
 * | told once, or wants World            | no answer           | wait, and do not remove the route either           |
 */
export function planAdvertised(view: AdvertisedView): AdvertisedPlan {
  const plan = planRoute(view);
  const end = plan.type === "act" ? plan.onVerified : plan;
  const routeActions = plan.type === "act" ? [plan.action] : [];
  if (isGoing(view) && mustWait(view)) return waiting(view);
  const isInstalled = !isGoing(view) && end.conditions.some(isReady);
  const telling = planTelling(view, isInstalled);
  const actions = [...(telling.withdraw ?? []), ...routeActions, ...(telling.advertise ?? [])];
  const route = view.isFormer === true && end.isReleasable ? [LEAVING] : end.conditions;
  const { advertised, condition } = telling;
  return { actions, end: { ...end, conditions: [...route, condition], advertised, prefix: prefixOf(view, end) } };
}

function prefixOf({ route, unknownVariables }: AdvertisedView, { installed }: RouteEnd): string | undefined {
  if (unknownVariables.length > 0) return route.status?.prefix;
  return installed.length === 0 ? undefined : route.spec.prefix;
}

interface Telling {
  readonly withdraw?: readonly Action<AdvertisingChange>[];
  readonly advertise?: readonly Action<AdvertisingChange>[];
  readonly condition: ConditionUpdate;
  readonly advertised: AdvertisedPlan["end"]["advertised"];
}

function planTelling(view: AdvertisedView, isInstalled: boolean): Telling {
  const { route, told, rivals } = view;
  if (told === undefined) return isWorld(view) ? { ...still(view), condition: UNSUPPORTED } : NOT_TOLD;
  if (told.type === "Unknown") return mayBeTold(view) ? { ...still(view), condition: unknown(told.reason) } : NOT_TOLD;
  const found = told.items.get(route.spec.prefix);
  const isWanted = isWorld(view) && !isGoing(view) && !view.meetsManagement;
  if (isWanted) return planWorld(view, { told: told.items, found, isInstalled });
  const condition = isWorld(view) && view.meetsManagement ? MANAGEMENT : NOT_USED;
  // what the other one wants is its own business
  const isOthers = rivals.some((rival) => !isDeleting(rival));
  const withdraw = found === undefined || isOthers ? [] : [withdrawal(route)];
  return { withdraw, condition, advertised: "Rack" };
}

function planWorld(
  view: AdvertisedView,
  seen: {
    readonly told: ReadonlyMap<string, Advertisement>;
    readonly found: Advertisement | undefined;
    readonly isInstalled: boolean;
  },
): Telling {
  const { told, found, isInstalled } = seen;
  const isWhole = found?.type === "prefix" && found.isWhole;
  if (!isInstalled) return { condition: NOT_INSTALLED, advertised: isWhole ? "World" : "Rack" };
  const unable = told.get(UNABLE);
  if (unable?.type === "unable" && unable.why === "NoPolicies") return { condition: UNSUPPORTED, advertised: "Rack" };
  const foreign = foreignPolicies(told)[0];
  if (foreign !== undefined) return { condition: foreignPolicy(foreign), advertised: "Rack" };
  const advertise = isWhole ? [] : [advertisement(view.route)];
  if (unable?.type === "unable") return { advertise, condition: disabled(unable.reason), advertised: "Rack" };
  return { advertise, condition: TOLD, advertised: "World" };
}

/** The policies of others by which static routes are told, whatever is wanted of them. */
export function foreignPolicies(told: ReadonlyMap<string, Advertisement>) {
  return [...told.values()].flatMap((item) => (item.type === "policy" && !item.isOurs ? [item] : []));
}

/** What a Rack says of them: they tell routes that want `Rack`, too, and nobody but their owner may change that. */
export function toldByOthers(told: ReadonlyMap<string, Advertisement>): ConditionUpdate {
  const policies = foreignPolicies(told).map(({ name, sources }) => `${name} (${sources || "all sources"})`);
  const type = "RoutesToldByOthers";
  if (policies.length === 0) return { type, status: "False", reason: "NoForeignPolicy", message: "" };
  const what = `BGP tells static routes by ${policies.join(", ")}: also such as want advertise: Rack`;
  const message = `${what}; take STATIC out of that Redistribution of BGPGlobal, or see that its policy permits none of them`;
  return { type, status: "True", reason: "ForeignRedistribution", message };
}

/** So many prefixes are named. */
const NAMED_MAX = 5;

/** What a Rack says of prefixes that are told for no Route, for example because its finalizer was removed by hand. */
export function orphanPrefixes(
  told: ReadonlyMap<string, Advertisement>,
  hasRoute: (prefix: string) => boolean,
): ConditionUpdate {
  const prefixes = [...told.values()].flatMap((item) => (item.type === "prefix" ? [item.prefix] : []));
  const orphans = prefixes.filter((prefix) => !hasRoute(prefix)).sort();
  const type = "OrphanPrefixes";
  if (orphans.length === 0) return { type, status: "False", reason: "EveryPrefixKnown", message: "" };
  const named = orphans.slice(0, NAMED_MAX).join(", ");
  const message = `${orphans.length} told for no Route: ${named}; a Route for it with advertise: Rack takes it back`;
  return { type, status: "True", reason: "PrefixWithoutRoute", message };
}

/** A route is removed only when it is certain that nothing leads to it from outside. */
function mustWait(view: AdvertisedView): boolean {
  return view.told?.type === "Unknown" && mayBeTold(view);
}

function waiting(view: AdvertisedView): AdvertisedPlan {
  const { told } = view;
  const reason = told?.type === "Unknown" ? told.reason : "";
  const installed = view.route.status?.installed ?? [];
  const ready: ConditionUpdate = { ...unknown(reason), type: "Ready" };
  const end = { conditions: [ready, unknown(reason)], installed, isReleasable: false };
  return { actions: [], end: { ...end, ...still(view), prefix: prefixOf(view, end) } };
}

function isWorld({ route }: AdvertisedView): boolean {
  return route.spec.advertise === "World";
}

function mayBeTold(view: AdvertisedView): boolean {
  const last = conditionOf(view.route, "Advertised");
  return isWorld(view) || (last !== undefined && last.reason !== NOT_USED.reason);
}

function isReady({ type, status }: ConditionUpdate): boolean {
  return type === "Ready" && status === "True";
}

/** As last read back. */
function still({ route }: AdvertisedView): Pick<Telling, "advertised"> {
  return { advertised: route.status?.advertised };
}

function advertisement(route: Route): Action<AdvertisingChange> {
  return { ...step(route), type: "advertising.set", change: { type: "advertise", prefix: route.spec.prefix } };
}

function withdrawal(route: Route): Action<AdvertisingChange> {
  const ground = { type: "tombstone", owner: route.metadata.uid ?? "" } as const;
  return {
    ...step(route),
    type: "advertising.withdraw",
    change: { type: "withdraw", prefix: route.spec.prefix },
    ground,
  };
}

function step(route: Route) {
  const { rackName: rack, prefix: key, advertise } = route.spec;
  const what = isDeleting(route) ? "is deleted" : `wants ${advertise} for ${route.spec.prefix}`;
  const message = `tell of ${key} as its Route ${keyOf(route)} ${what}`;
  return { rack, key, message, cause: [`${route.metadata.uid ?? ""}@${route.metadata.generation ?? 0}`], evidence: [] };
}

const LEAVING: ConditionUpdate = {
  type: "Ready",
  status: "False",
  reason: "FormerPrefixGone",
  message: "its prefix changed: the former one is gone, the new one follows",
};
const NOT_USED: ConditionUpdate = { type: "Advertised", status: "True", reason: "NotUsed", message: "" };
const NOT_TOLD: Telling = { condition: NOT_USED, advertised: "Rack" };
const TOLD: ConditionUpdate = { type: "Advertised", status: "True", reason: "ToldToWorld", message: "" };

function not(why: Pick<ConditionUpdate, "reason" | "message">): ConditionUpdate {
  return { type: "Advertised", status: "False", ...why };
}

const NOT_INSTALLED = not({ reason: "RouteNotInstalled", message: "it is told when its route is installed" });
const MANAGEMENT = not({
  reason: "ManagementNotTold",
  message: "it meets a management prefix of the rack, which is never told",
});
const UNSUPPORTED = not({
  reason: "AdvertisingUnsupported",
  message: "the rack's switch has no BGP that can be told what to tell",
});

function disabled(reason: string): ConditionUpdate {
  return not({ reason: "BgpDisabled", message: `${reason}; it is told when BGP runs` });
}

function foreignPolicy({ name, sources }: { readonly name: string; readonly sources: string }): ConditionUpdate {
  const what = `policy ${name} of somebody else decides which routes from ${sources || "all sources"} are told`;
  return not({ reason: "ForeignPolicy", message: `${what}; take STATIC out of that Redistribution of BGPGlobal` });
}

function unknown(reason: string): ConditionUpdate {
  const message = `the switch does not say what it tells (${reason}); nothing is changed until it does`;
  return { type: "Advertised", status: "Unknown", reason: "AdvertisingUnknown", message };
}

/** How it stands when telling did not go as planned. */
export function notAdvertised(message: string): ConditionUpdate {
  return not({ reason: "AdvertisingFailed", message });
}
