import { KINDS } from "../../../api-types/kinds.js";
import { type ApiHandler, SYSTEM_IDENTITY } from "../../../apiserver/http/contract.js";
import { createApiServer } from "../../../apiserver/main.js";
import { memoryStore } from "../../../apiserver/storage/memory.js";
import type { Store } from "../../../apiserver/storage/store.js";
import type { Client } from "../../../client/client.js";
import { createClient } from "../../../client/create-client.js";
import { type Controllers, startControllers } from "../../../controllers/main.js";
import { inProcessMessages } from "../../../drivers/dns/builtin/network/in-process.js";
import type { MessageNetwork } from "../../../drivers/dns/builtin/network/message-network.js";
import type { MemoryBalancer } from "../../../drivers/load-balancer/memory.js";
import type { ProbeDriver } from "../../../drivers/probe/driver.js";
import { type Logger, silentLogger } from "../../../platform/log.js";
import { createMetrics, type Metrics } from "../../../platform/metrics.js";
import { type Random, seededRandom } from "../../../platform/random.js";
import type { HttpHandler } from "../../../platform/transport.js";
import { type VirtualClock, virtualClock } from "../../../platform/virtual-clock.js";
import { withFaults } from "../../../simulator/faults.js";
import { describeObjects } from "./describe.js";
import { processMessages } from "./messages.js";
import { type ProcessGate, processGate } from "./process.js";
import { createProxy, type SimulatedProxy } from "./proxy.js";
import { createRack, type RackOptions, type Scripts, type SimulatedRack } from "./rack.js";
import { countedStore, type StoreWrite } from "./store-writes.js";
import { recorded, traceHash, type WireEntry, wireText } from "./wire.js";

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: RackOptions["nodes"];
  readonly behaviour?: RackOptions["behaviour"];
  readonly servers?: RackOptions["servers"];
  readonly log?: Logger;
  /** What the loops tell of themselves. */
  readonly metrics?: Metrics;
  /** Starts over this store; default: an empty one. */
  readonly store?: (clock: VirtualClock) => Store;
}

/** One process of control loops. */
export interface ControlPlane {
  readonly identity: string;
  readonly gate: ProcessGate;
  /** kill -9. */
  kill(): void;
  readonly controllers: Controllers;
  /** What this process sent to back ends, whether or not it arrived. */
  readonly sent: readonly WireEntry[];
}

/** A write under a fence that the API answered. */
export interface FencedWrite {
  readonly at: number;
  readonly term: number;
  readonly status: number;
}

/** The API over one store, and the processes that work on it. */
export interface Site {
  readonly store: Store;
  readonly client: Client;
  /** Every change of a stored object, in order. */
  readonly writes: readonly StoreWrite[];
  readonly fenced: readonly FencedWrite[];
  readonly planes: ControlPlane[];
  /** Starts another process of control loops. */
  startControllers(): ControlPlane;
  /** kill -9 of every process of control loops that lives, and a new one. */
  restartControllers(): ControlPlane;
  close(): Promise<void>;
}

/** The whole product and a pretended rack in one process, in virtual time. */
export interface World extends Site, SimulatedRack {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly scripts: Scripts;
  /** What reached the back ends, in order. */
  readonly wire: readonly WireEntry[];
  /** Where name servers of the control plane listen. */
  readonly messages: MessageNetwork;
  /** What every proxy that a Rack names is. */
  readonly proxy: MemoryBalancer;
  /** Called with each entry before the back end sees it. */
  readonly observers: ((entry: WireEntry) => void)[];
  /** Another control plane over its own store, on the same rack. */
  createSite(store: Store): Promise<Site>;
  /** Resolves with what `ask` resolves with, while time stands still. */
  ask<T>(ask: () => Promise<T> | T): Promise<T>;
  /** Runs until the condition holds; fails loudly after `limitMs` of virtual time. */
  until(what: string, isDone: () => Promise<boolean> | boolean, limitMs: number): Promise<void>;
  traceHash(): string;
  stop(): Promise<void>;
}

/** How often a condition is asked for. */
const STEP_MS = 250;
/** So many entries of the wire stand in a failure. */
const SHOWN_ENTRIES = 30;

export async function createWorld(options: WorldOptions): Promise<World> {
  const clock = virtualClock();
  const random = seededRandom(options.seed);
  const log = options.log ?? silentLogger;
  const scripts: Scripts = {
    mesos: { rules: [] },
    agents: { rules: [] },
    consul: { rules: [] },
    tor: { rules: [] },
    api: { rules: [] },
  };
  const wire: WireEntry[] = [];
  const observers: ((entry: WireEntry) => void)[] = [];
  const onEntry = (entry: WireEntry) => {
    for (const observer of observers) observer(entry);
  };
  const faultRandom = seededRandom(options.seed ^ 0x5eed);
  const { nodes, behaviour, servers } = options;
  const machines = {
    nodes,
    ...(behaviour === undefined ? {} : { behaviour }),
    ...(servers === undefined ? {} : { servers }),
  };
  const rack = createRack({ clock, random, faultRandom, log, ...machines, scripts, wire, onEntry });
  const messages = inProcessMessages();
  const proxy = createProxy({ clock, wire, onEntry });
  const tools = {
    clock,
    random,
    log,
    faultRandom,
    messages,
    proxy,
    script: scripts.api,
    transport: rack.transport,
    prober: rack.prober,
    metrics: options.metrics,
  };
  const sites: Site[] = [];
  const createSite = async (store: Store) => {
    const site = await openSite(store, { ...tools, number: sites.length });
    sites.push(site);
    return site;
  };
  const main = await createSite(options.store?.(clock) ?? memoryStore({ clock }));
  const ask = async <T>(question: () => Promise<T> | T): Promise<T> => {
    const answer = Promise.resolve(question());
    answer.catch(() => {});
    await clock.advance(0);
    return answer;
  };
  return {
    ...main,
    ...rack,
    clock,
    random,
    scripts,
    wire,
    messages,
    proxy: proxy.balancer,
    observers,
    createSite,
    ask,
    async until(what, isDone, limitMs) {
      const end = clock.monotonic() + limitMs;
      for (;;) {
        if (await ask(isDone)) return;
        if (clock.monotonic() >= end) break;
        await clock.advance(STEP_MS);
      }
      const objects = await ask(() => describeObjects(main.client));
      const last = wireText(wire.slice(-SHOWN_ENTRIES));
      throw new Error(
        `${what}: not so after ${limitMs} ms of virtual time, at ${clock.monotonic()}\n${objects}\nlast on the wire:\n${last}`,
      );
    },
    traceHash: () => traceHash(wire),
    async stop() {
      for (const site of sites) await site.close();
      rack.mesos.close();
      rack.load.stop();
      await clock.advance(0);
    },
  };
}

interface SiteTools {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly faultRandom: Random;
  readonly log: Logger;
  readonly script: Scripts["api"];
  readonly transport: HttpHandler;
  readonly prober: ProbeDriver;
  readonly messages: MessageNetwork;
  readonly proxy: SimulatedProxy;
  readonly metrics: Metrics | undefined;
  readonly number: number;
}

async function openSite(inner: Store, tools: SiteTools): Promise<Site> {
  const { clock, random, log } = tools;
  const { store, writes } = countedStore(inner, clock);
  const metrics = createMetrics().registry;
  const api = await createApiServer({ store, kinds: KINDS, clock, random, log, metrics, version: "0.0.0" });
  const fenced: FencedWrite[] = [];
  const handler = withFenceLog(asTransport(api.handle), { fenced, clock });
  const reached = withFaults(handler, { clock, random: tools.faultRandom, script: tools.script });
  const planes: ControlPlane[] = [];
  const start = (): ControlPlane => {
    const gate = processGate(clock);
    const identity = `control-${tools.number}-${planes.length + 1}`;
    const sent: WireEntry[] = [];
    const messages = processMessages(tools.messages);
    const controllers = startControllers({
      client: clientOf(gate.connect(reached)),
      transport: recorded(gate.connect(tools.transport), { wire: sent, clock }),
      prober: tools.prober,
      messages: messages.network,
      balancer: () => tools.proxy.openFor(gate),
      identity,
      // as the lock of a data directory tells: the holder's process is gone
      takeOverHolder: (holder) => planes.some((plane) => plane.identity === holder && plane.gate.state() === "dead"),
      clock: gate.clock,
      random,
      log,
      ...(tools.metrics === undefined ? {} : { metrics: tools.metrics }),
    });
    const kill = () => {
      gate.kill();
      messages.kill();
    };
    const plane = { identity, gate, kill, controllers, sent };
    planes.push(plane);
    return plane;
  };
  const killAll = () => {
    for (const { kill } of planes) kill();
  };
  return {
    store,
    client: clientOf(handler),
    writes,
    fenced,
    planes,
    startControllers: start,
    restartControllers() {
      killAll();
      return start();
    },
    async close() {
      killAll();
      await api.close();
    },
  };
}

function clientOf(handler: HttpHandler): Client {
  return createClient({ handler, baseUrl: BASE_URL, userAgent: "simulation" });
}

const BASE_URL = "http://rackwright";

function asTransport(handle: ApiHandler): HttpHandler {
  return (request) => handle({ ...request, url: request.url.slice(BASE_URL.length) }, SYSTEM_IDENTITY);
}

/** Writes down the answers to writes that carry a term. */
function withFenceLog(
  handler: HttpHandler,
  { fenced, clock }: { fenced: FencedWrite[]; clock: VirtualClock },
): HttpHandler {
  return async (request) => {
    const response = await handler(request);
    const fence = request.headers["rackwright-fence"];
    if (fence !== undefined && request.method !== "GET") {
      fenced.push({ at: clock.monotonic(), term: Number(fence.split("/").at(-1)), status: response.status });
    }
    return response;
  };
}
