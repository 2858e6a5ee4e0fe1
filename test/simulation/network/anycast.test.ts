import { describe, expect, it } from "vitest";
import { Event } from "../../../api-types/core/event.js";
import { Instance } from "../../../api-types/instance.js";
import { conditionOf, isAvailable } from "../../../api-types/life.js";
import { Rack } from "../../../api-types/rack.js";
import { Route } from "../../../api-types/route.js";
import { ServiceGroup } from "../../../api-types/service-group.js";
import { changeGroup, changeService, instancesOf } from "../compute/compute-world.js";
import { NAMESPACE } from "../world/lab.js";
import { addressOfNode } from "../world/rack.js";
import type { WireEntry } from "../world/wire.js";
import type { World } from "../world/world.js";
import { poolWorld, routedGroup } from "./pool-world.js";

const PREFIX = "192.168.9.9/32";
const POOL = { cidr: "172.20.0.0/27", quarantineSeconds: 10 };

const addressOf = (node: string) => addressOfNode(Number(node.slice(1)) - 1);

/** Where the switch sends packets for the prefix. */
function hopsOf(world: World): readonly string[] {
  const hops = world.tor.routes().get(PREFIX)?.nextHops ?? [];
  return hops.map(({ ip }) => ip).sort();
}

/** The addresses of the nodes on which tasks of the group run. */
function runningOn(world: World): readonly string[] {
  const nodes = world.runner.running().filter(({ task }) => task.taskId.startsWith(`${NAMESPACE}.web-`));
  return [...new Set(nodes.map(({ task }) => addressOf(task.nodeName)))].sort();
}

async function availableCount(world: World): Promise<number> {
  return (await instancesOf(world, "web")).filter(isAvailable).length;
}

async function anycastWorld(seed: number, instances: number): Promise<World> {
  const groups = [routedGroup("web", { instances, network: `pool: web, anycast: ${PREFIX}` })];
  const world = await poolWorld({ seed, ...POOL, groups });
  const isThere = async () =>
    (await availableCount(world)) === instances && hopsOf(world).join() === runningOn(world).join();
  await world.until("the prefix leads to all", isThere, 60_000);
  return world;
}

/** Looks every 25 ms while time passes; a hop without a running task may stand for a second, the last one longer. */
async function watched(world: World, ms: number): Promise<readonly string[]> {
  const breaches: string[] = [];
  const since = new Map<string, number>();
  for (let passed = 0; passed < ms; passed += 25) {
    await world.clock.advance(25);
    const running = runningOn(world);
    const hops = hopsOf(world);
    const astray = hops.filter((hop) => !running.includes(hop));
    for (const hop of [...since.keys()]) if (!astray.includes(hop)) since.delete(hop);
    const isKept = running.length === 0;
    for (const hop of astray) {
      const begun = since.get(hop) ?? world.clock.monotonic();
      since.set(hop, begun);
      if (!isKept && world.clock.monotonic() - begun > 1000) breaches.push(`${hop} at ${world.clock.monotonic()}`);
    }
  }
  return breaches;
}

function find(world: World, from: number, isWanted: (call: WireEntry["call"]) => boolean): WireEntry | undefined {
  return world.wire.slice(from).find(({ call }) => isWanted(call));
}

describe("the anycast route of a service", () => {
  it("R6 leads past an instance that leaves after its name is gone and before it drains", async () => {
    const world = await anycastWorld(51, 3);
    const all = hopsOf(world);
    expect(all).toHaveLength(3);
    const third = (await world.ask(() => instancesOf(world, "web"))).find(({ spec }) => spec.number === 3);
    const name = third?.metadata.name ?? "none";
    const from = world.wire.length;
    await changeService(world, "web", { instances: 2 });
    expect(await watched(world, 20_000)).toEqual([]);
    const deregistered = find(world, from, (call) => call.type === "deregister" && call.id.endsWith(name));
    const narrowed = find(world, from, (call) => call.type === "route.set" && call.prefix === PREFIX);
    const own = `${third?.status?.placement?.address}/32`;
    const withdrawn = find(world, from, (call) => call.type === "route.remove" && call.prefix === own);
    const killed = find(world, from, (call) => call.type === "kill" && call.taskId.includes(name));
    expect([deregistered, narrowed, withdrawn, killed].filter((entry) => entry === undefined)).toEqual([]);
    const times = [deregistered, narrowed, withdrawn, killed].map((entry) => entry?.at ?? Number.NaN);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // time to live, a second, and the drain: from when nothing is sent to it any more
    expect((withdrawn?.at ?? 0) - (narrowed?.at ?? 0)).toBeGreaterThanOrEqual(4000);
    expect(hopsOf(world)).toEqual(all.filter((hop) => hop !== addressOf(third?.status?.placement?.node ?? "")));
    await world.stop();
  }, 120_000);

  it("keeps what leaves as it is while the switch does not answer", async () => {
    const world = await anycastWorld(55, 3);
    const third = (await world.ask(() => instancesOf(world, "web"))).find(({ spec }) => spec.number === 3);
    world.scripts.tor.rules = [{ fault: { type: "refuse" } }];
    await changeService(world, "web", { instances: 2 });
    await world.clock.advance(120_000);
    const held = (await world.ask(() => instancesOf(world, "web"))).find(({ spec }) => spec.number === 3);
    expect(conditionOf(held ?? {}, "Leaving")?.reason).toBe("WithdrawingAnycast");
    expect(world.runner.running().map(({ address }) => address)).toContain(third?.status?.placement?.address);
    world.scripts.tor.rules = [];
    await world.until("it is gone", () => world.runner.running().length === 2, 60_000);
    expect(hopsOf(world)).toEqual(runningOn(world));
    await world.stop();
  }, 120_000);

  it("leads past what ended, never nowhere for bad health, and to what replaces it", async () => {
    const world = await anycastWorld(52, 2);
    const [first] = world.runner.running();
    world.runner.exit(first?.task.taskId ?? "", { code: 1 });
    expect(await watched(world, 30_000)).toEqual([]);
    await world.until("both serve", async () => (await availableCount(world)) === 2, 60_000);
    expect(hopsOf(world)).toEqual(runningOn(world));
    const before = hopsOf(world);
    for (const { task } of world.runner.running()) world.runner.exit(task.taskId, { code: 1 });
    for (let passed = 0; passed < 30_000; passed += 25) {
      await world.clock.advance(25);
      expect(hopsOf(world).length, `at ${world.clock.monotonic()}`).toBeGreaterThan(0);
    }
    await world.until("both serve again", async () => (await availableCount(world)) === 2, 60_000);
    await world.clock.advance(2000);
    expect(hopsOf(world)).toEqual(runningOn(world));
    expect(before.length).toBe(2);
    await world.stop();
  }, 120_000);

  it("is never broken by an update, and follows each instance to where it is", async () => {
    const world = await anycastWorld(53, 3);
    await changeService(world, "web", { args: ["--other"] });
    const breaches: string[] = [];
    for (let round = 0; round < 40; round++) {
      breaches.push(...(await watched(world, 1000)));
      if (hopsOf(world).length === 0) breaches.push(`no hop at ${world.clock.monotonic()}`);
    }
    expect(breaches).toEqual([]);
    expect(hopsOf(world)).toEqual(runningOn(world));
    await world.stop();
  }, 120_000);

  it("is withdrawn with suspend, comes back, and goes with the group", async () => {
    const world = await anycastWorld(54, 2);
    const from = world.wire.length;
    await changeGroup(world, "web", { suspend: true });
    await world.until("nothing runs", () => runningOn(world).length === 0, 60_000);
    expect(hopsOf(world)).toEqual([]);
    const removed = find(world, from, (call) => call.type === "route.remove" && call.prefix === PREFIX);
    const killed = find(world, from, (call) => call.type === "kill");
    expect(removed?.at).toBeLessThan(killed?.at ?? 0);
    await changeGroup(world, "web", { suspend: false });
    await world.until("both serve again", async () => (await availableCount(world)) === 2, 60_000);
    await world.clock.advance(2000);
    expect(hopsOf(world)).toEqual(runningOn(world));
    // in place, without a restart
    const { items: before } = await world.ask(() => world.client.list(Instance, { namespace: NAMESPACE }));
    const [service] = (await world.ask(() => world.client.get(ServiceGroup, { namespace: NAMESPACE, name: "web" })))
      .spec.services;
    const { anycast: _, ...network } = service?.network ?? {};
    await changeService(world, "web", { network: { ...network, anycast: null } });
    await world.until("the route is gone", () => hopsOf(world).length === 0, 60_000);
    const { items: after } = await world.ask(() => world.client.list(Instance, { namespace: NAMESPACE }));
    expect(after.map(({ metadata }) => metadata.uid)).toEqual(before.map(({ metadata }) => metadata.uid));
    await changeService(world, "web", { network: { ...network, anycast: PREFIX } });
    await world.until("the route is back", () => hopsOf(world).length > 0, 60_000);
    await world.ask(() => world.client.delete(ServiceGroup, { namespace: NAMESPACE, name: "web" }));
    const isGone = async () => (await world.client.list(Route)).items.length === 0;
    await world.until("nothing is left", isGone, 60_000);
    expect(hopsOf(world)).toEqual([]);
    await world.stop();
  }, 120_000);

  it("R20 leaves a Route of its name that a person made, and says so", async () => {
    const own = routedGroup("web", { instances: 1, network: "pool: web" });
    const ports = [{ name: "http", containerPort: 8080 }];
    const network = { mode: "Routed", pool: "web", anycast: PREFIX, ports };
    const world = await poolWorld({ seed: 56, ...POOL, groups: [own] });
    const key = { namespace: NAMESPACE, name: "web-web-anycast" };
    const nextHops = [{ address: addressOfNode(1) }];
    const spec = { rackName: "lab", prefix: "192.168.9.8/32", nextHops, advertise: "Rack" } as const;
    await world.ask(() => world.client.create(Route, { metadata: key, spec }));
    await changeService(world, "web", { network });
    await world.clock.advance(30_000);
    expect((await world.ask(() => world.client.get(Route, key))).spec).toMatchObject(spec);
    expect(hopsOf(world)).toEqual([]);
    const { items: events } = await world.ask(() => world.client.list(Event, { namespace: NAMESPACE }));
    expect(events.map(({ reason }) => reason)).toContain("AnycastNotSet");
    await world.stop();
  }, 120_000);

  it("I14 is let go untouched when its prefix becomes one of the management", async () => {
    const world = await anycastWorld(57, 2);
    const { spec } = await world.ask(() => world.client.get(Rack, { name: "lab" }));
    const managementPrefixes = [...(spec.network?.managementPrefixes ?? []), "192.168.9.0/24"];
    const from = world.wire.length;
    await world.ask(() => world.client.patch(Rack, { name: "lab" }, { spec: { network: { managementPrefixes } } }));
    await changeService(world, "web", { instances: 1 });
    await world.until(
      "one serves",
      async () => (await availableCount(world)) === 1 && runningOn(world).length === 1,
      60_000,
    );
    expect(find(world, from, (call) => "prefix" in call && call.prefix === PREFIX)).toBeUndefined();
    expect((await world.ask(() => world.client.list(Route))).items.map(({ spec: { prefix } }) => prefix)).not.toContain(
      PREFIX,
    );
    await world.stop();
  }, 120_000);
});
