import type { Driver } from "../driver.js";
import type { Stamp } from "../observation.js";
import type { AdvertisingDriver } from "./advertising.js";

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
