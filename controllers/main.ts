import {
  catchError,
  defer,
  distinctUntilChanged,
  EMPTY,
  finalize,
  from,
  map,
  mergeMap,
  type Observable,
  startWith,
  switchMap,
} from "rxjs";
import { createExecutor } from "../actuation/executor.js";
import { DisruptionOverride } from "../api-types/disruption-override.js";
import { DnsRecord } from "../api-types/dns-record.js";
import { Instance } from "../api-types/instance.js";
import { isStatus } from "../api-types/meta/status-error.js";
import { Rack } from "../api-types/rack.js";
import { Route } from "../api-types/route.js";
import { SYSTEM_NAMESPACE } from "../api-types/well-known.js";
import type { Client } from "../client/client.js";
import { readMesosAccess } from "../client/mesos-access.js";
import { createMesosDriver } from "../drivers/compute/mesos/driver.js";
import { withAccess } from "../drivers/compute/mesos/session/access.js";
import { createNameServer } from "../drivers/dns/builtin/name-server.js";
import type { MessageNetwork } from "../drivers/dns/builtin/network/message-network.js";
import { socketMessages } from "../drivers/dns/builtin/network/sockets.js";
import { createConsulDriver } from "../drivers/dns/consul/consul.js";
import { createHaproxyDriver } from "../drivers/load-balancer/haproxy/haproxy.js";
import { createInfluxSink } from "../drivers/metrics/influxdb/sink.js";
import { createAgentsMeter } from "../drivers/metrics/mesos/agents-meter.js";
import { createMesosMetrics } from "../drivers/metrics/mesos/mesos.js";
import { createPcpMeter } from "../drivers/metrics/pcp/meter.js";
import { createSnaprouteDriver } from "../drivers/network/snaproute/snaproute.js";
import type { ProbeDriver } from "../drivers/probe/driver.js";
import { createNetworkProber } from "../drivers/probe/network.js";
import type { Clock } from "../platform/clock.js";
import { type AskLine, lineSocket } from "../platform/line-socket.js";
import type { Logger } from "../platform/log.js";
import type { Metrics } from "../platform/metrics.js";
import type { Random } from "../platform/random.js";
import { textFiles } from "../platform/text-file.js";
import type { HttpHandler } from "../platform/transport.js";
import type { Cache } from "../runtime/cache.js";
import { type ControllerOutcome, runControllers } from "../runtime/controller.js";
import { createInformers, writeThrough } from "../runtime/informers.js";
import { elect, type Leadership } from "../runtime/leader.js";
import { anycastController } from "./anycast/controller.js";
import { createBackends, type DriverFactories } from "./backends.js";
import { collectorController } from "./collector/controller.js";
import { computeController } from "./compute/controller.js";
import type { AddressOverlay } from "./connections.js";
import type { Backends, Kept, LoopContext, Metering } from "./context.js";
import { disruptionBudget, freezeReason, overridesOf } from "./disruption.js";
import { dnsRecordController } from "./dns-record/controller.js";
import { endpointsController } from "./endpoints/controller.js";
import { executorBackends } from "./executor-backends.js";
import { garbageCollectionController } from "./garbage-collection/controller.js";
import { instanceController } from "./instance/controller.js";
import { ipAddressController } from "./ip-address/controller.js";
import { loadBalancerController } from "./load-balancer/controller.js";
import { mesosAccess, secretChanges$ } from "./mesos-access.js";
import { type NameServers, startNameServers } from "./name-servers.js";
import { nodeController } from "./node/controller.js";
import { placementController } from "./placement/controller.js";
import { probeController } from "./probe/controller.js";
import { rackController } from "./rack/controller.js";
import { routeController } from "./route/controller.js";
import { scalingPolicyController } from "./scaling-policy/controller.js";
import { readServerAccess, recentAccess } from "./server-access.js";
import { serviceGroupController } from "./service-group/controller.js";

/** What the control loops of one process run on. */
export interface ControllersOptions {
  readonly client: Client;
  /** How drivers reach back ends. */
  readonly transport: HttpHandler;
  /** How instances are asked whether they are well; default: over sockets of this process. */
  readonly prober?: ProbeDriver;
  /** How proxies are driven; default: HAProxy by `ask` and files. */
  readonly balancer?: DriverFactories["balancer"];
  /** Where built-in name servers listen, and ask others; default: the sockets of this process. */
  readonly messages?: MessageNetwork;
  /** How line protocols are spoken; default: over sockets of this process. */
  readonly ask?: AskLine;
  /** Laid over the addresses of every Rack, in memory; a change reopens the drivers. */
  readonly overlay?: Kept<AddressOverlay>;
  /** Unique to this process, named in the Lease. */
  readonly identity: string;
  /** Whether the holder of the Lease is known to be dead. */
  readonly takeOverHolder?: (identity: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: Metrics;
}

/** Every loop of the product, one line each. */
const CONTROLLERS = [
  rackController,
  nodeController,
  serviceGroupController,
  computeController,
  placementController,
  instanceController,
  probeController,
  endpointsController,
  anycastController,
  routeController,
  dnsRecordController,
  loadBalancerController,
  ipAddressController,
  scalingPolicyController,
  collectorController,
  garbageCollectionController,
];

const LEASE_NAME = "controllers";

export interface Controllers {
  readonly leadership$: Observable<Leadership>;
  /** Stops all loops, then gives the lease back. */
  stop(): Promise<void>;
}

/** Takes part in the election and runs the loops while leading. */
export function startControllers(options: ControllersOptions): Controllers {
  const { client, clock, random, log, metrics, identity, takeOverHolder } = options;
  const election = elect({
    client,
    clock,
    random,
    log,
    namespace: SYSTEM_NAMESPACE,
    name: LEASE_NAME,
    identity,
    ...(takeOverHolder === undefined ? {} : { takeOverHolder }),
  });
  const master = metrics?.gauge({
    name: "leader_election_master_status",
    help: "1 while this process leads.",
    labelNames: ["name"],
  });
  // who asks for names does not ask who leads
  const nameServers = nameServersOf(options);
  const subscription = election.leadership$
    .pipe(
      switchMap((leadership) => {
        master?.set({ name: LEASE_NAME }, leadership.isLeader ? 1 : 0);
        return leadership.isLeader ? lead(options, leadership, nameServers) : EMPTY;
      }),
    )
    .subscribe();
  return {
    leadership$: election.leadership$,
    async stop() {
      subscription.unsubscribe();
      await election.release();
      await nameServers.close();
    },
  };
}

/** All loops under one term; completes when the term turns out to be over. Nothing of it outlives the subscription. */
function lead(
  options: ControllersOptions,
  leadership: Leadership,
  nameServers: NameServers,
): Observable<ControllerOutcome> {
  const { clock, random, log } = options;
  return defer(() => {
    log.info("leading", { term: leadership.term });
    const fenced = options.client.withFence({ namespace: SYSTEM_NAMESPACE, lease: LEASE_NAME, term: leadership.term });
    const informers = createInformers({ client: fenced, clock, random, log });
    const client = writeThrough(fenced, informers);
    const racks = informers.cache(Rack, {});
    informers.cache(DisruptionOverride);
    return from(informers.whenSynced()).pipe(
      mergeMap(() => {
        const backends = backendsOf(options, factoriesOf(options, client, nameServers), { client, racks });
        const caches = {
          racks,
          overrides: informers.cache(DisruptionOverride),
          instances: informers.cache(Instance),
          routes: informers.cache(Route),
          records: informers.cache(DnsRecord),
        };
        const overrides = overridesOf({ client, clock, overrides: caches.overrides });
        const execute = createExecutor({
          backends: executorBackends(backends, clock, client),
          leadership,
          budget: disruptionBudget({ client, ...caches }),
          overrides,
          freezeReason: freezeReason(racks, overrides),
          periodMs: (rack) => (racks.get(rack)?.spec.intervals.observeSeconds ?? 5) * 1000,
          clock,
          log,
          ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
        });
        const context: LoopContext = {
          client,
          informers,
          backends,
          overlay: options.overlay,
          execute,
          prober: options.prober ?? createNetworkProber(clock),
          metering: meteringOf(options, client),
          clock,
          random,
          log,
          ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
          term: Number(leadership.term),
        };
        return resyncSeconds$(racks).pipe(
          switchMap((resyncSeconds) => run(options, context, resyncSeconds)),
          finalize(() => backends.close()),
        );
      }),
      finalize(() => informers.stop()),
    );
  });
}

/** The shortest `spec.intervals.resyncSeconds` of all racks; loops begin anew when it changes. */
function resyncSeconds$(racks: Cache<Rack>): Observable<number> {
  const shortest = () => Math.min(RESYNC_SECONDS, ...racks.list().map((rack) => rack.spec.intervals.resyncSeconds));
  return racks.changes$.pipe(startWith(undefined), map(shortest), distinctUntilChanged());
}

const RESYNC_SECONDS = 60;

function run(options: ControllersOptions, context: LoopContext, resyncSeconds: number): Observable<ControllerOutcome> {
  const { informers, clock, random, log } = context;
  const metrics = options.metrics === undefined ? {} : { metrics: options.metrics };
  const loops = CONTROLLERS.map((controller) => controller(context));
  return runControllers(loops, { informers, clock, random, log, resyncSeconds, ...metrics }).pipe(
    catchError((error: unknown) => {
      log.error("loops stopped", { reason: isStatus(error) ? error.reason : "unknown", error });
      return EMPTY;
    }),
  );
}

function backendsOf(
  { clock, random, log, overlay }: ControllersOptions,
  factories: DriverFactories,
  { client, racks }: { readonly client: Client; readonly racks: Cache<Rack> },
): Backends {
  return createBackends({ racks, factories, secretChanges$: secretChanges$({ client, clock, random, log }), overlay });
}

/** The built-in name servers of this process, and how often they answered what. */
function nameServersOf({ client, clock, random, log, metrics, ...options }: ControllersOptions): NameServers {
  const answers = metrics?.counter({
    name: "dns_answers_total",
    help: "Answers of the built-in name servers, by their code; FORWARDED: those of a resolver.",
    labelNames: ["rack", "rcode"],
  });
  const network = options.messages ?? socketMessages(clock);
  const open = (rack: string) =>
    createNameServer({ network, clock, random, log, counted: (rcode) => answers?.inc({ rack, rcode }) });
  return startNameServers({ client, clock, random, log, open });
}

/** A runtime API answers in milliseconds; its statistics have some hundred bytes for each server. */
const LINE_BOUNDS = { timeoutMs: 3000, bytesMax: 64 * 1024 * 1024 };

/** Which technology drives which area. */
function factoriesOf(
  { transport, clock, random, log, balancer, ask = lineSocket({ clock, ...LINE_BOUNDS }) }: ControllersOptions,
  client: Client,
  nameServers: NameServers,
): DriverFactories {
  const tools = { transport, clock, random, log };
  return {
    compute: ({ compute, identity, observePeriodMs }, frameworkId) => {
      if (compute === undefined) return undefined;
      const { principal, secrets, ...rest } = compute;
      const who = {
        ...(principal === undefined ? {} : { principal }),
        ...(secrets === undefined ? {} : { access: mesosAccess(client, secrets) }),
      };
      return createMesosDriver({ ...tools, ...rest, ...who, identity, observePeriodMs, frameworkId });
    },
    dns: ({ dns, identity, observePeriodMs }) => {
      if (dns === undefined) return undefined;
      if (dns.type === "Builtin") return nameServers.of(dns.rack).openDriver({ identity, periodMs: observePeriodMs });
      const datacenter = dns.datacenter === undefined ? {} : { datacenter: dns.datacenter };
      return createConsulDriver({ ...tools, address: dns.address, ...datacenter, identity, periodMs: observePeriodMs });
    },
    network: ({ network, identity, observePeriodMs }) =>
      network && createSnaprouteDriver({ ...tools, address: network.address, identity, periodMs: observePeriodMs }),
    metrics: ({ compute }, agentUrl) => {
      if (compute === undefined) return undefined;
      const { secrets } = compute;
      const known = secrets === undefined ? transport : withAccess(transport, mesosAccess(client, secrets));
      return createMesosMetrics({ transport: known, agentUrl, clock, log });
    },
    balancer:
      balancer ??
      (({ identity, observePeriodMs }, proxy) =>
        createHaproxyDriver({ ...tools, ...proxy, ask, files: textFiles, identity, periodMs: observePeriodMs })),
  };
}

/** Which technology measures nodes, and which keeps time series. */
function meteringOf({ transport, clock, log }: ControllersOptions, client: Client): Metering {
  return {
    meter(source, agentUrl) {
      if (source.type === "pcp") return createPcpMeter({ transport, port: source.port, clock });
      const { secrets } = source;
      const read = secrets && recentAccess(() => readMesosAccess(client, secrets), clock);
      return createAgentsMeter({ transport: read ? withAccess(transport, read) : transport, agentUrl, clock, log });
    },
    sink({ secrets, ...target }) {
      const read = recentAccess(() => readServerAccess(client, secrets), clock);
      return createInfluxSink({ ...target, transport: withAccess(transport, read), clock });
    },
  };
}
