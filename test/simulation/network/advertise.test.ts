import { describe, expect, it } from "vitest";
import { conditionOf, isAvailable, keyOf } from "../../../api-types/life.js";
import { Rack } from "../../../api-types/rack.js";
import { Route } from "../../../api-types/route.js";
import { ServiceGroup } from "../../../api-types/service-group.js";
import { type Random, seededRandom } from "../../../platform/random.js";
import type { FaultRule } from "../../../simulator/faults.js";
import { apply, changeService, groupOf, instancesOf } from "../compute/compute-world.js";
import { NAMESPACE } from "../world/lab.js";
import type { World } from "../world/world.js";
import { poolWorld, routedGroup } from "./pool-world.js";

const POOL = { cidr: "172.20.0.0/27", quarantineSeconds: 5 };
const PREFIX = "192.168.9.9/32";
type Advertise = "Rack" | "World";

const told = (world: World) => [...world.tor.told()].sort();

async function routes(world: World): Promise<readonly Route[]> {
  return (await world.ask(() => world.client.list(Route))).items;
}

/** Prefixes that Routes want told. */
async function wanted(world: World): Promise<readonly string[]> {
  const items = await routes(world);
  return items.filter(({ spec }) => spec.advertise === "World").map(({ spec }) => spec.prefix);
}

async function openWorld(seed: number, instances = 2): Promise<World> {
  const network = (advertise: Advertise) => `pool: web, advertise: ${advertise}`;
  const groups = [
    routedGroup("web", { instances, network: network("World") }),
    routedGroup("db", { instances: 1, network: network("Rack") }),
  ];
  const world = await poolWorld({ seed, ...POOL, groups });
  const isThere = async () => {
    const all = [...(await instancesOf(world, "web")), ...(await instancesOf(world, "db"))];
    return all.length === instances + 1 && all.every(isAvailable);
  };
  await world.until("all are there", isThere, 60_000);
  return world;
}

/** Changes how far the group's routes are told. */
async function advertise(world: World, name: string, value: Advertise): Promise<void> {
  const group = await world.ask(() => groupOf(world, name));
  const [service] = group.spec.services;
  await changeService(world, name, { network: { ...service?.network, advertise: value } });
}

/** The places of these on the wire, the first of each. */
function placesOf(world: World, ...calls: readonly string[]): readonly number[] {
  const texts = world.wire.map(({ call }) => (call.type === "other" ? call.call : call.type));
  return calls.map((call) => texts.findIndex((text) => text.endsWith(call)));
}

describe("a service that the world shall reach", () => {
  it("is told when its instances are routed, and Published only then", async () => {
    const world = await openWorld(71);
    const web = (await instancesOf(world, "web")).map(({ status }) => `${status?.placement?.address}/32`).sort();
    expect(told(world)).toEqual(web);
    const [set, bound] = placesOf(world, "route.set", "PATCH /public/v1/config/BGPGlobal");
    expect(set).toBeLessThan(bound ?? 0);
    for (const route of await routes(world)) {
      const isWorld = web.includes(route.spec.prefix);
      expect(route.status?.advertised).toBe(isWorld ? "World" : "Rack");
      expect(conditionOf(route, "Advertised")?.reason).toBe(isWorld ? "ToldToWorld" : "NotUsed");
    }
    await world.stop();
  }, 60_000);

  it("is told no more when it wants Rack, and again when it wants World, without a restart", async () => {
    const world = await openWorld(72);
    const before = (await instancesOf(world, "web")).map(keyOf);
    const all = told(world);
    await advertise(world, "web", "Rack");
    await world.until("nothing is told", () => told(world).length === 0, 10_000);
    expect(world.tor.snapshot().bgp).toMatchObject({ conditions: [], statements: [], definitions: [] });
    await advertise(world, "web", "World");
    await world.until("all are told again", () => told(world).join() === all.join(), 10_000);
    expect((await instancesOf(world, "web")).map(keyOf)).toEqual(before);
    expect(world.wire.filter(({ call }) => call.type === "kill" || call.type === "route.remove")).toEqual([]);
    await world.stop();
  }, 60_000);

  it("R6 is told no more before its routes go", async () => {
    const world = await openWorld(73, 1);
    await world.ask(() => world.client.delete(ServiceGroup, { namespace: NAMESPACE, name: "web" }));
    await world.until("its instance is gone", async () => (await instancesOf(world, "web")).length === 0, 60_000);
    const texts = world.wire.map(({ call }) => (call.type === "other" ? call.call : call.type));
    const hushed = texts.lastIndexOf("PATCH /public/v1/config/BGPGlobal");
    const left = ["deregister", "route.remove", "kill"].map((type) => texts.indexOf(type));
    expect([left[0], hushed, left[1], left[2]]).toEqual(
      [left[0], hushed, left[1], left[2]].toSorted((a = 0, b = 0) => a - b),
    );
    expect(told(world)).toEqual([]);
    await world.stop();
  }, 60_000);

  it("tells its anycast route, too", async () => {
    const network = `pool: web, advertise: World, anycast: ${PREFIX}`;
    const world = await poolWorld({ seed: 74, ...POOL, groups: [routedGroup("web", { instances: 2, network })] });
    await world.until("all three are told", () => told(world).length === 3, 60_000);
    expect(told(world)).toContain(PREFIX);
    await advertise(world, "web", "Rack");
    await world.until("none is", () => told(world).length === 0, 10_000);
    await world.stop();
  }, 60_000);

  it("R8 costs nothing while nothing changes, and R18 is told again when somebody took our policy away", async () => {
    const world = await openWorld(75);
    const all = told(world);
    await world.clock.advance(10_000);
    const writes = world.wire.length;
    await world.clock.advance(60_000);
    expect(world.wire.slice(writes).filter(({ host }) => host.endsWith(":8080"))).toEqual([]);
    await world.ask(() => byHand(world, "PATCH BGPGlobal", REMOVAL));
    expect(told(world)).toEqual([]);
    await world.until("it is told again", () => told(world).join() === all.join(), 12_000);
    world.tor.restart({ wipe: true });
    await world.until("it is told again after a reboot", () => told(world).join() === all.join(), 30_000);
    await world.stop();
  }, 60_000);
});

const ENTRY = { Sources: "STATIC", Policy: "rackwright-lab" };
const REMOVAL = { patch: [{ op: "remove", path: "Redistribution", value: [ENTRY] }] };

async function byHand(world: World, call: string, body: object): Promise<void> {
  const [method = "", path] = call.split(" ");
  const payload = Buffer.from(JSON.stringify(body));
  const { status } = await world.tor.handler({ method, url: `/public/v1/config/${path}`, headers: {}, body: payload });
  expect(status).toBeLessThan(411);
}

describe("a switch where others decide", () => {
  it("keeps its policy; the Rack says that it tells more than is wanted, and the Routes that they are not told", async () => {
    const network = "pool: web, advertise: World";
    const world = await poolWorld({ seed: 76, ...POOL, groups: [] });
    await world.ask(() => byHand(world, "POST PolicyStmt", { Name: "all", Action: "permit" }));
    const definition = { Name: "theirs", StatementList: [{ Priority: 0, Statement: "all" }] };
    await world.ask(() => byHand(world, "POST PolicyDefinition", definition));
    const Redistribution = [{ Sources: "CONNECTED,STATIC", Policy: "theirs" }];
    await world.ask(() => byHand(world, "PATCH BGPGlobal", { Redistribution }));
    const before = JSON.stringify(world.tor.snapshot().bgp);
    await apply(world, routedGroup("web", { instances: 1, network }));
    const reasonOf = async () => conditionOf((await routes(world))[0] ?? {}, "Advertised")?.reason;
    await world.until("the Route says so", async () => (await reasonOf()) === "ForeignPolicy", 60_000);
    const rack = await world.ask(() => world.client.get(Rack, { name: "lab" }));
    expect(conditionOf(rack, "RoutesToldByOthers")).toMatchObject({
      status: "True",
      message: expect.stringContaining("theirs (CONNECTED,STATIC)"),
    });
    expect(conditionOf((await routes(world))[0] ?? {}, "Ready")?.status).toBe("True");
    expect(JSON.stringify(world.tor.snapshot().bgp)).toBe(before);
    await world.stop();
  }, 60_000);
});

/** Looks every 100 ms while time passes for what came to be told and no Route wants told. */
function createWatch(world: World) {
  const breaches: string[] = [];
  let before: ReadonlySet<string> = new Set(told(world));
  return {
    breaches,
    async watch(ms: number) {
      for (let passed = 0; passed < ms; passed += 100) {
        const asked = await wanted(world);
        await world.clock.advance(100);
        const now = world.tor.told();
        const fine = [...asked, ...(await wanted(world))];
        breaches.push(...[...now].filter((prefix) => !before.has(prefix) && !fine.includes(prefix)));
        before = new Set(now);
      }
    },
  };
}

/** Another size, or told another way. */
async function edit(world: World, random: Random): Promise<void> {
  const name = random.next() < 0.5 ? "web" : "db";
  if (random.next() < 0.7) return advertise(world, name, random.next() < 0.5 ? "World" : "Rack");
  await changeService(world, name, { instances: 1 + Math.floor(random.next() * 3) });
}

function switchFaults(probability: number): readonly FaultRule[] {
  const when = ({ url }: { readonly url: string }) => url.includes(":8080");
  const faults = [
    { type: "refuse" },
    { type: "dropResponse", afterMs: 2000 },
    { type: "dropRequest", afterMs: 2000 },
  ] as const;
  return faults.map((fault) => ({ fault, when, probability }));
}

describe("nothing is told that no Route wants told", () => {
  it.each([81, 82, 83, 84])(
    "while the switch fails and loops are killed, seed %i",
    async (seed) => {
      const world = await openWorld(seed);
      const random = seededRandom(seed);
      const { breaches, watch } = createWatch(world);
      for (let round = 0; round < 16; round += 1) {
        world.scripts.tor.rules = round % 3 === 2 ? [] : switchFaults(0.05 + random.next() * 0.15);
        await edit(world, random);
        if (random.next() < 0.3) world.restartControllers();
        await watch(3000 + random.next() * 4000);
      }
      world.scripts.tor.rules = [];
      await watch(60_000);
      const isSettled = async () => told(world).join() === [...(await wanted(world))].sort().join();
      await world.until("what is wanted is told, and nothing else", isSettled, 30_000);
      expect(breaches).toEqual([]);
      await world.stop();
    },
    240_000,
  );
});
