import { StatusError } from "../../api-types/meta/status-error.js";
import type { Clock } from "../../platform/clock.js";
import { createMemoryTable } from "../memory-table.js";
import {
  type BalancerChange,
  type BalancerDriver,
  type BalancerItem,
  keyOfItem,
  type LayoutPort,
  portKey,
  type ServerItem,
  serverKey,
} from "./driver.js";

/** A proxy in memory, for simulation, plans and tests: what a healthy one would do, and what a broken one would. */
export interface MemoryBalancer extends BalancerDriver {
  items(): ReadonlyMap<string, BalancerItem>;
  /** Sessions that a server serves from now on. */
  serve(servicePort: number, id: string, sessions: number): void;
  /** The process starts anew; `isEmpty`: without its file. */
  restart(isEmpty: boolean): void;
  /** Something else listens on these ports: a layout that adds one of them is refused. */
  occupy(servicePorts: readonly number[]): void;
  /** So often was the process reloaded. */
  reloads(): number;
  breakReads(reason: string | undefined): void;
  breakWrites(error: Error | undefined): void;
}

type Items = ReadonlyMap<string, BalancerItem>;

export function createMemoryBalancer({ clock, periodMs }: { clock: Clock; periodMs: number }): MemoryBalancer {
  let taken: ReadonlySet<number> = new Set();
  let reloads = 0;
  const changed = (items: Items, change: BalancerChange): Items => {
    if (change.type !== "layout") return withServer(items, change);
    const { ports } = change;
    const isOpen = ({ servicePort }: LayoutPort) => isPortOpen(items, servicePort);
    const open = [...items.values()].filter((item) => item.type === "port" && item.isOpen);
    const isStructure = open.length !== ports.length || !ports.every(isOpen);
    const refused = ports.find((port) => !isOpen(port) && taken.has(port.servicePort));
    if (refused !== undefined) {
      throw new StatusError("Conflict", `the proxy cannot serve the layout: ${refused.servicePort} is taken`);
    }
    if (isStructure) reloads += 1;
    return isStructure ? loaded(ports) : stored(items, ports);
  };
  const table = createMemoryTable<BalancerItem, BalancerChange>({
    clock,
    periodMs,
    source: "memory-balancer",
    changed,
  });
  const set = (items: readonly BalancerItem[]) => table.replace(new Map(items.map((item) => [keyOfItem(item), item])));
  return {
    ...table,
    serve(servicePort, id, sessions) {
      set([...table.items().values()].map((item) => (isServer(item, servicePort, id) ? { ...item, sessions } : item)));
    },
    restart: (isEmpty) => table.replace(isEmpty ? new Map() : loaded(layoutOf(table.items()))),
    occupy: (ports) => {
      taken = new Set(ports);
    },
    reloads: () => reloads,
  };
}

function withServer(items: Items, change: Exclude<BalancerChange, { type: "layout" }>): Items {
  const id = change.type === "ready" ? change.server.id : change.id;
  const key = serverKey(change.servicePort, id);
  const found = items.get(key);
  const known = found?.type === "server" ? found : undefined;
  const next = new Map(items);
  switch (change.type) {
    case "ready": {
      if (!isPortOpen(items, change.servicePort)) {
        throw new StatusError("NotFound", `${key}: the proxy has no such port`);
      }
      const { servicePort, server } = change;
      const { sessions = 0 } = known ?? {};
      const isStored = known?.isStored === true && known.address === server.address && known.port === server.port;
      next.set(key, { type: "server", servicePort, ...server, state: "Ready", sessions, isStored });
      return next;
    }
    case "drain":
      if (known?.state === undefined) return items;
      next.set(key, { ...known, state: "Drain" });
      return next;
    case "remove":
      if (known?.state === undefined) return items;
      if (known.isStored) next.set(key, notRunning(known));
      else next.delete(key);
      return next;
    default:
      return change satisfies never;
  }
}

function notRunning({ state: _state, sessions: _sessions, ...server }: ServerItem): ServerItem {
  return server;
}

/** What a process knows that has just read its file. */
function loaded(ports: readonly LayoutPort[]): Items {
  const items = ports.flatMap(({ servicePort, servers }): BalancerItem[] => [
    { type: "port", servicePort, isOpen: true, isStored: true },
    ...servers.map((server) => ({
      type: "server" as const,
      servicePort,
      ...server,
      state: "Ready" as const,
      sessions: 0,
      isStored: true,
    })),
  ]);
  return new Map(items.map((item) => [keyOfItem(item), item]));
}

/** Another file; the process does not read it. */
function stored(items: Items, ports: readonly LayoutPort[]): Items {
  const next = new Map<string, BalancerItem>();
  for (const [key, item] of items) {
    if (item.type === "port" || item.state !== undefined) next.set(key, { ...item, isStored: item.type === "port" });
  }
  for (const { servicePort, servers } of ports) {
    for (const server of servers) {
      const key = serverKey(servicePort, server.id);
      next.set(key, {
        ...(next.get(key) ?? { type: "server", servicePort, ...server }),
        isStored: true,
      } as BalancerItem); // a server by its key
    }
  }
  return next;
}

function layoutOf(items: Items): LayoutPort[] {
  const all = [...items.values()];
  const ports = all.filter((item) => item.type === "port" && item.isStored);
  return ports.map(({ servicePort }) => ({
    servicePort,
    servers: all.flatMap((item) =>
      item.type === "server" && item.isStored && item.servicePort === servicePort
        ? [{ id: item.id, address: item.address, port: item.port }]
        : [],
    ),
  }));
}

function isPortOpen(items: Items, servicePort: number): boolean {
  const item = items.get(portKey(servicePort));
  return item?.type === "port" && item.isOpen;
}

function isServer(item: BalancerItem, servicePort: number, id: string): item is ServerItem {
  return item.type === "server" && item.servicePort === servicePort && item.id === id;
}
