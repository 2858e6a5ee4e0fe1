import type { Room, Site } from "../room.js";
import type { Shape } from "../shapes.js";
import { type Candidates, createCandidates } from "./candidates.js";
import { createRanking, type Ranking } from "./ranking.js";
import type { Strategy } from "./score.js";
import { search } from "./search.js";

/** Chooses offers for shapes. */
export interface Chooser {
  /** The offer that suits a shape best now. Undefined: none fits. */
  readonly best: (shape: Shape) => Room | undefined;
  /** No more tasks of this shape come. */
  readonly forget: (shape: Shape) => void;
}

/** What making an order of one's own costs for each offer, and what following a placement does, in steps of a search. */
const MAKING_STEPS = 4;
const FOLLOWING_STEPS = 4;
/** At most so many offers are in all orders of one's own together, about 40 bytes each. */
const KEPT_MAX = 4_000_000;

interface Spent {
  /** Steps of all searches for a shape. */
  steps: number;
  /** How many placements there had been at the first. */
  readonly since: number;
}

/**
 * All shapes search one ranking, which is moved once for each placement. A shape that finds nothing but what does not suit
 * it at the front, like one of thousands of tasks that are on every node already, gets an order of its own as soon as its
 * searches have cost what that order would have: so no shape costs more than twice the cheaper way.
 */
export function createChooser(rooms: readonly Room[], touched: readonly Site[]): Chooser {
  const rankings = new Map<Strategy, Ranking>();
  const spent = new Map<Shape, Spent>();
  const own = new Map<Shape, Candidates>();
  let kept = 0;
  return {
    best(shape) {
      const candidates = own.get(shape) ?? whenItPays(shape);
      return candidates === undefined ? searched(shape) : candidates.best();
    },
    forget(shape) {
      spent.delete(shape);
      if (own.delete(shape)) kept -= shape.demand.asked.length;
    },
  };

  function whenItPays(shape: Shape): Candidates | undefined {
    const { steps, since } = spent.get(shape) ?? { steps: 0, since: 0 };
    const size = shape.demand.asked.length;
    if (steps <= MAKING_STEPS * size + FOLLOWING_STEPS * (touched.length - since)) return undefined;
    if (kept + size > KEPT_MAX) return undefined;
    const made = createCandidates(shape, touched);
    kept += size;
    own.set(shape, made);
    return made;
  }

  function searched(shape: Shape): Room | undefined {
    // the few that are named are not worth a walk through all
    const isRanked = shape.demand.ranks.size === 0;
    const order = isRanked ? rankingOf(shape.task.strategy).order() : undefined;
    const { room, steps } = search(shape, shape.demand.asked, order);
    const before = spent.get(shape) ?? { steps: 0, since: touched.length };
    before.steps += steps;
    spent.set(shape, before);
    return room;
  }

  function rankingOf(strategy: Strategy): Ranking {
    const known = rankings.get(strategy) ?? createRanking(strategy, rooms, touched);
    rankings.set(strategy, known);
    return known;
  }
}
