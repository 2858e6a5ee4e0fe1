import { describe, expect, it } from "vitest";
import {
  availableOf,
  computeWorld,
  instancesOf,
  machines,
  saidOf,
  sentSince,
  tasksOf,
  webGroup,
} from "../compute/compute-world.js";
import type { World } from "../world/world.js";

const INSTANCES = 6;
const TRIAL_MS = 600_000;

/** Six that serve; `isDown` says whether what they share is away. */
async function open(isDown: () => boolean = () => false): Promise<World> {
  const world = await computeWorld({
    seed: 1,
    nodes: machines(4),
    groups: [webGroup("web", { instances: INSTANCES })],
    behaviour: () => ({ probe: () => !isDown() }),
  });
  await world.until("all serve", async () => (await availableOf(world, "web")) === INSTANCES, 60_000);
  return world;
}

const launches = (world: World, from: number) => sentSince(world, "launch", { group: "web", from }).length;
const kills = (world: World, from: number) => sentSince(world, "kill", { group: "web", from }).length;

describe("R3 most of a service is bad at once and stays so", () => {
  it("replaces what is really bad one after the other, each after its successor serves", async () => {
    const world = await open();
    const from = world.wire.length;
    const bad = tasksOf(world, "web").slice(0, 4);
    for (const taskId of bad) world.runner.setHealthy(taskId, false);
    await world.clock.advance(TRIAL_MS - 5000);
    expect([launches(world, from), kills(world, from)]).toEqual([0, 0]);
    for (let second = 0; second < 240; second++) {
      await world.clock.advance(1000);
      // at most one is tried, and nothing ends before its successor runs
      expect(launches(world, from) - kills(world, from)).toBeLessThanOrEqual(3);
      expect(kills(world, from)).toBeLessThanOrEqual(launches(world, from));
      expect(await world.ask(() => availableOf(world, "web"))).toBeGreaterThanOrEqual(2);
    }
    expect(await world.ask(() => availableOf(world, "web"))).toBe(INSTANCES);
    expect(tasksOf(world, "web").filter((taskId) => bad.includes(taskId))).toEqual([]);
    expect([launches(world, from), kills(world, from)]).toEqual([4, 4]);
    expect(await world.ask(() => saidOf(world, "web", "Held"))).toBe("undefined:undefined");
    await world.stop();
  });

  it("tries one and lets all be where replacing does not help, until what they share is back", async () => {
    let isDown = false;
    const world = await open(() => isDown);
    const from = world.wire.length;
    isDown = true;
    await world.clock.advance(3 * TRIAL_MS);
    expect([launches(world, from), kills(world, from)]).toEqual([1, 0]);
    expect(await world.ask(() => saidOf(world, "web", "Held"))).toBe("True:ManyUnhealthy");
    isDown = false;
    await world.clock.advance(120_000);
    expect(await world.ask(() => availableOf(world, "web"))).toBe(INSTANCES);
    expect((await world.ask(() => instancesOf(world, "web"))).length).toBe(INSTANCES);
    expect([launches(world, from), kills(world, from)]).toEqual([1, 1]);
    await world.stop();
  });
});
