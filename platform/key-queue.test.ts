import { describe, expect, it } from "vitest";
import { createKeyQueue } from "./key-queue.js";
import { virtualClock } from "./virtual-clock.js";

function start(concurrency: number) {
  const clock = virtualClock();
  const given: string[] = [];
  const queue = createKeyQueue({ clock, concurrency, start: (key, waitedMs) => given.push(`${key}+${waitedMs}`) });
  return { clock, given, queue };
}

describe("createKeyQueue", () => {
  it("gives out as many as there is room for, oldest first, with the time they waited", async () => {
    const { clock, given, queue } = start(1);
    expect([queue.add("a"), queue.add("b"), queue.add("c"), queue.add("b")]).toEqual([true, true, true, false]);
    expect(queue.depth()).toBe(2);
    await clock.advance(5);
    queue.done("a");
    await clock.advance(5);
    queue.done("b");
    expect(given).toEqual(["a+0", "b+5", "c+10"]);
    expect(queue.startTimes()).toEqual([10]);
  });

  it("looks again at what came while it was worked on", () => {
    const { given, queue } = start(2);
    queue.add("a");
    queue.add("a");
    expect(given).toEqual(["a+0"]);
    queue.done("a");
    queue.done("a");
    expect(given).toEqual(["a+0", "a+0"]);
  });

  it.each(["addLater", "retryLater"] as const)(
    "waits for the running work when %s comes due meanwhile",
    async (how) => {
      const { clock, given, queue } = start(2);
      queue.add("a");
      queue[how]("a", 10);
      await clock.advance(20);
      expect(given).toEqual(["a+0"]);
      queue.done("a");
      expect(given).toEqual(["a+0", "a+0"]);
    },
  );

  it("forgets a planned return when something happens before", async () => {
    const { clock, given, queue } = start(1);
    queue.addLater("a", 100);
    await clock.advance(50);
    queue.add("a");
    queue.done("a");
    await clock.advance(1000);
    expect(given).toEqual(["a+0"]);
  });

  it("does not hold planned returns to the rate of retries", async () => {
    const { clock, given, queue } = start(10_000);
    for (let index = 0; index < 1000; index++) queue.addLater(`planned${index}`, 10);
    for (let index = 0; index < 1000; index++) queue.retryLater(`failed${index}`, 10);
    await clock.advance(11);
    const count = (prefix: string) => given.filter((key) => key.startsWith(prefix)).length;
    expect(count("planned")).toBe(1000);
    expect(count("failed")).toBeLessThanOrEqual(102);
    await clock.advance(10_000);
    expect(count("failed")).toBe(1000);
  });

  it("gives out nothing after it is closed", async () => {
    const { clock, given, queue } = start(1);
    queue.add("a");
    queue.add("b");
    queue.addLater("c", 10);
    queue.close();
    queue.done("a");
    queue.add("d");
    queue.retryLater("e", 10);
    await clock.advance(1000);
    expect(given).toEqual(["a+0"]);
    expect(queue.depth()).toBe(0);
  });
});

describe("a turn of the event loop that lasts long", () => {
  it("gives the next key out in a later one, and none after it was closed", async () => {
    const started: string[] = [];
    let turn: (() => void) | undefined;
    const breathe = () =>
      new Promise<void>((resolve) => {
        turn = resolve;
      });
    const clock = { ...virtualClock(), breathe };
    const queue = createKeyQueue({ clock, concurrency: 1, start: (key) => void started.push(key) });
    queue.add("a");
    await Promise.resolve();
    expect(started).toEqual([]);
    expect(queue.add("a")).toBe(false);
    turn?.();
    await Promise.resolve();
    expect(started).toEqual(["a"]);
    queue.done("a");
    queue.close();
    turn?.();
    await Promise.resolve();
    expect(started).toEqual(["a"]);
  });
});
