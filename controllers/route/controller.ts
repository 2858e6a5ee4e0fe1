import { EMPTY, map, merge, mergeMap, of } from "rxjs";
import { doOverlap, isInside } from "../../api-types/format/address.js";
import { Instance } from "../../api-types/instance.js";
import { isDeleting, keyOf } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Rack } from "../../api-types/rack.js";
import { Route } from "../../api-types/route.js";
import { substitute, substituteDeep } from "../../api-types/substitute.js";
import { FINALIZER } from "../../api-types/well-known.js";
import type { Advertisement, SwitchRoute } from "../../drivers/network/driver.js";
import type { Observation } from "../../drivers/observation.js";
import type { Cache } from "../../runtime/cache.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { defineController, on } from "../../runtime/controller.js";
import { addFinalizer, removeFinalizer } from "../../runtime/finalizers.js";
import { reportStatus } from "../../runtime/report.js";
import { backendCondition } from "../backend-condition.js";
import { type Changed, changed$ } from "../changed-items.js";
import type { LoopContext } from "../context.js";
import { createUnconfirmed, type OwnChanges, ownChanges } from "../own-changes.js";
import { ownConditions } from "../own-conditions.js";
import { reportRackConditions } from "../rack-conditions.js";
import {
  type AdvertisedPlan,
  type AdvertisedView,
  notAdvertised,
  orphanPrefixes,
  planAdvertised,
  toldByOthers,
} from "./advertise.js";

const NAME = "route";

/** Keeps the switch's table as the Routes of a rack want it. */
export const routeController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(
        Route,
        (route, previous) => [keyOf(route), ...rivalKeys(loop, route), ...(previous ? rivalKeys(loop, previous) : [])],
        (route) => [keyOf(route)],
      ),
      on(Rack, (rack, previous) => (rack.spec === previous?.spec ? [] : keysOfRack(loop, rack.metadata.name))),
    ],
    triggers: [
      loop.context.backends.each$(({ network }, rack) => {
        if (network === undefined) return of(rackKey(rack));
        const routes$ = changed$(network.routes).pipe(map((changed) => keysOfChanged(loop, rack, changed)));
        const told$ = network.told && changed$(network.told).pipe(map((changed) => keysOfTold(loop, rack, changed)));
        return merge(routes$, told$ ?? EMPTY).pipe(mergeMap((keys) => [rackKey(rack), ...keys]));
      }),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly routes: Cache<Route>;
  readonly racks: Cache<Rack>;
  readonly changes: OwnChanges<SwitchRoute>;
  readonly unconfirmed: ReturnType<typeof createUnconfirmed>;
  readonly tellings: OwnChanges<Advertisement>;
  readonly untold: ReturnType<typeof createUnconfirmed>;
}

function open(context: LoopContext): Loop {
  const { informers, clock } = context;
  const routes = informers.cache(Route, {
    claim: (route) => [claimOf(route)],
    rack: (route) => [route.spec.rackName],
    variable: (route) => (route.spec.prefix.includes("$(") ? [route.spec.rackName] : []),
  });
  return {
    context,
    routes,
    racks: informers.cache(Rack),
    changes: ownChanges<SwitchRoute>(clock),
    unconfirmed: createUnconfirmed(clock),
    tellings: ownChanges<Advertisement>(clock),
    untold: createUnconfirmed(clock),
  };
}

async function reconcile(loop: Loop, key: string): Promise<void> {
  if (key.startsWith(RACK_PREFIX)) return reportRack(loop, key.slice(RACK_PREFIX.length));
  const route = loop.routes.get(key);
  const view = route && viewOf(loop, route);
  if (route === undefined || view === undefined) return;
  if (isDeleting(route) && (route.metadata.finalizers ?? []).length === 0) return;
  // stored before the first effect outside
  if (!isDeleting(route))
    await addFinalizer({ client: loop.context.client, kind: Route, object: route, finalizer: FINALIZER.installed });
  return carryOut(loop, loop.routes.get(key) ?? route, planAdvertised(view));
}

function rivalKeys(loop: Loop, route: Route): string[] {
  return loop.routes.by("claim", claimOf(route)).map(keyOf);
}

function keysOfRack(loop: Loop, rack: string): string[] {
  return loop.routes.by("rack", rack).map(keyOf);
}

/** Routes that an observation concerns: by their prefix, those whose prefix has variables, and those it is to confirm. */
function keysOfChanged(loop: Loop, rack: string, changed: Changed<SwitchRoute>): string[] {
  if (changed.type === "everything") return keysOfRack(loop, rack);
  const claimed = changed.items.flatMap(({ prefix }) => loop.routes.by("claim", `${rack} ${prefix}`));
  const concerned = changed.items.length === 0 ? [] : [...claimed, ...loop.routes.by("variable", rack)];
  return [...new Set([...concerned.map(keyOf), ...loop.unconfirmed.take(rack, changed.takenAt)])];
}

/** Routes whose telling changed; what others tell by concerns them all. */
function keysOfTold(loop: Loop, rack: string, changed: Changed<Advertisement>): string[] {
  if (changed.type === "everything") return keysOfRack(loop, rack);
  const isOfAll = changed.items.some(({ type }) => type !== "prefix");
  const prefixes = changed.items.flatMap((item) => (item.type === "prefix" ? [item.prefix] : []));
  const concerned = prefixes.flatMap((prefix) => loop.routes.by("claim", `${rack} ${prefix}`)).map(keyOf);
  const variable = prefixes.length === 0 ? [] : loop.routes.by("variable", rack).map(keyOf);
  const untold = loop.untold.take(rack, changed.takenAt);
  return isOfAll ? keysOfRack(loop, rack) : [...new Set([...concerned, ...variable, ...untold])];
}

function viewOf(loop: Loop, route: Route): AdvertisedView | undefined {
  const rack = loop.racks.get(route.spec.rackName);
  if (rack === undefined) return undefined;
  const { value: wanted, unknown } = substituteDeep(route.spec, (name) => rack.spec.variables?.[name]);
  const former = formerPrefix(route, unknown.length === 0 || isDeleting(route) ? wanted.prefix : undefined);
  const spec = { ...wanted, prefix: former ?? wanted.prefix };
  const { namespace = "", name, uid = "" } = route.metadata;
  const identity = rack.spec.identity ?? rack.metadata.name;
  const { managementPrefixes = [] } = rack.spec.network ?? {};
  return {
    route: { ...route, spec },
    isFormer: former !== undefined,
    unknownVariables: former === undefined ? unknown : [],
    observation: observationOf(loop, rack.metadata.name, spec.prefix),
    rivals: claimants(loop, rack, spec.prefix).filter((other) => other.metadata.uid !== uid),
    isGenerated: (route.metadata.ownerReferences ?? []).some((owner) => owner.kind === Instance.kind),
    isManagementPrefix: managementPrefixes.some((prefix) => isInside(spec.prefix, prefix)),
    meetsManagement: managementPrefixes.some((prefix) => doOverlap(spec.prefix, prefix)),
    told: toldOf(loop, rack.metadata.name, spec.prefix),
    stamp: { identity, kind: Route.kind, namespace, name, uid, term: loop.context.term },
  };
}

/** The prefix that the switch was asked for, where that is not the one that is wanted now. */
function formerPrefix({ status }: Route, wanted: string | undefined): string | undefined {
  return wanted === undefined || status?.prefix === wanted ? undefined : status?.prefix;
}

/** The Routes of a rack whose prefix this is, variables replaced. */
function claimants(loop: Loop, { metadata, spec }: Rack, prefix: string): readonly Route[] {
  const resolved = (route: Route) => substitute(route.spec.prefix, (name) => spec.variables?.[name]).text;
  const named = loop.routes.by("variable", metadata.name).filter((route) => resolved(route) === prefix);
  return [...loop.routes.by("claim", `${metadata.name} ${prefix}`), ...named];
}

/** The last observation, or what we read back of this prefix since. */
function observationOf(loop: Loop, rack: string, prefix: string): Observation<SwitchRoute> {
  const observation = loop.context.backends.of(rack).network?.routes.value() ?? NO_SWITCH;
  const own = loop.changes.since(rack, prefix, observation);
  if (own === undefined || observation.type === "Unknown") return observation;
  return { ...observation, items: new Map(own.item === undefined ? [] : [[prefix, own.item]]) };
}

/** What is told, with what we read back of this prefix since. */
function toldOf(loop: Loop, rack: string, prefix: string): Observation<Advertisement> | undefined {
  const observation = loop.context.backends.of(rack).network?.told?.value();
  const own = observation && loop.tellings.since(rack, prefix, observation);
  if (own === undefined || observation?.type !== "Complete") return observation;
  const items = new Map(observation.items);
  items.delete(prefix);
  return { ...observation, items: own.item === undefined ? items : items.set(prefix, own.item) };
}

async function carryOut(loop: Loop, route: Route, { actions, end }: AdvertisedPlan): Promise<void> {
  for (const [index, action] of actions.entries()) {
    if (action.ground !== undefined) await confirmAsCached(loop, route);
    const [outcome] = await loop.context.execute([action]);
    (isTelling(action) ? loop.untold : loop.unconfirmed).add(route.spec.rackName, keyOf(route));
    if (outcome?.type !== "verified") {
      const message = outcome === undefined ? "not carried out" : outcome.message;
      await report(loop, route, failedEnd(route, { end, message, left: actions.slice(index) }));
      throw new StatusError("ServiceUnavailable", `${action.message}: ${message}`);
    }
    remember(loop, action);
  }
  return finish(loop, route, end);
}

function remember(loop: Loop, { rack, key, change }: PlannedAction): void {
  switch (change.type) {
    case "set":
      loop.changes.verified(rack, key, { ...change, protocol: "STATIC" });
      break;
    case "remove":
      loop.changes.verified(rack, key, undefined);
      break;
    case "advertise":
      loop.tellings.verified(rack, key, { type: "prefix", prefix: change.prefix, isWhole: true });
      break;
    case "withdraw":
      loop.tellings.verified(rack, key, undefined);
      break;
    default:
      change satisfies never;
  }
}

/** How a Route stands when an action was not carried out, and those `left` after it were not sent. */
function failedEnd(
  { status }: Route,
  failure: { readonly end: End; readonly message: string; readonly left: readonly PlannedAction[] },
): End {
  const { end, message, left } = failure;
  const isRouteDone = !left.some((action) => !isTelling(action));
  const isRouteFirst = left[0] !== undefined && !isTelling(left[0]);
  const unconfirmed: ConditionUpdate = { type: "Ready", status: "False", reason: "RouteNotConfirmed", message };
  const ofRoute = end.conditions.filter(({ type }) => type !== "Advertised");
  const ofTelling = isRouteFirst
    ? end.conditions.filter(({ type }) => type === "Advertised")
    : [notAdvertised(message)];
  return {
    conditions: [...(isRouteDone ? ofRoute : [unconfirmed]), ...ofTelling],
    installed: isRouteDone ? end.installed : (status?.installed ?? []),
    // what was asked for may be there, whatever was answered
    prefix: end.prefix ?? status?.prefix,
    advertised: status?.advertised,
    isReleasable: false,
  };
}

function isTelling({ change }: PlannedAction): boolean {
  return change.type === "advertise" || change.type === "withdraw";
}

type PlannedAction = AdvertisedPlan["actions"][number];
type End = AdvertisedPlan["end"];

async function finish(loop: Loop, route: Route, end: End): Promise<void> {
  if (isDeleting(route) && end.isReleasable) {
    return removeFinalizer({ client: loop.context.client, kind: Route, object: route, finalizer: FINALIZER.installed });
  }
  await report(loop, route, end);
}

async function report(loop: Loop, route: Route, { conditions, installed, advertised, prefix }: End): Promise<void> {
  const observedGeneration = route.metadata.generation ?? 0;
  const dated = conditions.map((condition) => ({ ...condition, observedGeneration }));
  const told = { ...(advertised === undefined ? {} : { advertised }), ...(prefix === undefined ? {} : { prefix }) };
  const status = {
    observedGeneration,
    installed,
    ...told,
    conditions: ownConditions(route, dated, loop.context.clock.now()),
  };
  await reportStatus({
    client: loop.context.client,
    cache: loop.routes,
    kind: Route,
    object: route,
    status,
    manager: NAME,
  });
}

/** The ground of a removal is that its owner is deleted, or wants it no more, as a fresh read confirms (R2). */
async function confirmAsCached(loop: Loop, { metadata }: Route): Promise<void> {
  const { namespace = "", name, uid, generation } = metadata;
  const fresh = (await loop.context.client.get(Route, { namespace, name })).metadata;
  const isDeleted = (fresh.deletionTimestamp === undefined) === (metadata.deletionTimestamp === undefined);
  if (fresh.uid === uid && fresh.generation === generation && isDeleted) return;
  throw new StatusError("Conflict", `withdrawing route ${namespace}/${name}: the cached route is outdated`);
}

async function reportRack(loop: Loop, name: string): Promise<void> {
  const rack = loop.racks.get(name);
  const network = loop.context.backends.of(name).network;
  if (rack === undefined) return;
  const isUnused = (rack.spec.network?.switch.type ?? "None") === "None";
  const condition = backendCondition("SwitchReady", isUnused ? undefined : network?.routes.value(), isUnused);
  const told = network?.told?.value();
  const hasRoute = (prefix: string) => claimants(loop, rack, prefix).length > 0;
  const conditions =
    told === undefined || told.type === "Unknown"
      ? []
      : [toldByOthers(told.items), orphanPrefixes(told.items, hasRoute)];
  await reportRackConditions(loop, rack, { conditions: [condition, ...conditions], manager: NAME });
}

const RACK_PREFIX = "rack:";
const NO_SWITCH = { type: "Unknown", reason: "the Rack names no switch", since: 0, source: "switch" } as const;

function rackKey(rack: string): string {
  return RACK_PREFIX + rack;
}

/** What a Route claims: one prefix of one rack. */
function claimOf(route: Route): string {
  return `${route.spec.rackName} ${route.spec.prefix}`;
}
