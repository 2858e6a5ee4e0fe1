import { BehaviorSubject, filter, map, merge, takeUntil } from "rxjs";
import { StatusError } from "../../api-types/meta/status-error.js";
import { type Clock, every$ } from "../../platform/clock.js";
import type { Observation } from "../observation.js";
import type { NetworkDriver, NextHop, RouteChange, SwitchRoute } from "./driver.js";

/** A switch table in memory, for simulation, plans and tests: what a healthy switch would do, and what a broken one would. */
export interface MemoryNetwork extends NetworkDriver {
  /** Replaces the table, e.g. by the last complete observation. */
  load(routes: Iterable<SwitchRoute>): void;
  routes(): ReadonlyMap<string, SwitchRoute>;
  /** Observations become Unknown and reads unknown for `reason`; undefined heals. */
  breakReads(reason: string | undefined): void;
  /** Every change rejects with `error` and does nothing; undefined heals. */
  breakWrites(error: Error | undefined): void;
}

/** An empty table. `holdsStamps` is false for switches that cannot store an owner. */
export function createMemoryNetwork(options: {
  readonly clock: Clock;
  readonly periodMs: number;
  readonly holdsStamps: boolean;
}): MemoryNetwork {
  const { clock, periodMs, holdsStamps } = options;
  const changes = new BehaviorSubject<"changed" | "closed">("changed");
  let items: ReadonlyMap<string, SwitchRoute> = new Map();
  let index = 1;
  let fault: { readonly reason: string; readonly since: number } | undefined;
  let writeError: Error | undefined;

  const observation = (): Observation<SwitchRoute> =>
    fault === undefined
      ? { type: "Complete", items, origin: { source: SOURCE, epoch: SOURCE, index, takenAt: clock.monotonic() } }
      : { type: "Unknown", reason: fault.reason, since: fault.since, source: SOURCE };
  const replace = (next: ReadonlyMap<string, SwitchRoute>) => {
    items = next;
    index += 1;
    changes.next("changed");
  };

  return {
    observe$: merge(changes, every$(clock, periodMs)).pipe(
      takeUntil(changes.pipe(filter((change) => change === "closed"))),
      map(observation),
    ),
    async read(key) {
      if (fault !== undefined) return { type: "unknown", reason: fault.reason };
      const item = items.get(key);
      return item === undefined ? { type: "absent" } : { type: "present", item };
    },
    async apply(change) {
      if (writeError !== undefined) throw writeError;
      const next = changed(items, change, holdsStamps);
      if (next !== items) replace(next);
    },
    close: () => changes.next("closed"),
    load: (routes) => replace(new Map([...routes].map((route) => [route.prefix, route]))),
    routes: () => items,
    breakReads(reason) {
      fault = reason === undefined ? undefined : { reason, since: clock.monotonic() };
      changes.next("changed");
    },
    breakWrites(error) {
      writeError = error;
    },
  };
}

const SOURCE = "memory-network";

function changed(items: ReadonlyMap<string, SwitchRoute>, change: RouteChange, holdsStamps: boolean) {
  const observed = items.get(change.prefix);
  if (observed !== undefined && observed.protocol !== "STATIC") {
    throw new StatusError("Conflict", `${change.type} ${change.prefix}: the route is ${observed.protocol}`);
  }
  if (change.type === "remove" && observed === undefined) return items;
  const next = new Map(items);
  if (change.type === "remove") next.delete(change.prefix);
  else next.set(change.prefix, routeOf(change, holdsStamps));
  return next;
}

function routeOf(change: Extract<RouteChange, { type: "set" }>, holdsStamps: boolean): SwitchRoute {
  const route = { prefix: change.prefix, nextHops: sortNextHops(change.nextHops), protocol: "STATIC" };
  return holdsStamps ? { ...route, stamp: change.stamp } : route;
}

/** Next hops in the order of a SwitchRoute. */
export function sortNextHops(nextHops: readonly NextHop[]): readonly NextHop[] {
  return nextHops.toSorted((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}
