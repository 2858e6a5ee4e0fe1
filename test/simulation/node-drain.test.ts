import { describe, expect, it } from "vitest";
import { Event } from "../../api-types/core/event.js";
import { Instance } from "../../api-types/instance.js";
import { conditionOf, isTerminal } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { isConverged } from "./schedule/convergence.js";
import { smallWorld } from "./schedule/small-rack.js";
import { isHousekeeping } from "./world/store-writes.js";
import type { World } from "./world/world.js";

const IDLE_MS = 10 * 60_000;

/** Instances whose task may run on a node. */
async function placedOn(world: World, name: string): Promise<number> {
  const { items } = await world.ask(() => world.client.list(Instance));
  return items.filter((one) => one.status?.placement?.node === name && !isTerminal(one)).length;
}

const nodesOf = async (world: World) => (await world.ask(() => world.client.list(Node))).items;

describe("a node that is drained", () => {
  it("is told of from the start to the end, and everything moves away", async () => {
    const world = await smallWorld({ seed: 7 });
    await world.until("converged", () => isConverged(world), 60_000);
    const counts = await Promise.all(
      (await nodesOf(world)).map(async (node) => ({ node, count: await placedOn(world, node.metadata.name) })),
    );
    const name = counts.find(({ count }) => count > 0)?.node.metadata.name ?? "";
    const read = () => world.ask(() => world.client.get(Node, { name }));
    expect(Number((await read()).status?.allocated?.cpu)).toBeGreaterThan(0);
    expect((await read()).status?.agent?.url).toMatch(/^http:\/\//);
    await world.ask(() => world.client.patch(Node, { name }, { spec: { drain: { deadlineSeconds: 300 } } }));
    await world.until("drained", async () => conditionOf(await read(), "Drained")?.status === "True", 240_000);
    expect(await placedOn(world, name)).toBe(0);
    const drained = await read();
    expect(drained.status?.drainingSince).toBeDefined();
    expect(drained.status?.allocated).toMatchObject({ cpu: "0", memory: "0Mi" });
    await world.ask(() => world.client.patch(Node, { name }, { spec: { drain: null } }));
    await world.until("open", async () => (await read()).status?.drainingSince === undefined, 30_000);
    expect(conditionOf(await read(), "Drained")).toBeUndefined();
    await world.clock.advance(15_000);
    const { items } = await world.ask(() => world.client.list(Event));
    const told = items.filter(({ involvedObject }) => involvedObject?.name === name).map(({ reason }) => reason);
    expect(told.sort()).toEqual(["DrainEnded", "DrainFinished", "DrainStarted"]);
    await world.stop();
  });

  it("is not written while nothing happens", async () => {
    const world = await smallWorld({ seed: 8 });
    await world.until("converged", () => isConverged(world), 60_000);
    await world.clock.advance(30_000);
    const before = world.writes.length;
    await world.clock.advance(IDLE_MS);
    expect(world.writes.slice(before).filter((write) => !isHousekeeping(write))).toEqual([]);
    await world.stop();
  });
});
