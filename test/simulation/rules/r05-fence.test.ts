import { describe, expect, it } from "vitest";
import type { FaultRule } from "../../../simulator/faults.js";
import { isConverged } from "../schedule/convergence.js";
import { scaleTo, smallWorld, updateArgs } from "../schedule/small-rack.js";
import { isSouthbound } from "../world/wire.js";
import type { ControlPlane, World } from "../world/world.js";

/** Longer than a lease holds. */
const PAUSE_MS = 40_000;

async function readyWorld(seed: number): Promise<World> {
  const world = await smallWorld({ seed });
  await world.until("converged", () => isConverged(world), 60_000);
  await world.clock.advance(5000);
  return world;
}

/** Writes that the API took under a term after a higher one was used. */
function lateWrites({ fenced }: World): number {
  let highest = 0;
  let late = 0;
  for (const { term, status } of fenced) {
    if (status >= 300) continue;
    if (term < highest) late += 1;
    highest = Math.max(highest, term);
  }
  return late;
}

function sentSince(plane: ControlPlane, from: number): number {
  return plane.sent.slice(from).filter(isSouthbound).length;
}

describe("R5 fence every write", () => {
  // moments of an update: before the placement is stored, while the task starts, between route, name and drain
  for (const offsetMs of [0, 1, 5, 160, 300, 1200, 2500, 3300, 5000]) {
    it(`R5 takes nothing from a leader that was stopped ${offsetMs} ms into an update and goes on after its lease`, async () => {
      const world = await readyWorld(3);
      const [former] = world.planes;
      if (former === undefined) throw new Error("the world has no control plane");
      await updateArgs(world, ["second"]);
      await world.clock.advance(offsetMs);
      former.gate.pause();
      world.startControllers();
      await world.clock.advance(PAUSE_MS);
      const sent = former.sent.length;
      const fenced = world.fenced.length;
      const taken = world.fenced.at(-1)?.term ?? 0;
      former.gate.resume();
      await world.clock.advance(20_000);
      const accepted = world.fenced.slice(fenced).filter(({ term, status }) => term < taken && status < 300);
      expect(accepted).toEqual([]);
      expect(sentSince(former, sent)).toBeLessThanOrEqual(1);
      await world.until("converged", () => isConverged(world), 60_000);
      await world.stop();
    });
  }

  it("R5 lets one of two leaders in competition act at a time", async () => {
    const world = await readyWorld(4);
    world.startControllers();
    for (let round = 0; round < 8; round++) {
      await scaleTo(world, round % 2 === 0 ? 2 : 3);
      await world.clock.advance(world.random.integer(2500));
      const leader = world.planes[round % 2];
      leader?.gate.pause();
      await world.clock.advance(14_000 + world.random.integer(8000));
      leader?.gate.resume();
      await world.clock.advance(world.random.integer(3000));
    }
    expect(lateWrites(world)).toBe(0);
    expect(new Set(world.fenced.map(({ term }) => term)).size).toBeGreaterThan(2);
    await world.until("converged", () => isConverged(world), 60_000);
    await world.stop();
  });

  it("R5 calls nobody outside with a lease older than a third of its time", async () => {
    const world = await readyWorld(5);
    const [leader] = world.planes;
    if (leader === undefined) throw new Error("the world has no control plane");
    const isRenewal: FaultRule["when"] = ({ method, url }) => method === "PUT" && url.includes("/leases/");
    world.scripts.api.rules = [{ fault: { type: "refuse" }, when: isRenewal }];
    await world.clock.advance(7500);
    // something to do: the routes are gone
    const sent = leader.sent.length;
    world.tor.restart({ wipe: true });
    await world.clock.advance(12_000);
    expect(sentSince(leader, sent)).toBe(0);
    world.scripts.api.rules = [];
    await world.until("converged", () => isConverged(world), 60_000);
    await world.stop();
  });
});
