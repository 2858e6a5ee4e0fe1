import type { Room, Site } from "../room.js";
import type { Shape } from "../shapes.js";
import type { Score } from "./heap.js";

/**
 * How well an offer suits a shape: the smaller the better.
 *
 * | strategy | order                                                                                             |
 * |----------|---------------------------------------------------------------------------------------------------|
 * | Spread   | listed first, near, spared, fewest tasks of the service, fewest tasks, most free, name             |
 * | BinPack  | listed first, near, spared, least free, name                                                      |
 *
 * Spared: nodes with GPUs come last for tasks that need none.
 */
export function scoreOf(shape: Shape, room: Room): Score {
  return { major: majorOf(shape, room), minor: minorOf(shape.task, room), order: room.index };
}

/** All of it but how much is free and the name, in one whole number. */
export function majorOf(shape: Shape, room: Room): number {
  const place = ownPlace(shape, room.site);
  const { service, strategy } = shape.task;
  if (strategy === "BinPack") return place;
  const same = Math.min(room.site.services.get(service) ?? 0, SAME_MAX - 1);
  // exact: 10,000 names give 16 bits, and 16 + 17 + 20 are the 53 of a double
  return (place * SAME_MAX + same) * TASKS_MAX + sharedMajor(strategy, room);
}

/** Whether no offer can be better but by what is the same for all shapes of its strategy. */
export function isOfBestClass({ task: { strategy } }: Shape, major: number): boolean {
  return strategy === "BinPack" ? major === 0 : major < TASKS_MAX;
}

/** The part of the order that is the same for every shape: how many tasks are on the node. */
export function sharedMajor(strategy: Strategy, { site }: Room): number {
  return strategy === "BinPack" ? 0 : Math.min(site.tasks, TASKS_MAX - 1);
}

/** How much is free. */
export function minorOf({ strategy }: { readonly strategy: Strategy }, { freeShare }: Room): number {
  return strategy === "BinPack" ? freeShare : -freeShare;
}

export type Strategy = Shape["task"]["strategy"];

function ownPlace({ task: { near, need }, demand: { ranks } }: Shape, { facts, services }: Site): number {
  const rank = ranks.size === 0 ? 0 : (ranks.get(facts.name) ?? 0);
  const isFar = near.length > 0 && !near.some((other) => services.has(other));
  const isSpared = need.gpu === 0 && facts.hasGpu === true;
  return rank * 4 + (isFar ? 2 : 0) + (isSpared ? 1 : 0);
}

const SAME_MAX = 2 ** 17;
const TASKS_MAX = 2 ** 20;
