import { describe, expect, it } from "vitest";
import { DisruptionOverride } from "../../../api-types/disruption-override.js";
import {
  availableOf,
  changeGroup,
  computeWorld,
  instancesOf,
  machines,
  saidOf,
  webGroup,
} from "../compute/compute-world.js";
import type { World } from "../world/world.js";

/** The least that a budget holds. */
const BUDGET = 5;
const GROUPS = Array.from({ length: 8 }, (_, index) => `web${index}`);

/** Two instances each at a fixed port: a bad one has to leave before its successor can start. */
function fixedGroup(name: string, index: number): string {
  return webGroup(name, { instances: 2, more: "unhealthyKillBudget: 100%" }).replace(
    "containerPort: 8080",
    `containerPort: 8080, hostPort: ${31_000 + index}`,
  );
}

async function open(): Promise<World> {
  const world = await computeWorld({ seed: 1, nodes: machines(2, 16), groups: GROUPS.map(fixedGroup) });
  const isServed = async () =>
    (await Promise.all(GROUPS.map((name) => availableOf(world, name)))).every((n) => n === 2);
  await world.until("both instances of each group serve", isServed, 120_000);
  return world;
}

/** The first instance of each group is told to be bad from now on. */
async function spoil(world: World): Promise<void> {
  await world.ask(async () => {
    for (const name of GROUPS) {
      const [first] = await instancesOf(world, name);
      world.runner.setHealthy(first?.status?.placement?.taskID ?? "", false);
    }
  });
}

const kills = (world: World, from: number) =>
  new Set(world.wire.slice(from).flatMap(({ call }) => (call.type === "kill" ? [call.taskId] : [])));

async function held(world: World): Promise<readonly string[]> {
  const said = await world.ask(() => Promise.all(GROUPS.map((name) => saidOf(world, name, "Held"))));
  return GROUPS.filter((_, index) => said[index] === "True:HealthRemovalHeld");
}

describe("R4 the disruption budget", () => {
  it("R4 lets five bad instances go at once, holds and names the others, and lets five a minute follow", async () => {
    const world = await open();
    const from = world.wire.length;
    await spoil(world);
    await world.clock.advance(12_000);
    expect(kills(world, from).size).toBeLessThanOrEqual(BUDGET + 1);
    expect(kills(world, from).size).toBeGreaterThanOrEqual(BUDGET);
    expect((await held(world)).length).toBeGreaterThanOrEqual(GROUPS.length - BUDGET - 1);
    await world.clock.advance(90_000);
    expect(kills(world, from).size).toBe(GROUPS.length);
    expect(await held(world)).toEqual([]);
    await world.stop();
  });

  it("R4 keeps nobody from scaling down, suspending or deleting", async () => {
    const world = await open();
    await spoil(world);
    await world.clock.advance(12_000);
    const [waiting = ""] = await held(world);
    const others = GROUPS.filter((name) => name !== waiting);
    const from = world.wire.length;
    for (const name of others) await changeGroup(world, name, { suspend: true });
    await changeGroup(world, waiting, { scale: { web: 1 } });
    await world.clock.advance(30_000);
    expect(kills(world, from).size).toBeGreaterThanOrEqual(others.length * 2 - BUDGET);
    for (const name of others) expect(await world.ask(() => saidOf(world, name, "Ready"))).toBe("True:Suspended");
    expect(await world.ask(async () => (await instancesOf(world, waiting)).length)).toBe(1);
    await world.stop();
  });

  it("R4 is not lifted by a controller", async () => {
    const world = await open();
    const spec = {
      rackName: "lab",
      classes: ["tasks" as const],
      maxRemovals: 20,
      reason: "a bad image",
      expires: new Date(world.clock.now() + 600_000).toISOString(),
    };
    const lift = () => world.client.create(DisruptionOverride, { metadata: { name: "lift" }, spec });
    await expect(world.ask(lift)).rejects.toThrow(/a person must/);
    await world.stop();
  });
});
