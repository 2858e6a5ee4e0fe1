import { expect, it } from "vitest";
import { isAvailable } from "../../../api-types/life.js";
import { type Random, seededRandom } from "../../../platform/random.js";
import { changeService, instancesOf } from "../compute/compute-world.js";
import { NAMESPACE } from "../world/lab.js";
import { addressOfNode } from "../world/rack.js";
import type { World } from "../world/world.js";
import { guardAddresses } from "./guard.js";
import { claimsOf, poolWorld, routedGroup } from "./pool-world.js";

const PREFIX = "192.168.9.9/32";
const QUARANTINE_SECONDS = 20;
const NODES = ["n1", "n2", "n3", "n4"];

/** What happens to the rack, in any order. */
const TROUBLES: readonly ((world: World, random: Random) => Promise<void> | void)[] = [
  (world, random) => changeService(world, "web", { instances: random.integer(7) }),
  (world, random) => changeService(world, "web", { args: [`--${random.integer(3)}`] }),
  (world) => void world.restartControllers(),
  (world, random) => {
    const tasks = world.runner.running();
    world.runner.exit(tasks[random.integer(Math.max(1, tasks.length))]?.task.taskId ?? "", { code: 1 });
  },
  (world, random) => world.mesos.partitionAgent(NODES[random.integer(3)] ?? ""),
  (world) => {
    for (const name of NODES) if (world.mesos.isCutOff(name)) world.mesos.returnAgent(name);
  },
  (world) => world.mesos.restart(),
  (world) => {
    world.scripts.tor.rules = [{ fault: { type: "dropResponse" }, probability: 0.5 }];
  },
  (world) => {
    world.scripts.tor.rules = [];
  },
  (world) => {
    world.scripts.api.rules = [{ fault: { type: "dropResponse" }, probability: 0.02, times: 3 }];
  },
];

async function settled(world: World): Promise<boolean> {
  const all = await instancesOf(world, "web");
  const claims = await claimsOf(world);
  const hops = (world.tor.routes().get(PREFIX)?.nextHops ?? []).map(({ ip }) => ip).sort();
  const nodes = all.map(({ status }) => addressOfNode(Number(status?.placement?.node.slice(1)) - 1));
  const isRight = hops.join() === [...new Set(nodes)].sort().join();
  return all.length === 4 && all.every(isAvailable) && claims.size === 4 && isRight;
}

it.each([1, 2, 3])(
  "I13 addresses are one instance's each whatever happens, seed %i",
  async (seed) => {
    const groups = [routedGroup("web", { instances: 3, network: `pool: web, anycast: ${PREFIX}` })];
    const world = await poolWorld({ seed, cidr: "172.20.0.0/28", quarantineSeconds: QUARANTINE_SECONDS, groups });
    const watched = guardAddresses(world, QUARANTINE_SECONDS * 1000);
    const random = seededRandom(seed);
    await world.clock.advance(10_000);
    for (let round = 0; round < 25; round++) {
      await TROUBLES[random.integer(TROUBLES.length)]?.(world, random);
      await world.clock.advance(random.integer(8000));
    }
    for (const name of NODES) if (world.mesos.isCutOff(name)) world.mesos.returnAgent(name);
    world.scripts.tor.rules = [];
    world.scripts.api.rules = [];
    await changeService(world, "web", { instances: 4 });
    await world.until("four serve, and nobody else has an address", () => settled(world), 30 * 60_000);
    expect(watched.faults).toEqual([]);
    expect(world.runner.running().filter(({ task }) => task.taskId.startsWith(NAMESPACE))).toHaveLength(4);
    watched.stop();
    await world.stop();
  },
  120_000,
);
