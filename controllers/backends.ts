import { BehaviorSubject, EMPTY, mergeMap, type Observable, ReplaySubject, Subscription, skip, switchMap } from "rxjs";
import type { Rack } from "../api-types/rack.js";
import type { Agent, ComputeDriver } from "../drivers/compute/driver.js";
import type { DnsDriver } from "../drivers/dns/driver.js";
import type { BalancerDriver } from "../drivers/load-balancer/driver.js";
import type { MetricDriver } from "../drivers/metrics/driver.js";
import type { NetworkDriver } from "../drivers/network/driver.js";
import type { Observation } from "../drivers/observation.js";
import type { Cache } from "../runtime/cache.js";
import { type AddressOverlay, type BalancerConnection, type Connections, connectionsOf } from "./connections.js";
import type { Backends, Balancer, Kept, RackDrivers } from "./context.js";
import { secretNames } from "./mesos-access.js";

/** Makes the drivers; the only place that knows which technologies there are is `controllers/main.ts`. */
export interface DriverFactories {
  compute(connections: Connections, frameworkId: string | undefined): ComputeDriver | undefined;
  dns(connections: Connections): DnsDriver | undefined;
  network(connections: Connections): NetworkDriver | undefined;
  metrics(connections: Connections, agentUrl: (agentId: string) => string | undefined): MetricDriver | undefined;
  balancer(connections: Connections, proxy: BalancerConnection): BalancerDriver;
}

export interface BackendsOptions {
  readonly racks: Cache<Rack>;
  readonly factories: DriverFactories;
  /** Names of Secrets that changed: drivers that rest on them are reopened. */
  readonly secretChanges$: Observable<string>;
  /** Laid over the addresses of every Rack; drivers are reopened when it changes. */
  readonly overlay: Kept<AddressOverlay> | undefined;
}

const NONE: RackDrivers = {
  compute: undefined,
  dns: undefined,
  network: undefined,
  metrics: undefined,
  balancers: new Map(),
};

interface Open {
  /** The connections as text: other text, other drivers. */
  readonly connections: string;
  /** Names of the Secrets that the drivers were opened with. */
  readonly secrets: ReadonlySet<string>;
  readonly drivers: RackDrivers;
  close(): void;
}

/** Opens the drivers of every Rack in the cache and follows it; call after the cache is synced. */
export function createBackends({ racks, factories, secretChanges$, overlay }: BackendsOptions): Backends {
  const open = new Map<string, Open>();
  const states = createStates();

  const subscription = new Subscription();
  let isWatchingSecrets = false;

  const reopen = (name: string) => {
    const rack = racks.get(name);
    shut(name);
    if (rack !== undefined) follow(rack);
  };
  /** Secrets are nobody's business until a Rack names one. */
  const watchSecrets = () => {
    if (isWatchingSecrets) return;
    isWatchingSecrets = true;
    const changes = secretChanges$.subscribe((secret) => {
      for (const [name, { secrets }] of [...open]) if (secrets.has(secret)) reopen(name);
    });
    subscription.add(changes);
  };
  const follow = (rack: Rack) => {
    const connections = connectionsOf(rack, overlay?.value());
    const text = JSON.stringify(connections);
    const name = rack.metadata.name;
    if (open.get(name)?.connections === text) return;
    shut(name);
    const opened = openDrivers(factories, connections, rack.status?.frameworkID);
    const secrets = secretNames(connections);
    open.set(name, { connections: text, secrets, ...opened });
    if (secrets.size > 0) watchSecrets();
    states.publish(name, opened.drivers);
  };
  const shut = (name: string) => {
    open.get(name)?.close();
    open.delete(name);
  };

  for (const rack of racks.list()) follow(rack);
  subscription.add(
    racks.changes$.subscribe(({ previous, current }) => {
      if (current !== undefined) return follow(current);
      if (previous === undefined) return;
      shut(previous.metadata.name);
      states.publish(previous.metadata.name, NONE);
    }),
  );
  subscription.add(
    overlay?.changes$.subscribe(() => {
      for (const rack of racks.list()) follow(rack);
    }),
  );

  return {
    of: (rack) => open.get(rack)?.drivers ?? NONE,
    each$: states.each$,
    reopen,
    close() {
      subscription.unsubscribe();
      for (const name of [...open.keys()]) shut(name);
    },
  };
}

/** The drivers of each rack as they are opened and closed. */
function createStates(): Pick<Backends, "each$"> & { publish(name: string, drivers: RackDrivers): void } {
  const states = new Map<string, BehaviorSubject<RackDrivers>>();
  const names$ = new ReplaySubject<string>();
  return {
    publish(name, drivers) {
      const known = states.get(name);
      if (known !== undefined) return known.next(drivers);
      states.set(name, new BehaviorSubject(drivers));
      names$.next(name);
    },
    each$: (select) =>
      names$.pipe(mergeMap((name) => states.get(name)?.pipe(switchMap((drivers) => select(drivers, name))) ?? EMPTY)),
  };
}

function openDrivers(factories: DriverFactories, connections: Connections, frameworkId: string | undefined) {
  const subscriptions = new Subscription();
  const compute = keptCompute(factories.compute(connections, frameworkId), subscriptions);
  const dns = factories.dns(connections);
  const metrics = factories.metrics(connections, (agentId) => agentUrl(compute?.agents.value(), agentId));
  const balancers = connections.balancers.map((proxy): [string, Balancer] => {
    const driver = factories.balancer(connections, proxy);
    return [proxy.name, { driver, items: keep(driver.observe$, NOT_ASKED, subscriptions) }];
  });
  const drivers: RackDrivers = {
    compute,
    dns: dns && { driver: dns, entries: keep(dns.observe$, NOT_ASKED, subscriptions) },
    network: keptNetwork(factories.network(connections), subscriptions),
    metrics,
    balancers: new Map(balancers),
  };
  const close = () => {
    subscriptions.unsubscribe();
    for (const driver of [compute?.driver, dns, drivers.network?.driver, metrics]) driver?.close();
    for (const [, { driver }] of balancers) driver.close();
  };
  return { drivers, close };
}

const NOT_ASKED = { type: "Unknown", reason: "not asked yet", since: 0, source: "" } as const;

function keptCompute(driver: ComputeDriver | undefined, subscriptions: Subscription): RackDrivers["compute"] {
  if (driver === undefined) return undefined;
  return {
    driver,
    connection: keep(driver.connection$, { type: "connecting", reason: "not connected yet", since: 0 }, subscriptions),
    tasks: keep(driver.tasks$, NOT_ASKED, subscriptions),
    agents: keep(driver.agents$, NOT_ASKED, subscriptions),
    offers: keep(driver.offers$, [], subscriptions),
  };
}

function keptNetwork(driver: NetworkDriver | undefined, subscriptions: Subscription): RackDrivers["network"] {
  const told$ = driver?.advertising?.observe$;
  return (
    driver && {
      driver,
      routes: keep(driver.observe$, NOT_ASKED, subscriptions),
      told: told$ && keep(told$, NOT_ASKED, subscriptions),
    }
  );
}

/** Remembers the last value of a stream, from now until the subscriptions end. */
function keep<T>(source$: Observable<T>, initial: T, subscriptions: Subscription): Kept<T> {
  const state = new BehaviorSubject(initial);
  subscriptions.add(source$.subscribe((value) => state.next(value)));
  return { value: () => state.value, changes$: state.pipe(skip(1)) };
}

function agentUrl(agents: Observation<Agent> | undefined, agentId: string): string | undefined {
  return agents === undefined || agents.type === "Unknown" ? undefined : agents.items.get(agentId)?.url;
}
