import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atOnce } from "../../../../platform/steps.js";
import type { PlaceInput } from "../model.js";
import { groundOf, type Site, take } from "../room.js";
import { createShapes, type Shape } from "../shapes.js";
import { inputArb } from "../testing.js";
import { type Candidates, createCandidates } from "./candidates.js";
import { createRanking } from "./ranking.js";
import { search } from "./search.js";

/** Places as a round does, and asks every way of choosing at each step. */
function choices(input: PlaceInput) {
  const ground = atOnce(groundOf(input));
  const shapes = atOnce(createShapes(input, ground));
  const touched: Site[] = [];
  const rankings = {
    Spread: createRanking("Spread", ground.rooms, touched),
    BinPack: createRanking("BinPack", ground.rooms, touched),
  };
  const own = new Map<Shape, Candidates>();
  return input.waiting.map((task) => {
    const shape = shapes.of(task);
    const kept = own.get(shape) ?? createCandidates(shape, touched);
    own.set(shape, kept);
    const all = search(shape, shape.demand.asked).room;
    const isRanked = shape.demand.ranks.size === 0;
    const ranked = isRanked ? search(shape, ground.rooms, rankings[task.strategy].order()).room : all;
    const ordered = kept.best();
    if (all !== undefined) {
      const ports = all.pools.flatMap((pool) => pool.ports).slice(0, task.need.ports.length);
      const numbers = ports.map(({ begin }) => begin);
      take(
        all,
        { service: task.service, amounts: shape.demand.amounts, roles: task.roles, ports: numbers },
        ground.largest,
      );
      shapes.add(task.service, all.site);
      touched.push(all.site);
    }
    return { all: all?.index, ranked: ranked?.index, ordered: ordered?.index };
  });
}

describe("the choice of an offer", { timeout: 60_000 }, () => {
  it("is the same by looking at all, by the ranking, and by an order of one's own", () => {
    fc.assert(
      fc.property(inputArb, (input) => {
        for (const { all, ranked, ordered } of choices(input))
          expect({ ranked, ordered }).toEqual({ ranked: all, ordered: all });
      }),
      { numRuns: 500 },
    );
  });
});
