import { describe, expect, it } from "vitest";
import { isConverged } from "./schedule/convergence.js";
import { scaleTo, smallWorld } from "./schedule/small-rack.js";
import type { World } from "./world/world.js";

function countCalls(world: World, wanted: string): number {
  return world.wire.filter(({ call }) => call.type === wanted || (call.type === "other" && call.call === wanted))
    .length;
}

describe("calls to the back ends", () => {
  it("asks for a launch of which nothing is heard once a while, however soon the answer comes", async () => {
    const world = await smallWorld({ seed: 1 });
    for (const node of world.nodeNames) world.mesos.setAgentDelay(node, 55_000);
    await world.clock.advance(50_000);
    const asked = countCalls(world, "RECONCILE");
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(12);
    await world.stop();
  });

  it("kills a task once", async () => {
    const world = await smallWorld({ seed: 1 });
    await world.clock.advance(5000);
    await scaleTo(world, 2);
    await world.clock.advance(9000);
    expect(countCalls(world, "kill")).toBe(1);
    await world.stop();
  });

  it("sets a route once", async () => {
    const world = await smallWorld({ seed: 1 });
    await world.clock.advance(30_000);
    expect(countCalls(world, "route.set")).toBe(3);
    await world.stop();
  });
});

describe("requests that arrive twice", () => {
  it("leave no task behind: what was refused the second time is believed when it runs", async () => {
    const world = await smallWorld({ seed: 7 });
    world.scripts.mesos.rules = [{ fault: { type: "duplicate" } }];
    await world.clock.advance(8000);
    world.scripts.mesos.rules = [];
    await world.until("converged", () => isConverged(world), 60_000);
    expect(world.runner.running()).toHaveLength(3);
    await world.stop();
  });
});
