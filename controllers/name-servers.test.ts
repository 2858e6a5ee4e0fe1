import { afterEach, describe, expect, it } from "vitest";
import { DnsRecord } from "../api-types/dns-record.js";
import { KINDS } from "../api-types/kinds.js";
import { Rack } from "../api-types/rack.js";
import { SYSTEM_IDENTITY } from "../apiserver/http/contract.js";
import { createApiServer } from "../apiserver/main.js";
import { memoryStore } from "../apiserver/storage/memory.js";
import { createClient } from "../client/create-client.js";
import type { DnsEntry } from "../drivers/dns/driver.js";
import type { NameServer, NameServerSettings } from "../drivers/dns/name-server.js";
import { silentLogger } from "../platform/log.js";
import { createMetrics } from "../platform/metrics.js";
import { seededRandom } from "../platform/random.js";
import { TransportError } from "../platform/transport.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { type NameServers, startNameServers } from "./name-servers.js";
import { NOW } from "./testing/objects.js";

const BUILTIN = { type: "Builtin", domain: "service.$(NAME)", ttlSeconds: 7, builtin: { listen: "127.0.0.1:5300" } };

/** A server that only remembers what it was told. */
function toldServer() {
  const settings: (NameServerSettings | undefined)[] = [];
  const stored = new Map<string, readonly DnsEntry[]>();
  const state = { hasBegun: false, isClosed: false, settings, stored };
  const server: NameServer = {
    configure: (next) => settings.push(next),
    restore(owner, entries) {
      if (entries === undefined) stored.delete(owner);
      else stored.set(owner, entries);
    },
    begin() {
      state.hasBegun = true;
    },
    openDriver() {
      throw new Error("not asked for");
    },
    async close() {
      state.isClosed = true;
    },
  };
  return { server, state };
}

const open: NameServers[] = [];
afterEach(async () => {
  for (const nameServers of open.splice(0)) await nameServers.close();
});

async function start() {
  const clock = virtualClock(NOW);
  const tools = { clock, random: seededRandom(1), log: silentLogger };
  const metrics = createMetrics().registry;
  const store = memoryStore({ clock });
  const creating = createApiServer({ ...tools, store, kinds: KINDS, metrics, version: "0.0.0" });
  await clock.advance(0);
  const api = await creating;
  let isAway = false;
  const client = createClient({
    handler: async (request) => {
      if (isAway) throw new TransportError("connect ECONNREFUSED", { isSent: false });
      return api.handle({ ...request, url: request.url.slice("http://rackwright".length) }, SYSTEM_IDENTITY);
    },
    baseUrl: "http://rackwright",
    userAgent: "test",
  });
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    await clock.advance(100);
    return promise;
  };
  const rack = (name: string, spec: object) =>
    settle(client.apply(Rack, { metadata: { name }, spec } as never, { fieldManager: "person" })); // defaults fill it
  const record = async (name: string, spec: object, published: readonly object[]) => {
    const metadata = { namespace: "default", name };
    await settle(client.apply(DnsRecord, { metadata, spec } as never, { fieldManager: "person" }));
    await settle(client.applyStatus(DnsRecord, metadata, { status: { published }, fieldManager: "loop" }));
  };
  const servers = new Map<string, ReturnType<typeof toldServer>["state"]>();
  const run = async () => {
    const started = startNameServers({
      ...tools,
      client,
      open(name) {
        const { server, state } = toldServer();
        servers.set(name, state);
        return server;
      },
    });
    open.push(started);
    await clock.advance(100);
    return started;
  };
  /** What a server answers with. */
  const entries = (name: string) =>
    [...(servers.get(name)?.stored.values() ?? [])]
      .flat()
      .map((one) => `${one.name}/${one.id} ${one.address}:${one.port} ${one.ttlSeconds}`);
  const setAway = (next: boolean) => {
    isAway = next;
  };
  return { clock, client, settle, rack, record, run, servers, entries, setAway };
}

const web = (id: string, address: string) => ({
  rackName: "r",
  name: "web",
  targets: [{ id, address, ports: [{ name: "http", port: 80 }] }],
});
const published = (id: string, address: string) => [{ name: "web", id, address, port: 80, ttlSeconds: 7 }];

describe("the name servers of a process", () => {
  it("are one for each Rack that wants one, told how to answer", async () => {
    const world = await start();
    await world.rack("r", { variables: { NAME: "torc" }, dns: BUILTIN });
    await world.rack("other", { dns: { domain: "a", consul: { address: "http://a:8500" } } });
    await world.run();
    expect([...world.servers.keys()]).toEqual(["r"]);
    const settings = {
      domain: "service.torc",
      ttlSeconds: 7,
      listen: "127.0.0.1:5300",
      allowTransfer: [],
      resolvers: [],
    };
    expect(world.servers.get("r")?.settings).toEqual([settings]);
    await world.rack("r", { variables: { NAME: "torc" }, dns: { ...BUILTIN, builtin: { listen: "0.0.0.0:53" } } });
    expect(world.servers.get("r")?.settings.at(-1)?.listen).toBe("0.0.0.0:53");
  });

  it("R23 answer what is stored as published as soon as all of it is known, before anybody leads", async () => {
    const world = await start();
    await world.rack("r", { dns: BUILTIN });
    await world.record("one", web("one", "10.0.0.1"), published("one", "10.0.0.1"));
    await world.record("two", web("two", "10.0.0.2"), []);
    await world.run();
    expect(world.servers.get("r")?.hasBegun).toBe(true);
    expect(world.entries("r")).toEqual(["web/one 10.0.0.1:80 7"]);
    const [entry] = [...(world.servers.get("r")?.stored.values() ?? [])].flat();
    expect(entry).toMatchObject({
      ports: [{ name: "http", port: 80, protocol: "TCP" }],
      stamp: { identity: "r", kind: "DnsRecord", namespace: "default", name: "one" },
    });
  });

  it("follow what is published, until the record is gone", async () => {
    const world = await start();
    await world.rack("r", { dns: BUILTIN });
    await world.run();
    await world.record("one", web("one", "10.0.0.1"), published("one", "10.0.0.1"));
    expect(world.entries("r")).toEqual(["web/one 10.0.0.1:80 7"]);
    await world.record("one", web("one", "10.0.0.9"), published("one", "10.0.0.9"));
    expect(world.entries("r")).toEqual(["web/one 10.0.0.9:80 7"]);
    await world.settle(world.client.delete(DnsRecord, { namespace: "default", name: "one" }));
    expect(world.entries("r")).toEqual([]);
  });

  it("take back what a record published when it moves to another Rack", async () => {
    const world = await start();
    for (const name of ["r", "s"]) await world.rack(name, { dns: BUILTIN });
    await world.run();
    await world.record("one", web("one", "10.0.0.1"), published("one", "10.0.0.1"));
    await world.record("one", { ...web("one", "10.0.0.1"), rackName: "s" }, published("one", "10.0.0.1"));
    expect([world.entries("r"), world.entries("s")]).toEqual([[], ["web/one 10.0.0.1:80 7"]]);
  });

  it("answer nobody when the Rack moves to Consul or is gone, and go on when it comes back", async () => {
    const world = await start();
    await world.rack("r", { dns: BUILTIN });
    const started = await world.run();
    await world.record("one", web("one", "10.0.0.1"), published("one", "10.0.0.1"));
    await world.rack("r", { dns: { ...BUILTIN, type: "Consul", consul: { address: "http://a:8500" } } });
    expect(world.servers.get("r")?.settings.at(-1)).toBeUndefined();
    await world.rack("r", { dns: BUILTIN });
    expect(world.servers.get("r")?.settings.at(-1)?.listen).toBe("127.0.0.1:5300");
    expect(world.entries("r")).toHaveLength(1);
    await world.settle(world.client.delete(Rack, { name: "r" }));
    expect(world.servers.get("r")?.settings.at(-1)).toBeUndefined();
    await started.close();
    expect(world.servers.get("r")?.isClosed).toBe(true);
  });

  it("give the leader a server before the Rack is known here, which begins when it is", async () => {
    const world = await start();
    world.setAway(true);
    const started = await world.run();
    started.of("r");
    expect(world.servers.get("r")).toMatchObject({ hasBegun: false, settings: [] });
    world.setAway(false);
    await world.rack("r", { dns: BUILTIN });
    await world.clock.advance(60_000);
    expect(world.servers.get("r")).toMatchObject({ hasBegun: true, settings: [{ listen: "127.0.0.1:5300" }] });
  });

  it("R17 keep what they know while the API is away", async () => {
    const world = await start();
    await world.rack("r", { dns: BUILTIN });
    await world.record("one", web("one", "10.0.0.1"), published("one", "10.0.0.1"));
    await world.run();
    world.setAway(true);
    await world.clock.advance(3_600_000);
    expect(world.entries("r")).toEqual(["web/one 10.0.0.1:80 7"]);
    world.setAway(false);
    await world.record("one", web("one", "10.0.0.2"), published("one", "10.0.0.2"));
    await world.clock.advance(60_000);
    expect(world.entries("r")).toEqual(["web/one 10.0.0.2:80 7"]);
  });
});
