import type { Driver } from "../driver.js";
import type { Stamp } from "../observation.js";

export interface NextHop {
  readonly address: string;
  /** 0 or unset: equal share. */
  readonly weight?: number;
  readonly interface?: string;
}

/** One static route of the switch. Key: the canonical prefix, e.g. `192.168.2.3/32`. */
export interface SwitchRoute {
  readonly prefix: string;
  /** Sorted by address. Empty: a null route. */
  readonly nextHops: readonly NextHop[];
  /** As the switch says, e.g. `STATIC`, `CONNECTED`. */
  readonly protocol: string;
  /** Undefined where the back end cannot hold one (SnapRoute). */
  readonly stamp?: Stamp;
}

export type RouteChange =
  | { readonly type: "set"; readonly prefix: string; readonly nextHops: readonly NextHop[]; readonly stamp: Stamp }
  | { readonly type: "remove"; readonly prefix: string };

/** The route table of one switch, connected and foreign routes included. */
export interface NetworkDriver extends Driver<SwitchRoute, RouteChange> {
  /** What the switch tells of its routes beyond the rack; undefined: it has nobody to tell. Closed with the table. */
  readonly advertising: AdvertisingDriver | undefined;
}

/**
 * What a switch's BGP tells beyond the rack, in as far as it concerns static routes.
 *
 * | type     | key of the item  | what it says                                                              |
 * |----------|------------------|---------------------------------------------------------------------------|
 * | `prefix` | the prefix       | ours, by its name. `isWhole`: told while the switch routes it; else parts of it are there, and nothing is told |
 * | `policy` | `policy <name>`  | static routes are told by what is not ours, or no more as we made it      |
 * | `unable` | `unable`         | nothing is told at all: `NoPolicies`, the build cannot; `Disabled`, BGP does not run |
 */
export type Advertisement =
  | { readonly type: "prefix"; readonly prefix: string; readonly isWhole: boolean }
  | { readonly type: "policy"; readonly name: string; readonly sources: string; readonly isOurs: boolean }
  | { readonly type: "unable"; readonly why: "NoPolicies" | "Disabled"; readonly reason: string };

/** `advertise` tells a prefix to the world, `withdraw` leaves no trace of it. */
export type AdvertisingChange = { readonly type: "advertise" | "withdraw"; readonly prefix: string };

/**
 * What is told of the routes of one switch. A prefix that was not asked for is never told by a change, whatever the
 * change before it left undone, and nothing of anybody else is changed.
 */
export type AdvertisingDriver = Driver<Advertisement, AdvertisingChange>;

/** The key of an item. */
export function advertisementKey(item: Advertisement): string {
  if (item.type === "prefix") return item.prefix;
  return item.type === "policy" ? `policy ${item.name}` : UNABLE;
}

/** The key of the item that says why nothing is told. */
export const UNABLE = "unable";
