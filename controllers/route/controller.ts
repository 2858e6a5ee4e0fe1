import { mergeMap, of } from "rxjs";
import type { Action } from "../../actuation/action.js";
import { isInside } from "../../api-types/format/address.js";
import { Instance } from "../../api-types/instance.js";
import { isDeleting, keyOf } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Rack } from "../../api-types/rack.js";
import { Route } from "../../api-types/route.js";
import { substituteDeep } from "../../api-types/substitute.js";
import { FINALIZER } from "../../api-types/well-known.js";
import type { RouteChange, SwitchRoute } from "../../drivers/network/driver.js";
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
import { planRoute, type RoutePlan, type RouteView } from "./plan.js";

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
        return changed$(network.routes).pipe(
          mergeMap((changed) => [rackKey(rack), ...keysOfChanged(loop, rack, changed)]),
        );
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
  return carryOut(loop, loop.routes.get(key) ?? route, planRoute(view));
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

function viewOf(loop: Loop, route: Route): RouteView | undefined {
  const rack = loop.racks.get(route.spec.rackName);
  if (rack === undefined) return undefined;
  const { value: spec, unknown } = substituteDeep(route.spec, (name) => rack.spec.variables?.[name]);
  const { namespace = "", name, uid = "" } = route.metadata;
  const identity = rack.spec.identity ?? rack.metadata.name;
  return {
    route: { ...route, spec },
    unknownVariables: unknown,
    observation: observationOf(loop, rack.metadata.name, spec.prefix),
    rivals: loop.routes.by("claim", claimOf(route)).filter((other) => other.metadata.uid !== uid),
    isGenerated: (route.metadata.ownerReferences ?? []).some((owner) => owner.kind === Instance.kind),
    isManagementPrefix: (rack.spec.network?.managementPrefixes ?? []).some((prefix) => isInside(spec.prefix, prefix)),
    stamp: { identity, kind: Route.kind, namespace, name, uid, term: loop.context.term },
  };
}

/** The last observation, or what we read back of this prefix since. */
function observationOf(loop: Loop, rack: string, prefix: string): Observation<SwitchRoute> {
  const observation = loop.context.backends.of(rack).network?.routes.value() ?? NO_SWITCH;
  const own = loop.changes.since(rack, prefix, observation);
  if (own === undefined || observation.type === "Unknown") return observation;
  return { ...observation, items: new Map(own.item === undefined ? [] : [[prefix, own.item]]) };
}

function remember(loop: Loop, { rack, key, change }: Action<RouteChange>): void {
  const installed = change.type === "set" ? { ...change, protocol: "STATIC" } : undefined;
  loop.changes.verified(rack, key, installed);
}

async function carryOut(loop: Loop, route: Route, plan: RoutePlan): Promise<void> {
  if (plan.type === "report") return finish(loop, route, plan);
  if (plan.action.ground !== undefined) await confirmDeleted(loop, route);
  const [outcome] = await loop.context.execute([plan.action]);
  loop.unconfirmed.add(route.spec.rackName, keyOf(route));
  if (outcome?.type === "verified") {
    remember(loop, plan.action);
    return finish(loop, route, plan.onVerified);
  }
  const message = outcome === undefined ? "not carried out" : outcome.message;
  const condition: ConditionUpdate = { type: "Ready", status: "False", reason: "RouteNotConfirmed", message };
  await report(loop, route, { conditions: [condition], installed: route.status?.installed ?? [] });
  throw new StatusError("ServiceUnavailable", `${plan.action.message}: ${message}`);
}

interface End {
  readonly conditions: readonly ConditionUpdate[];
  readonly installed: readonly { readonly address: string; readonly weight?: number }[];
  readonly isReleasable: boolean;
}

async function finish(loop: Loop, route: Route, end: End): Promise<void> {
  if (isDeleting(route) && end.isReleasable) {
    return removeFinalizer({ client: loop.context.client, kind: Route, object: route, finalizer: FINALIZER.installed });
  }
  await report(loop, route, end);
}

async function report(
  loop: Loop,
  route: Route,
  { conditions, installed }: Pick<End, "conditions" | "installed">,
): Promise<void> {
  const observedGeneration = route.metadata.generation ?? 0;
  const dated = conditions.map((condition) => ({ ...condition, observedGeneration }));
  const status = { observedGeneration, installed, conditions: ownConditions(route, dated, loop.context.clock.now()) };
  await reportStatus({
    client: loop.context.client,
    cache: loop.routes,
    kind: Route,
    object: route,
    status,
    manager: NAME,
  });
}

/** The ground of a removal is a deletion that a fresh read confirms (R2). */
async function confirmDeleted(loop: Loop, route: Route): Promise<void> {
  const { namespace = "", name, uid } = route.metadata;
  const fresh = await loop.context.client.get(Route, { namespace, name });
  if (fresh.metadata.uid === uid && fresh.metadata.deletionTimestamp !== undefined) return;
  throw new StatusError("Conflict", `withdrawing route ${namespace}/${name}: the cached route is outdated`);
}

async function reportRack(loop: Loop, name: string): Promise<void> {
  const rack = loop.racks.get(name);
  const network = loop.context.backends.of(name).network;
  if (rack === undefined) return;
  const isUnused = (rack.spec.network?.switch.type ?? "None") === "None";
  const condition = backendCondition("SwitchReady", isUnused ? undefined : network?.routes.value(), isUnused);
  const status = { conditions: ownConditions(rack, [condition], loop.context.clock.now()) };
  await reportStatus({
    client: loop.context.client,
    cache: loop.racks,
    kind: Rack,
    object: rack,
    status,
    manager: NAME,
  });
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
