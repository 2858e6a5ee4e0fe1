import type { BgpState } from "./bgp/state.js";

/** A next hop as it was configured. */
export interface ConfiguredHop {
  readonly ip: string;
  readonly interface: string;
  readonly weight: number;
}

/** A static route as it was configured. */
export interface ConfiguredRoute {
  readonly id: string;
  readonly prefix: string;
  readonly isNull: boolean;
  readonly protocol: string;
  readonly cost: number;
  readonly nextHops: readonly ConfiguredHop[];
}

/** A port of the switch. */
export interface Port {
  readonly name: string;
  readonly ifIndex: number;
  readonly isUp: boolean;
  readonly speed: number;
  readonly breakOutMode: string;
}

/** A VLAN, with its untagged and tagged ports as configured. */
export interface Vlan {
  readonly id: string;
  readonly vlanId: number;
  readonly ports: readonly string[];
  readonly untaggedPorts: readonly string[];
}

/** An interface with an address: its network is connected. */
export interface Interface {
  readonly id: string;
  readonly name: string;
  /** e.g. `10.250.3.20/24`. */
  readonly cidr: string;
}

/** The configuration of a switch: what survives the restart of its agent. */
export interface SwitchState {
  readonly routes: readonly ConfiguredRoute[];
  readonly ports: readonly Port[];
  readonly vlans: readonly Vlan[];
  readonly interfaces: readonly Interface[];
  /** Undefined in what was stored before BGP was simulated. */
  readonly bgp?: BgpState;
}
