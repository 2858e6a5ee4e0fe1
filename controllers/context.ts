import type { Observable } from "rxjs";
import type { Execute } from "../actuation/action.js";
import type { Client } from "../client/client.js";
import type { MesosSecrets } from "../client/mesos-access.js";
import type { Agent, ComputeDriver, Connection, Offer, Task } from "../drivers/compute/driver.js";
import type { DnsDriver, DnsEntry } from "../drivers/dns/driver.js";
import type { BalancerDriver, BalancerItem } from "../drivers/load-balancer/driver.js";
import type { MetricDriver, NodeMeter, PointSink } from "../drivers/metrics/driver.js";
import type { Advertisement, NetworkDriver, SwitchRoute } from "../drivers/network/driver.js";
import type { Observation } from "../drivers/observation.js";
import type { ProbeDriver } from "../drivers/probe/driver.js";
import type { Clock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Metrics } from "../platform/metrics.js";
import type { Random } from "../platform/random.js";
import type { Informers } from "../runtime/informers.js";
import type { AddressOverlay } from "./connections.js";
import type { ServerSecrets } from "./server-access.js";

/** The last value of a stream, readable at any time. */
export interface Kept<T> {
  value(): T;
  /** Later values; never completes, cannot error, does not replay. */
  readonly changes$: Observable<T>;
}

/** The open connections of one rack, with what each last said; a back end that the Rack does not name is undefined. */
export interface RackDrivers {
  readonly compute:
    | {
        readonly driver: ComputeDriver;
        readonly connection: Kept<Connection>;
        readonly tasks: Kept<Observation<Task>>;
        readonly agents: Kept<Observation<Agent>>;
        readonly offers: Kept<readonly Offer[]>;
      }
    | undefined;
  readonly dns: { readonly driver: DnsDriver; readonly entries: Kept<Observation<DnsEntry>> } | undefined;
  readonly network:
    | {
        readonly driver: NetworkDriver;
        readonly routes: Kept<Observation<SwitchRoute>>;
        /** Undefined: the switch has nobody to tell of its routes. */
        readonly told: Kept<Observation<Advertisement>> | undefined;
      }
    | undefined;
  readonly metrics: MetricDriver | undefined;
  /** By the names of the proxies. */
  readonly balancers: ReadonlyMap<string, Balancer>;
}

export interface Balancer {
  readonly driver: BalancerDriver;
  readonly items: Kept<Observation<BalancerItem>>;
}

/** Drivers by rack; opened when a Rack appears, reopened when its addresses change. */
export interface Backends {
  of(rack: string): RackDrivers;
  /** What `select` gives of every open rack, switched when drivers are reopened; never completes or errors. */
  each$<T>(select: (drivers: RackDrivers, rack: string) => Observable<T>): Observable<T>;
  /** Closes a rack's drivers and opens them anew, with what its status says now. */
  reopen(rack: string): void;
  close(): void;
}

/** Where nodes are measured; undefined secrets: nothing proves us. */
export type MeterSource =
  | { readonly type: "agents"; readonly secrets: MesosSecrets | undefined }
  | { readonly type: "pcp"; readonly port: number };

/** An InfluxDB 1.x that points are written to. */
export interface SinkTarget {
  readonly address: string;
  readonly database: string;
  readonly secrets: ServerSecrets;
}

/** Opens what a collector reads from and writes to; who opens it closes it. */
export interface Metering {
  meter(source: MeterSource, agentUrl: (agentId: string) => string | undefined): NodeMeter;
  sink(target: SinkTarget): PointSink;
}

/** What every loop is given. */
export interface LoopContext {
  /** Fenced with this process's term; answers are visible in the caches at once. */
  readonly client: Client;
  readonly informers: Informers;
  readonly backends: Backends;
  /** Addresses laid over those of every Rack's spec; undefined: the spec's own are used. */
  readonly overlay: Kept<AddressOverlay> | undefined;
  readonly execute: Execute;
  /** Asks instances whether they are well. */
  readonly prober: ProbeDriver;
  readonly metering: Metering;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** The term of this process's leadership. */
  readonly term: number;
}
