import { describe, expect, it } from "vitest";
import { after$, every$, sleep, systemClock } from "./clock.js";
import { virtualClock } from "./virtual-clock.js";

describe("sleep", () => {
  it("resolves after the delay, not before", async () => {
    const clock = virtualClock();
    let isDone = false;
    void sleep(clock, 100).then(() => {
      isDone = true;
    });
    await clock.advance(99);
    expect(isDone).toBe(false);
    await clock.advance(1);
    expect(isDone).toBe(true);
  });

  it("resolves at once when its signal aborts, before or during", async () => {
    const clock = virtualClock();
    const abort = new AbortController();
    const during = sleep(clock, 1e9, abort.signal);
    abort.abort();
    await during;
    await sleep(clock, 1e9, abort.signal);
    expect(clock.monotonic()).toBe(0);
  });
});

describe("after$ and every$", () => {
  it("emit in time and stop when unsubscribed", async () => {
    const clock = virtualClock();
    const seen: string[] = [];
    after$(clock, 150).subscribe({
      next: () => seen.push(`after@${clock.monotonic()}`),
      complete: () => seen.push("complete"),
    });
    const subscription = every$(clock, 100).subscribe(() => seen.push(`every@${clock.monotonic()}`));
    await clock.advance(250);
    subscription.unsubscribe();
    await clock.advance(1000);
    expect(seen).toEqual(["every@100", "after@150", "complete", "every@200"]);
  });
});

describe("systemClock", () => {
  it("measures and schedules real time, and cancels", async () => {
    const clock = systemClock();
    const start = clock.monotonic();
    let hasRun = false;
    clock
      .schedule(1, () => {
        hasRun = true;
      })
      .cancel();
    await sleep(clock, 20);
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(19);
    expect(clock.now()).toBeGreaterThan(Date.UTC(2026, 0, 1));
    expect(hasRun).toBe(false);
  });

  it("does not fire at once for a wait that Node cannot hold", async () => {
    let hasRun = false;
    const timer = systemClock().schedule(2 ** 40, () => {
      hasRun = true;
    });
    await sleep(systemClock(), 10);
    timer.cancel();
    expect(hasRun).toBe(false);
  });
});

describe("breathe", () => {
  /** Work in one go, as promises that follow each other do: 100 pieces of about a millisecond. */
  async function work(breathe: () => Promise<void> | undefined): Promise<number> {
    let turns = 0;
    let isEnded = false;
    const turn = () => {
      turns += 1;
      if (!isEnded) setImmediate(turn);
    };
    setImmediate(turn);
    for (let piece = 0; piece < 100; piece++) {
      const until = performance.now() + 1;
      while (performance.now() < until);
      await breathe();
    }
    isEnded = true;
    return turns;
  }

  it("lets others in between when work lasts, and only then", async () => {
    expect(await work(async () => {})).toBe(0);
    const clock = systemClock();
    const turns = await work(() => clock.breathe?.() ?? Promise.resolve());
    expect(turns).toBeGreaterThan(5);
    expect(turns).toBeLessThan(60);
  });

  it("lets those who waited go on in several turns when all of them at once would be too long, in their order", async () => {
    const { breathe } = systemClock();
    const spin = (ms: number) => {
      for (const until = performance.now() + ms; performance.now() < until; );
    };
    let turn = 0;
    const count = () => {
      turn += 1;
      if (turn < 1000) setImmediate(count);
    };
    void breathe?.();
    spin(10);
    const order: number[] = [];
    const waiters = Array.from({ length: 20 }, async (_, index) => {
      await breathe?.();
      order.push(index);
      spin(2);
      return turn;
    });
    setImmediate(count);
    const turns = await Promise.all(waiters);
    turn = 1000;
    expect(order).toEqual(waiters.map((_, index) => index));
    // eight milliseconds hold five of them at most
    expect(new Set(turns).size).toBeGreaterThanOrEqual(4);
  });

  it("costs nothing where time stands still", () => {
    expect(virtualClock().breathe).toBeUndefined();
  });
});
