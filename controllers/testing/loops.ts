import { BehaviorSubject, EMPTY, type Observable, skip } from "rxjs";
import type { Action, Execute, Outcome } from "../../actuation/action.js";
import { Instance } from "../../api-types/instance.js";
import { KINDS } from "../../api-types/kinds.js";
import type { Kind, ObjectOf } from "../../api-types/meta/kind.js";
import { type Identity, SYSTEM_IDENTITY } from "../../apiserver/http/contract.js";
import { createApiServer } from "../../apiserver/main.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import type { Store } from "../../apiserver/storage/store.js";
import { createClient } from "../../client/create-client.js";
import type { ComputeDriver, TaskLaunch } from "../../drivers/compute/driver.js";
import type { BalancerDriver } from "../../drivers/load-balancer/driver.js";
import type { MetricDriver } from "../../drivers/metrics/driver.js";
import { createMemoryProber } from "../../drivers/probe/memory.js";
import { type Logger, silentLogger } from "../../platform/log.js";
import { createMetrics, type Metrics } from "../../platform/metrics.js";
import { seededRandom } from "../../platform/random.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { type ControllerDefinition, runControllers } from "../../runtime/controller.js";
import { createInformers, writeThrough } from "../../runtime/informers.js";
import type { Kept, LoopContext, Metering, RackDrivers } from "../context.js";
import type { ProxyChange } from "../executor-backends.js";
import { NOW } from "./objects.js";

const BASE_URL = "http://rackwright";
const RACK = "rack";
const PERSON: Identity = { user: "operator", groups: ["system:masters"] };

/** Some loops of one process over a real API server in memory, in virtual time. */
export type LoopWorld = Awaited<ReturnType<typeof loopWorld>>;

export interface LoopWorldOptions {
  readonly loops: readonly ((context: LoopContext) => ControllerDefinition)[];
  /** Given the clock, makes the rack's compute back end. */
  readonly compute?: ComputeDriver;
  /** The rack's proxies, by name. */
  readonly balancers?: ReadonlyMap<string, BalancerDriver>;
  /** Default: silent. */
  readonly log?: Logger;
  /** What becomes of an action; default: it is carried out. */
  readonly outcomeOf?: (action: Action) => Outcome;
  /** What collectors read from and write to; default: nothing there is. */
  readonly metering?: Metering;
  /** What the rack's built-in metrics are read from. */
  readonly source?: MetricDriver;
  readonly metrics?: Metrics;
}

const NO_METERING: Metering = {
  meter: () => ({ read: async () => new Map(), close() {} }),
  sink: () => ({ write: async () => ({ type: "failed", reason: "there is no database" }), close() {} }),
};

/** Opens it; `start` begins the loops, `restart` ends their process and begins another. */
export async function loopWorld(options: LoopWorldOptions & { readonly clock?: ReturnType<typeof virtualClock> }) {
  const clock = options.clock ?? virtualClock(NOW);
  const random = seededRandom(1);
  const { store, writes } = counted(memoryStore({ clock }));
  const tools = { clock, random, log: options.log ?? silentLogger };
  const api = await settled(
    clock,
    createApiServer({ ...tools, store, kinds: KINDS, metrics: createMetrics().registry, version: "0.0.0" }),
  );
  const clientOf = (identity: Identity) =>
    createClient({
      handler: (request) => api.handle({ ...request, url: request.url.slice(BASE_URL.length) }, identity),
      baseUrl: BASE_URL,
      userAgent: "test",
    });
  const client = clientOf(SYSTEM_IDENTITY);
  const person = clientOf(PERSON);
  const prober = createMemoryProber(clock);
  const actions: Action[] = [];
  const execute: Execute = async (given) => {
    actions.push(...given);
    const outcomes = given.map<Outcome>(options.outcomeOf ?? ((action) => ({ type: "verified", action })));
    const isProxied = (action: Action) => options.balancers !== undefined && action.type.startsWith("balancer.");
    for (const { type, action } of outcomes) {
      if (type === "verified" && !isProxied(action)) await carryOut(options.compute, action);
    }
    return Promise.all(
      outcomes.map((outcome) => (isProxied(outcome.action) ? balance(options, outcome.action) : outcome)),
    );
  };
  const drivers = { ...driversOf(options.compute), balancers: balancersOf(options.balancers), metrics: options.source };
  const backends = {
    of: () => drivers,
    each$: <T>(select: (drivers: RackDrivers, rack: string) => Observable<T>) => select(drivers, RACK),
    reopen: () => {},
    close: () => {},
  };
  let stop = () => {};
  const start = () => {
    const informers = createInformers({ ...tools, client });
    const context: LoopContext = {
      ...tools,
      client: writeThrough(client, informers),
      informers,
      backends,
      overlay: undefined,
      execute,
      prober,
      metering: options.metering ?? NO_METERING,
      ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
      term: 1,
    };
    const running = runControllers(
      options.loops.map((loop) => loop(context)),
      { ...tools, informers },
    ).subscribe();
    stop = () => {
      running.unsubscribe();
      informers.stop();
    };
  };
  return {
    clock,
    client,
    prober,
    actions,
    writes,
    start,
    restart() {
      stop();
      start();
    },
    /** What a promise comes to, while time stands still. */
    settle: <T>(promise: Promise<T>) => settled(clock, promise),
    /** Stores an object, as if by a person, with its status, as if by other loops. */
    async put<K extends Kind>(kind: K, object: ObjectOf<K>): Promise<void> {
      // every object of a kind has metadata, and status as data
      const { status, metadata } = object as unknown as { status?: object; metadata: { name: string } };
      // a draft is an object without what the server adds
      await settled(clock, person.create(kind, object as never));
      if (status === undefined) return;
      const namespace = kind.scope === "Cluster" ? {} : { namespace: "default" };
      const key = { ...namespace, name: metadata.name };
      await settled(clock, client.applyStatus(kind, key, { status, fieldManager: "others" }));
    },
    async report(name: string, status: object): Promise<void> {
      await settled(
        clock,
        client.applyStatus(Instance, { namespace: "default", name }, { status, fieldManager: "others" }),
      );
    },
    instance: (name: string) => settled(clock, client.get(Instance, { namespace: "default", name })),
    async close() {
      stop();
      await settled(clock, api.close());
    },
  };
}

/** What the executor does with actions on tasks. */
async function carryOut(compute: ComputeDriver | undefined, { type, change }: Action): Promise<void> {
  // actions of one type carry that type's change
  if (type === "task.kill") await compute?.kill(change as Parameters<ComputeDriver["kill"]>[0]);
  if (type !== "task.launch") return;
  const { offerIds, tasks } = change as { offerIds: readonly string[]; tasks: readonly TaskLaunch[] }; // as above
  await compute?.launch(offerIds, tasks);
}

/** What a proxy makes of an action. */
async function balance({ balancers }: LoopWorldOptions, action: Action): Promise<Outcome> {
  const { proxy, change } = action.change as ProxyChange; // as above
  try {
    await balancers?.get(proxy)?.apply(change);
    return { type: "verified", action };
  } catch (error) {
    return { type: "refused", action, reason: "BackendRefused", message: String(error) };
  }
}

function balancersOf(drivers: LoopWorldOptions["balancers"] = new Map()): RackDrivers["balancers"] {
  const unknown = { type: "Unknown", reason: "", since: 0, source: "" } as const;
  return new Map([...drivers].map(([name, driver]) => [name, { driver, items: kept(driver.observe$, unknown) }]));
}

/** What a promise comes to, while time stands still. */
async function settled<T>(clock: ReturnType<typeof virtualClock>, promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  for (let round = 0; round < 20; round++) await clock.advance(0);
  return promise;
}

/** The keys of everything that was committed, in order. */
function counted(inner: Store): { readonly store: Store; readonly writes: string[] } {
  const writes: string[] = [];
  const write: Store["write"] = async (change, options) => {
    const result = await inner.write(change, options);
    if (result.type === "committed") writes.push(change.key);
    return result;
  };
  return { store: { ...inner, write }, writes };
}

function driversOf(driver: ComputeDriver | undefined): RackDrivers {
  const none = { dns: undefined, network: undefined, metrics: undefined, balancers: new Map() };
  if (driver === undefined) return { ...none, compute: undefined };
  const compute = {
    driver,
    connection: kept(driver.connection$, { type: "connecting", reason: "", since: 0 } as const),
    tasks: kept(driver.tasks$, { type: "Unknown", reason: "", since: 0, source: "" } as const),
    agents: kept(driver.agents$, { type: "Unknown", reason: "", since: 0, source: "" } as const),
    offers: kept(driver.offers$, []),
  };
  return { ...none, compute };
}

function kept<T>(source$: Observable<T>, initial: T): Kept<T> {
  const state = new BehaviorSubject<T>(initial);
  (source$ ?? EMPTY).subscribe((value) => state.next(value));
  return { value: () => state.value, changes$: state.pipe(skip(1)) };
}
