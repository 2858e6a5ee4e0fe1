import { describe, expect, it } from "vitest";
import { conditionOf, isAvailable } from "../../../api-types/life.js";
import { Rack } from "../../../api-types/rack.js";
import { instancesOf } from "../compute/compute-world.js";
import type { World } from "../world/world.js";
import { guardAddresses } from "./guard.js";
import { addressesOf, claimsOf, poolWorld, routedGroup } from "./pool-world.js";

const QUARANTINE_MS = 30_000;

async function availableOf(world: World): Promise<number> {
  return (await world.ask(() => instancesOf(world, "web"))).filter(isAvailable).length;
}

const rackOf = (world: World) => world.ask(() => world.client.get(Rack, { name: "lab" }));

/** Four instances are available, and the framework that has their tasks is about to be removed. */
async function open(seed: number) {
  const groups = [routedGroup("web", { instances: 4, network: "pool: web" })];
  const pool = { cidr: "172.20.0.0/28", quarantineSeconds: QUARANTINE_MS / 1000 };
  const world = await poolWorld({ seed, ...pool, groups });
  const watched = guardAddresses(world, QUARANTINE_MS);
  await world.until("four are available", async () => (await availableOf(world)) === 4, 60_000);
  const frameworkId = (await rackOf(world)).status?.frameworkID ?? "";
  /** The master forgets the framework; another one is in use when all are available again. */
  const remove = async () => {
    world.mesos.removeFramework(frameworkId);
    const isNew = async () => ![undefined, frameworkId].includes((await rackOf(world)).status?.frameworkID);
    await world.until("another framework", isNew, 60_000);
    await world.until("four are available again", async () => (await availableOf(world)) === 4, 300_000);
  };
  return { world, watched, remove };
}

describe("a framework that the master removed, as after its failover timeout", () => {
  it("is followed by another one, in which everything runs again once", async () => {
    const { world, watched, remove } = await open(71);
    await remove();
    await world.clock.advance(120_000);
    expect(conditionOf(await rackOf(world), "ComputeReady")?.reason).toBe("Subscribed");
    expect([await availableOf(world), addressesOf(world, "web").length]).toEqual([4, 4]);
    expect((await claimsOf(world)).size).toBe(4);
    expect(watched.faults).toEqual([]);
    watched.stop();
    await world.stop();
  }, 120_000);

  it("I13 leaves the address of a task out of reach to it until its agent is back and ends it", async () => {
    const { world, watched, remove } = await open(72);
    const [lost] = await world.ask(() => instancesOf(world, "web"));
    const node = lost?.status?.placement?.node ?? "";
    const address = lost?.status?.placement?.address ?? "";
    world.mesos.partitionAgent(node);
    await world.clock.advance(100_000);
    await remove();
    await world.clock.advance(5 * 60_000);
    expect(addressesOf(world, "web")).toContain(address);
    expect(watched.faults).toEqual([]);
    world.mesos.returnAgent(node);
    await world.clock.advance(120_000);
    expect([await availableOf(world), addressesOf(world, "web").length]).toEqual([4, 4]);
    expect(watched.faults).toEqual([]);
    watched.stop();
    await world.stop();
  }, 120_000);
});
