import type { Observable } from "rxjs";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import type { Random } from "../../platform/random.js";
import type { HttpHandler } from "../../platform/transport.js";
import { createBgp, idleBgp } from "./bgp/bgp.js";
import { createHandler } from "./handler.js";
import { createRouteConfig } from "./route-config.js";
import type { SwitchState } from "./state.js";
import { createSwitchObjects } from "./switch-objects.js";
import { createTable, type TableChange, type TableRoute } from "./table.js";

/** A switch with SnapRoute's agent in this process. */
export interface SnapRoute {
  /** Its REST API. */
  readonly handler: HttpHandler;
  /** The table in effect, by prefix. */
  routes(): ReadonlyMap<string, TableRoute>;
  /** Changes as they take effect; never completes, cannot error, does not replay. */
  readonly routes$: Observable<TableChange>;
  /** The prefixes that its BGP tells its neighbours. */
  told(): ReadonlySet<string>;
  /** The configuration, as plain data. */
  snapshot(): SwitchState;
  /** The agent restarts: the table is empty and everything answers 503 until it is up; with `wipe` the static routes and the policies are lost. */
  restart(options: { readonly wipe: boolean }): void;
}

/** What a simulated switch is made of. */
export interface SnapRouteOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Interfaces with an address, e.g. `{ name: "vlan100", cidr: "10.250.3.20/24" }`: next hops must lie in their networks. */
  readonly connected: readonly { readonly name: string; readonly cidr: string }[];
  readonly ports?: readonly string[];
  /** Continues from an earlier snapshot; `connected` and `ports` are then not used. */
  readonly state?: SwitchState;
  /** Called after every accepted change of the configuration; must not throw. */
  readonly onChange?: () => void;
  /** Whether the build has policies and BGP; default true. */
  readonly hasPolicies?: boolean;
  /** From accepted to in effect. */
  readonly applyDelayMs?: number;
  /** From restart to ready. */
  readonly startMs?: number;
}

/** A switch that is up; its connected networks are in the table. */
export function createSnapRoute(options: SnapRouteOptions): SnapRoute {
  const { clock, random, log } = options;
  const delayMs = options.applyDelayMs ?? 2;
  const table = createTable(clock, delayMs);
  const nextId = () => random.uuid();
  const routes = createRouteConfig(table, nextId);
  const objects = createSwitchObjects(table, nextId);
  const onChange = options.onChange ?? (() => {});
  const bgp = createBgp({ nextId, later: (run) => clock.schedule(delayMs, run), onChange });
  const initial = options.state ?? initialState(options, nextId);
  let isReady = true;
  let restarts = 0;

  const load = (state: SwitchState) => {
    table.clear();
    objects.load(state);
    routes.load(state.routes);
    bgp.load(state.bgp ?? idleBgp(nextId));
  };
  const snapshot = (): SwitchState => ({ ...objects.snapshot(), routes: routes.list(), bgp: bgp.snapshot() });
  load(initial);

  return {
    handler: createHandler({
      isReady: () => isReady,
      table,
      routes,
      objects,
      bgp: (options.hasPolicies ?? true) ? bgp : undefined,
      reset: () => load({ ports: snapshot().ports, routes: [], vlans: [], interfaces: [] }),
      onChange,
    }),
    routes: table.routes,
    routes$: table.changes$,
    told: () => bgp.told(table.routes().values()),
    snapshot,
    restart({ wipe }) {
      isReady = false;
      const started = ++restarts;
      if (wipe) {
        routes.load([]);
        bgp.load(idleBgp(nextId));
      }
      table.clear();
      log.info("switch agent restarts", { wipe, routes: routes.list().length });
      clock.schedule(options.startMs ?? 1000, () => {
        // a later restart begins the wait anew
        if (started !== restarts) return;
        load(snapshot());
        isReady = true;
      });
    },
  };
}

function initialState({ connected, ports = [] }: SnapRouteOptions, nextId: () => string): SwitchState {
  return {
    routes: [],
    vlans: [],
    ports: ports.map((name, index) => ({ name, ifIndex: index + 1, isUp: true, speed: 10_000, breakOutMode: "1x40" })),
    interfaces: connected.map((one) => ({ id: nextId(), ...one })),
  };
}
