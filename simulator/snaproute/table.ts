import { type Observable, Subject } from "rxjs";
import { contains, formatIpv4Prefix, parseIpv4, prefixAround } from "../../drivers/network/prefix.js";
import type { Clock } from "../../platform/clock.js";
import type { ConfiguredRoute, Interface } from "./state.js";

/** A route in the switch's table. */
export interface TableRoute {
  readonly prefix: string;
  readonly protocol: "STATIC" | "CONNECTED";
  readonly isNull: boolean;
  readonly nextHops: readonly { readonly ip: string; readonly interface: string; readonly weight: number }[];
  /** Wall time, milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One change of the table, told when it takes effect. */
export type TableChange =
  | { readonly type: "added" | "changed"; readonly route: TableRoute }
  | { readonly type: "removed"; readonly prefix: string };

/** What the hardware forwards by. Changes take effect in order, a little after they were accepted. */
export interface Table {
  readonly changes$: Observable<TableChange>;
  routes(): ReadonlyMap<string, TableRoute>;
  /** Puts a configured route into effect after the delay. */
  set(route: ConfiguredRoute): void;
  remove(prefix: string): void;
  /** Connects a network at once. */
  connect(connected: Interface): void;
  /** The interface through which a next hop is reached. */
  interfaceOf(nextHop: string): string | undefined;
  /** Empties the table and forgets what was queued. */
  clear(): void;
}

/** An empty table. */
export function createTable(clock: Clock, delayMs: number): Table {
  const routes = new Map<string, TableRoute>();
  const interfaces: Interface[] = [];
  const changes = new Subject<TableChange>();
  let generation = 0;

  const later = (run: () => void) => {
    const accepted = generation;
    clock.schedule(delayMs, () => {
      if (generation === accepted) run();
    });
  };
  const interfaceOf = (nextHop: string) => interfaceAmong(interfaces, nextHop);
  const put = (route: Omit<TableRoute, "createdAt" | "updatedAt">) => {
    const known = routes.get(route.prefix);
    if (known?.protocol === "CONNECTED") return;
    const stored = { ...route, createdAt: known?.createdAt ?? clock.now(), updatedAt: clock.now() };
    routes.set(route.prefix, stored);
    changes.next({ type: known === undefined ? "added" : "changed", route: stored });
  };
  const drop = (prefix: string) => {
    if (routes.delete(prefix)) changes.next({ type: "removed", prefix });
  };

  return {
    changes$: changes.asObservable(),
    routes: () => routes,
    interfaceOf,
    set: ({ prefix, isNull, nextHops }) =>
      later(() => {
        const resolved = nextHops.map((hop) => ({ ...hop, interface: hop.interface || (interfaceOf(hop.ip) ?? "") }));
        put({ prefix, protocol: "STATIC", isNull, nextHops: resolved });
      }),
    remove: (prefix) =>
      later(() => {
        if (routes.get(prefix)?.protocol === "STATIC") drop(prefix);
      }),
    connect(connected) {
      interfaces.push(connected);
      const prefix = formatIpv4Prefix(networkOf(connected));
      const nextHops = [{ ip: "0.0.0.0", interface: connected.name, weight: 0 }];
      put({ prefix, protocol: "CONNECTED", isNull: false, nextHops });
    },
    clear() {
      generation += 1;
      interfaces.length = 0;
      for (const prefix of [...routes.keys()]) drop(prefix);
    },
  };
}

function interfaceAmong(interfaces: readonly Interface[], nextHop: string): string | undefined {
  const address = parseIpv4(nextHop);
  if (address === undefined) return undefined;
  return interfaces.find((one) => contains(networkOf(one), address))?.name;
}

function networkOf({ cidr }: Interface) {
  const [address = "", length = "32"] = cidr.split("/");
  return prefixAround(parseIpv4(address) ?? 0, Number(length));
}
