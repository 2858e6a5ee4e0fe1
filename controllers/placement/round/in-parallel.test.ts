import { expect, it } from "vitest";
import { sleep } from "../../../platform/clock.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { inParallel } from "./in-parallel.js";

it("runs so many at once, and gives results in order", async () => {
  const clock = virtualClock();
  let running = 0;
  let most = 0;
  const run = async (item: number) => {
    running += 1;
    most = Math.max(most, running);
    await sleep(clock, 100 - item);
    running -= 1;
    return item * 2;
  };
  const results = inParallel([1, 2, 3, 4, 5], 2, run);
  await clock.advance(1000);
  expect(await results).toEqual([2, 4, 6, 8, 10]);
  expect(most).toBe(2);
});

it("tells of a failure", async () => {
  const fail = async (item: number) => {
    if (item === 2) throw new Error("two");
    return item;
  };
  await expect(inParallel([1, 2, 3], 2, fail)).rejects.toThrow("two");
  expect(await inParallel([], 2, fail)).toEqual([]);
});

it("begins nothing after a failure, and tells of it when all that was begun has ended", async () => {
  const clock = virtualClock();
  const log: string[] = [];
  const run = async (item: number) => {
    log.push(`begin ${item}`);
    await sleep(clock, item * 100);
    if (item === 1) throw new Error("one");
    log.push(`end ${item}`);
  };
  const told = inParallel([1, 2, 3, 4], 2, run).catch((error: Error) => log.push(error.message));
  await clock.advance(1000);
  await told;
  expect(log).toEqual(["begin 1", "begin 2", "end 2", "one"]);
});
