import { StatusError } from "../../api-types/meta/status-error.js";
import type { Clock } from "../../platform/clock.js";
import { createMemoryTable } from "../memory-table.js";
import type { AdvertisingDriver, NetworkDriver, NextHop, RouteChange, SwitchRoute } from "./driver.js";

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
  readonly advertising?: AdvertisingDriver;
}): MemoryNetwork {
  const { clock, periodMs, holdsStamps, advertising } = options;
  const table = createMemoryTable<SwitchRoute, RouteChange>({
    clock,
    periodMs,
    source: SOURCE,
    changed: (items, change) => changed(items, change, holdsStamps),
  });
  return {
    observe$: table.observe$,
    read: table.read,
    apply: table.apply,
    close() {
      table.close();
      advertising?.close();
    },
    advertising,
    load: (routes) => table.replace(new Map([...routes].map((route) => [route.prefix, route]))),
    routes: table.items,
    breakReads: table.breakReads,
    breakWrites: table.breakWrites,
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
