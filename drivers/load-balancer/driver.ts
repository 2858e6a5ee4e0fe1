import type { Driver } from "../driver.js";

/** How the options `balance` of a Rack choose a server; the words are HAProxy's. */
export type Balance = "leastconn" | "roundrobin" | "random" | "source";

/** Where one server behind a service port is. */
export interface ServerTarget {
  /** Unique behind its port; the Mesos task it is, so that nothing else is ever meant by it. */
  readonly id: string;
  readonly address: string;
  readonly port: number;
}

/** A service port on one proxy. Key: the number. */
export interface PortItem {
  readonly type: "port";
  readonly servicePort: number;
  /** The running process listens on it, as this driver's options say. */
  readonly isOpen: boolean;
  /** The file that a reload or a restart reads has it. */
  readonly isStored: boolean;
}

/** A server behind a service port of ours. Key: `servicePort/id`. */
export interface ServerItem extends ServerTarget {
  readonly type: "server";
  readonly servicePort: number;
  /** Unset: the running process does not know it, it stands in the file only. */
  readonly state?: "Ready" | "Drain" | "Maint";
  /** Sessions it serves now; unset: nobody can tell, because a process from before a reload still serves some. */
  readonly sessions?: number;
  /** The file has it, at this address. */
  readonly isStored: boolean;
}

export type BalancerItem = PortItem | ServerItem;

/** What a proxy shall listen on, and who stands behind it after a reload or a restart. */
export interface LayoutPort {
  readonly servicePort: number;
  readonly servers: readonly ServerTarget[];
}

export type BalancerChange =
  /** Replaces what we store, whole; the process is reloaded only when it lacks a port or has one too many. */
  | { readonly type: "layout"; readonly ports: readonly LayoutPort[] }
  /** It takes sessions; one that is there in another state or elsewhere becomes so. */
  | { readonly type: "ready"; readonly servicePort: number; readonly server: ServerTarget }
  /** It keeps its sessions and gets no new ones. */
  | { readonly type: "drain"; readonly servicePort: number; readonly id: string }
  /** It is gone; sessions that it still has are ended. */
  | { readonly type: "remove"; readonly servicePort: number; readonly id: string };

/**
 * One proxy in front of services. Only ports and servers of our own identity are observed or changed. A layout that the
 * proxy cannot serve, e.g. because a port is taken, is refused as a whole (`Conflict`), and the one before goes on.
 */
export type BalancerDriver = Driver<BalancerItem, BalancerChange>;

export function portKey(servicePort: number): string {
  return String(servicePort);
}

export function serverKey(servicePort: number, id: string): string {
  return `${servicePort}/${id}`;
}

export function keyOfItem(item: BalancerItem): string {
  return item.type === "port" ? portKey(item.servicePort) : serverKey(item.servicePort, item.id);
}
