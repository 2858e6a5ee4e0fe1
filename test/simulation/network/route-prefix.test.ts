import { describe, expect, it } from "vitest";
import { conditionOf, isTrue } from "../../../api-types/life.js";
import { Rack } from "../../../api-types/rack.js";
import { Route } from "../../../api-types/route.js";
import { NAMESPACE } from "../world/lab.js";
import { addressOfNode } from "../world/rack.js";
import type { World } from "../world/world.js";
import { poolWorld } from "./pool-world.js";

const KEY = { namespace: NAMESPACE, name: "appliance" };
const A = "192.168.7.0/24";
const B = "192.168.8.0/24";

/** A Route made by hand; resolves when the switch has it. */
async function openWorld(seed: number, prefix: string): Promise<World> {
  const world = await poolWorld({ seed, cidr: "172.20.0.0/27", quarantineSeconds: 5, groups: [] });
  const nextHops = [{ address: addressOfNode(1) }];
  const spec = { rackName: "lab", prefix, nextHops, advertise: "World" } as const;
  await world.ask(() => world.client.patch(Rack, { name: "lab" }, { spec: { variables: { NETWORK: "192.168.7.0" } } }));
  await world.ask(() => world.client.create(Route, { metadata: KEY, spec }));
  await world.until("it is there", () => isThere(world, A), 30_000);
  return world;
}

async function isThere(world: World, prefix: string): Promise<boolean> {
  const route = await world.client.get(Route, KEY);
  return isTrue(route, "Ready") && world.tor.routes().has(prefix) && [...world.tor.told()].join() === prefix;
}

const staticRoutes = (world: World) =>
  [...world.tor.routes().values()].filter(({ protocol }) => protocol === "STATIC").map(({ prefix }) => prefix);

describe("a Route whose prefix changes leaves none behind", () => {
  it("when it is edited", async () => {
    const world = await openWorld(91, A);
    await world.ask(() => world.client.patch(Route, KEY, { spec: { prefix: B } }));
    await world.until("the new one is there", () => isThere(world, B), 30_000);
    expect(staticRoutes(world)).toEqual([B]);
    await world.stop();
  }, 60_000);

  it("when a variable of the rack changes, and when it is deleted after the variable went", async () => {
    const world = await openWorld(92, "$(NETWORK)/24");
    const variables = (NETWORK: string | null) =>
      world.ask(() => world.client.patch(Rack, { name: "lab" }, { spec: { variables: { NETWORK } } }));
    await variables("192.168.8.0");
    await world.until("the new one is there", () => isThere(world, B), 30_000);
    expect(staticRoutes(world)).toEqual([B]);
    await variables(null);
    await world.clock.advance(10_000);
    expect(staticRoutes(world)).toEqual([B]);
    await world.ask(() => world.client.delete(Route, KEY));
    await world.until("nothing is left", () => staticRoutes(world).length === 0, 30_000);
    await world.until("not even the object", async () => (await world.client.list(Route)).items.length === 0, 30_000);
    expect([...world.tor.told()]).toEqual([]);
    await world.stop();
  }, 60_000);

  it("when it is edited while the switch does not answer, and the process is killed", async () => {
    const world = await openWorld(93, A);
    world.scripts.tor.rules = [{ fault: { type: "refuse" } }];
    await world.ask(() => world.client.patch(Route, KEY, { spec: { prefix: B } }));
    await world.clock.advance(30_000);
    world.restartControllers();
    await world.clock.advance(10_000);
    expect(staticRoutes(world)).toEqual([A]);
    world.scripts.tor.rules = [];
    await world.until("the new one is there", () => isThere(world, B), 60_000);
    expect(staticRoutes(world)).toEqual([B]);
    await world.stop();
  }, 60_000);

  it("but for one whose finalizer was removed by hand: the Rack names it, and another Route takes it back", async () => {
    const world = await openWorld(95, A);
    const orphans = async () => conditionOf(await world.client.get(Rack, { name: "lab" }), "OrphanPrefixes");
    // the loop would put it back: nobody is there to do so
    for (const { gate } of world.planes) gate.kill();
    await world.ask(() => world.client.patch(Route, KEY, { metadata: { finalizers: null } }));
    await world.ask(() => world.client.delete(Route, KEY));
    world.restartControllers();
    await world.until("it is named", async () => (await orphans())?.message.includes(A) ?? false, 120_000);
    expect([...world.tor.told()]).toEqual([A]);
    const spec = { rackName: "lab", prefix: A, nextHops: [{ address: addressOfNode(1) }], advertise: "Rack" } as const;
    await world.ask(() => world.client.create(Route, { metadata: KEY, spec }));
    await world.until("it is told no more", () => world.tor.told().size === 0, 30_000);
    await world.until("the Rack says so", async () => (await orphans())?.status === "False", 30_000);
    await world.stop();
  }, 60_000);

  it("R18 and takes no route of somebody else for its own", async () => {
    const world = await openWorld(94, A);
    const body = {
      DestinationNw: "192.168.8.0",
      NetworkMask: "255.255.255.0",
      NextHop: [{ NextHopIp: addressOfNode(3) }],
    };
    const payload = Buffer.from(JSON.stringify(body));
    await world.ask(() =>
      world.tor.handler({ method: "POST", url: "/public/v1/config/IPv4Route", headers: {}, body: payload }),
    );
    await world.clock.advance(6000);
    await world.ask(() => world.client.patch(Route, KEY, { spec: { prefix: B } }));
    await world.clock.advance(20_000);
    expect(
      world.tor
        .routes()
        .get(B)
        ?.nextHops.map(({ ip }) => ip),
    ).toEqual([addressOfNode(3)]);
    expect(isTrue(await world.ask(() => world.client.get(Route, KEY)), "Conflict")).toBe(true);
    await world.stop();
  }, 60_000);
});
