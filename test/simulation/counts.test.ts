import { describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { Rack } from "../../api-types/rack.js";
import { isConverged } from "./schedule/convergence.js";
import { scaleTo, smallWorld } from "./schedule/small-rack.js";

describe("what a Rack counts", () => {
  it("shows Instances that came or went soon", async () => {
    const world = await smallWorld({ seed: 1 });
    await world.until("converged", () => isConverged(world), 60_000);
    for (const size of [4, 6, 2]) {
      await scaleTo(world, size);
      await world.clock.advance(20_000);
      const { items } = await world.ask(() => world.client.list(Instance));
      const racks = await world.ask(() => world.client.list(Rack));
      expect(items).toHaveLength(size);
      expect(racks.items.map((rack) => rack.status?.counts?.instances)).toEqual([size]);
    }
    await world.stop();
  });
});
