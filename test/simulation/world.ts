import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { KINDS } from "../../api-types/kinds.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { SYSTEM_IDENTITY } from "../../apiserver/http/contract.js";
import { createApiServer } from "../../apiserver/main.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import type { Store } from "../../apiserver/storage/store.js";
import type { Client } from "../../client/client.js";
import { createClient } from "../../client/create-client.js";
import { type Controllers, startControllers } from "../../controllers/main.js";
import type { Clock } from "../../platform/clock.js";
import { type Logger, silentLogger } from "../../platform/log.js";
import { createMetrics } from "../../platform/metrics.js";
import { type Random, seededRandom } from "../../platform/random.js";
import { type HttpHandler, inProcessTransport } from "../../platform/transport.js";
import { type VirtualClock, virtualClock } from "../../platform/virtual-clock.js";
import { type Consul, createConsul } from "../../simulator/consul/consul.js";
import { createMesosMaster, type MesosMaster } from "../../simulator/mesos/master.js";
import { type PretendRunner, pretendRunner } from "../../simulator/mesos/pretend-runner.js";
import { agentSpecs, NODE_NAMES } from "../../simulator/rack/nodes.js";
import { createSnapRoute, type SnapRoute } from "../../simulator/snaproute/snaproute.js";
import { dnsLoad } from "./dns-load.js";

/** One request that changed a back end, with the virtual time it was made. */
export interface WireEntry {
  readonly at: number;
  readonly host: string;
  readonly call: string;
  readonly subject: string;
}

export interface WorldOptions {
  readonly seed: number;
  readonly log?: Logger;
  /** Wraps the way to the back ends, e.g. with faults. */
  readonly faults?: (transport: HttpHandler, tools: { readonly clock: Clock; readonly random: Random }) => HttpHandler;
}

/** The whole product and a pretended rack in one process, in virtual time. */
export interface World {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly store: Store;
  readonly client: Client;
  readonly mesos: MesosMaster;
  readonly runner: PretendRunner;
  readonly consul: Consul;
  readonly tor: SnapRoute;
  readonly wire: WireEntry[];
  controllers: Controllers;
  /** Stops the loops without giving anything back, as a crash does, and starts them anew under another name. */
  restartControllers(): Promise<void>;
  /** Runs until the condition holds; fails loudly after `limitMs` of virtual time. */
  until(what: string, isDone: () => Promise<boolean> | boolean, limitMs: number): Promise<void>;
  traceHash(): string;
  stop(): Promise<void>;
}

const MASTER = "10.250.3.20";

export async function createWorld(options: WorldOptions): Promise<World> {
  const clock = virtualClock();
  const random = seededRandom(options.seed);
  const log = options.log ?? silentLogger;
  const store = memoryStore({ clock });
  const api = await createApiServer({ store, kinds: KINDS, clock, random, log, metrics: createMetrics().registry, version: "0.0.0" });
  const handler: HttpHandler = (request) => api.handle({ ...request, url: pathOf(request.url) }, SYSTEM_IDENTITY);
  const client = createClient({ handler, baseUrl: "https://rackwright", userAgent: "simulation" });
  const rack = createRack({ clock, random, log });
  const wire: WireEntry[] = [];
  const transport = recorded(rack.transport, wire, clock);
  const reached = options.faults?.(transport, { clock, random }) ?? transport;
  let starts = 0;
  const start = () => {
    starts += 1;
    const identity = `simulation-${starts}`;
    return startControllers({ client, transport: reached, identity, takeOverHolder: () => true, clock, random, log });
  };
  const world: World = {
    clock,
    random,
    store,
    client,
    wire,
    ...rack,
    controllers: start(),
    async restartControllers() {
      // nothing is awaited: what was in flight is lost with the process
      void world.controllers.stop();
      world.controllers = start();
    },
    async until(what, isDone, limitMs) {
      const end = clock.monotonic() + limitMs;
      while (clock.monotonic() < end) {
        if (await settled(clock, isDone)) return;
        await clock.advance(250);
      }
      throw new Error(`${what}: not so after ${limitMs} ms of virtual time\n${await describe(client)}`);
    },
    traceHash: () => createHash("sha256").update(wire.map((entry) => JSON.stringify(entry)).join("\n")).digest("hex"),
    async stop() {
      void world.controllers.stop();
      await clock.advance(100);
      await api.close();
      rack.mesos.close();
      rack.stopLoad();
    },
  };
  return world;
}

/** Asks something of the API while time stands still: only promises are needed for the answer. */
async function settled(clock: VirtualClock, isDone: () => Promise<boolean> | boolean): Promise<boolean> {
  const answer = Promise.resolve(isDone());
  await clock.advance(0);
  return answer;
}

function createRack({ clock, random, log }: { clock: Clock; random: Random; log: Logger }) {
  let lastAddress = 0;
  const consul = createConsul({ clock, random, log, datacenter: "dc1", domain: "torc" });
  const tor = createSnapRoute({ clock, random, log, connected: [{ name: "vlan100", cidr: `${MASTER}/24` }] });
  const load = dnsLoad({ clock, consul });
  const runner = pretendRunner({
    clock,
    random,
    addresses: (task) => {
      lastAddress += 1;
      return task.isRouted ? `192.168.2.${lastAddress}` : MASTER;
    },
    statistics: (taskId) => load.statistics(taskId),
  });
  load.watch(runner);
  const agents = agentSpecs("10.250", () => 5051).map((agent, index) => {
    const ip = `10.250.3.${20 + index}`;
    return { ...agent, ip, hostname: ip, attributes: { ...agent.attributes, host: ip } };
  });
  const mesos = createMesosMaster({ clock, random, log, runner, cluster: { hostname: MASTER, ip: MASTER, port: 5050, agents } });
  const handlers = new Map<string, HttpHandler>([
    [`${MASTER}:5050`, mesos.handler],
    [`${MASTER}:8500`, consul.handler],
    [`${MASTER}:8080`, tor.handler],
    ...NODE_NAMES.map((name, index): [string, HttpHandler] => [`10.250.3.${20 + index}:5051`, mesos.agentHandler(name)]),
  ]);
  return { consul, tor, runner, mesos, transport: inProcessTransport(handlers), stopLoad: load.stop };
}

function recorded(transport: HttpHandler, wire: WireEntry[], clock: Clock): HttpHandler {
  return async (request) => {
    const url = new URL(request.url);
    const body: Record<string, unknown> = request.body === undefined ? {} : JSON.parse(Buffer.from(request.body).toString());
    const call = typeof body["type"] === "string" ? body["type"] : `${request.method} ${url.pathname}`;
    if (request.method !== "GET" && !call.startsWith("GET_")) {
      wire.push({ at: clock.monotonic(), host: url.host, call, subject: subjectOf(body) });
    }
    return transport(request);
  };
}

function subjectOf(body: Record<string, unknown>): string {
  const text = JSON.stringify(body["kill"] ?? body["ServiceID"] ?? body["Service"] ?? body["DestinationNw"] ?? body["accept"] ?? "");
  return text.length > 400 ? createHash("sha256").update(text).digest("hex").slice(0, 16) : text;
}

function pathOf(url: string): string {
  const parsed = new URL(url);
  return parsed.pathname + parsed.search;
}

/** Applies every document below a folder of manifests, in order of file names. */
export async function applyFolder(client: Client, folder: string): Promise<void> {
  for (const file of readdirSync(folder).sort()) {
    for (const document of parseAllDocuments(readFileSync(join(folder, file), "utf8"), { version: "1.1", merge: true })) {
      const object: KubeObject = document.toJS();
      const kind = KINDS.find((candidate) => candidate.kind === object.kind && candidate.apiVersion === object.apiVersion);
      if (kind === undefined) throw new Error(`${file}: unknown kind ${object.kind}`);
      await client.apply(kind, object, { fieldManager: "simulation" });
    }
  }
}

/** What is not Ready, for failures that can be read. */
async function describe(client: Client): Promise<string> {
  const lines: string[] = [];
  for (const name of ["Rack", "Node", "ServiceGroup", "Instance", "Route", "DnsRecord", "ScalingPolicy"]) {
    const kind = KINDS.find((candidate) => candidate.kind === name);
    if (kind === undefined) continue;
    const { items } = await client.list(kind);
    for (const item of items) {
      const conditions = (item.status as { conditions?: readonly { type: string; status: string; reason: string; message: string }[] } | undefined)?.conditions ?? [];
      lines.push(`${name} ${item.metadata.namespace ?? ""}/${item.metadata.name} ${conditions.map((c) => `${c.type}=${c.status}(${c.reason}${c.message === "" ? "" : `: ${c.message}`})`).join(" ")}`);
    }
  }
  return lines.join("\n");
}
