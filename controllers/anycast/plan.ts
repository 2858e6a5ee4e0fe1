import type { Instance } from "../../api-types/instance.js";
import { conditionOf, isAvailable, isLeaving, isTerminal } from "../../api-types/life.js";
import type { Route, RouteNextHop } from "../../api-types/route.js";
import { leadsTo } from "../anycast-route.js";

/** An instance with the address of its node. */
export interface Member {
  readonly instance: Instance;
  /** Undefined: it has no place, or its node is not known any more. */
  readonly nextHop: string | undefined;
}

/** Everything that the anycast route of one service rests on. */
export interface AnycastView {
  /** Undefined: none is wanted. */
  readonly prefix: string | undefined;
  /** How far it shall be told. */
  readonly advertise: Advertise;
  /** Whether the last instance stays when it turns bad. */
  readonly keepsLast: boolean;
  readonly members: readonly Member[];
  /** The Route of the service; one that somebody else owns is not among it. */
  readonly route: Route | undefined;
}

type Advertise = Route["spec"]["advertise"];

export type AnycastStep =
  | { readonly type: "keep" }
  | {
      readonly type: "set";
      readonly prefix: string;
      readonly nextHops: readonly RouteNextHop[];
      readonly advertise: Advertise;
    }
  | { readonly type: "delete"; readonly uid: string };

/** Switches take no larger weight. */
const WEIGHT_MAX = 31;

/**
 * One next hop for each node with instances that serve. Pure.
 *
 * | an instance is                         | its node        |
 * |----------------------------------------|-----------------|
 * | available                              | is a next hop   |
 * | not available, Ready not False         | stays one       |
 * | leaving, its name is still there       | stays one       |
 * | leaving, its name is gone              | is none         |
 * | ended or not Ready                     | is none, unless there is no other: then it stays one (R11) |
 */
export function planAnycast(view: AnycastView): AnycastStep {
  const { prefix, route, advertise } = view;
  if (route?.metadata.deletionTimestamp !== undefined) return KEEP;
  if (prefix === undefined || (route !== undefined && route.spec.prefix !== prefix)) return deletion(route);
  const serving = hopsOf(view.members.filter((member) => isServing(member, route)));
  const nextHops = serving.length > 0 ? serving : lastHops(view);
  if (nextHops.length === 0) return deletion(route);
  const isAsWanted = route?.spec.advertise === advertise && textOf(route.spec.nextHops) === textOf(nextHops);
  return isAsWanted ? KEEP : { type: "set", prefix, nextHops, advertise };
}

const KEEP: AnycastStep = { type: "keep" };

function deletion(route: Route | undefined): AnycastStep {
  return route === undefined ? KEEP : { type: "delete", uid: route.metadata.uid ?? "" };
}

/** Only what is known bad goes: silence, or a name that is being changed, withdraws nothing. */
function isServing({ instance, nextHop }: Member, route: Route | undefined): boolean {
  if (nextHop === undefined || isTerminal(instance) || hasLeft(instance)) return false;
  if (isAvailable(instance)) return true;
  const isKnownBad = conditionOf(instance, "Ready")?.status === "False";
  return !isKnownBad && route !== undefined && leadsTo(route, nextHop);
}

/** It left DNS, and must not be sent anything before it drains. */
function hasLeft(instance: Instance): boolean {
  const leaving = conditionOf(instance, "Leaving");
  return isLeaving(instance) && leaving?.status === "True" && leaving.reason !== "WithdrawingName";
}

/** Bad health never empties a route: what is there stays until something better is. */
function lastHops({ members, keepsLast, route }: AnycastView): readonly RouteNextHop[] {
  if (!keepsLast || route === undefined) return [];
  const staying = members.filter(({ instance }) => !isLeaving(instance));
  return hopsOf(staying.filter(({ nextHop }) => nextHop !== undefined && leadsTo(route, nextHop)));
}

/** Equal shares need no weight. */
function hopsOf(members: readonly Member[]): readonly RouteNextHop[] {
  const counts = new Map<string, number>();
  for (const { nextHop } of members) {
    if (nextHop !== undefined) counts.set(nextHop, (counts.get(nextHop) ?? 0) + 1);
  }
  const most = Math.max(0, ...counts.values());
  const isEven = [...counts.values()].every((count) => count === most);
  const scale = Math.min(1, WEIGHT_MAX / Math.max(1, most));
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, count]) => (isEven ? { address } : { address, weight: Math.max(1, Math.round(count * scale)) }));
}

function textOf(hops: readonly RouteNextHop[]): string {
  return hops.map(({ address, weight }) => `${address}*${weight ?? 0}`).join();
}
