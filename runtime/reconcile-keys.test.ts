import * as fc from "fast-check";
import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { StatusError } from "../api-types/meta/status-error.js";
import { sleep } from "../platform/clock.js";
import { silentLogger } from "../platform/log.js";
import { createMetrics } from "../platform/metrics.js";
import { seededRandom } from "../platform/random.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { type KeyOutcome, type Reconcile, reconcileKeys } from "./reconcile-keys.js";

function start(reconcile: Reconcile, concurrency = 2) {
  const clock = virtualClock();
  const metrics = createMetrics();
  const keys$ = new Subject<string>();
  const outcomes: KeyOutcome[] = [];
  const errors: unknown[] = [];
  const options = { keys$, concurrency, clock, random: seededRandom(1), name: "test", log: silentLogger, metrics };
  const subscription = reconcileKeys({
    ...options,
    reconcile,
  }).subscribe({ next: (outcome) => outcomes.push(outcome), error: (error) => errors.push(error) });
  return { clock, keys$, outcomes, errors, subscription, metrics };
}

/** Fails, comes back or is done, as the dice say. */
function anyOutcome(dice: number): Awaited<ReturnType<Reconcile>> {
  if (dice === 0) throw new StatusError("Conflict", "m");
  if (dice === 1) throw new StatusError("ServiceUnavailable", "m");
  return dice === 2 ? { requeueAfterMs: 50 } : undefined;
}

describe("reconcileKeys", () => {
  it("works on a key again when it comes while being worked on, and once only", async () => {
    const starts: string[] = [];
    let clockRef: ReturnType<typeof virtualClock> | undefined;
    const loop = start(async (key) => {
      starts.push(key);
      if (clockRef) await sleep(clockRef, 100);
    });
    clockRef = loop.clock;
    for (const key of ["a", "a", "a"]) loop.keys$.next(key);
    await loop.clock.advance(50);
    loop.keys$.next("a");
    loop.keys$.next("a");
    await loop.clock.advance(1000);
    expect(starts).toEqual(["a", "a", "a"].slice(0, 2));
  });

  it("keeps to the concurrency", async () => {
    let active = 0;
    let most = 0;
    const clockBox: { clock?: ReturnType<typeof virtualClock> } = {};
    const loop = start(async () => {
      active += 1;
      most = Math.max(most, active);
      // set before the first key
      await sleep(clockBox.clock!, 10);
      active -= 1;
    }, 3);
    clockBox.clock = loop.clock;
    for (let index = 0; index < 20; index++) loop.keys$.next(`k${index}`);
    await loop.clock.advance(1000);
    expect(most).toBe(3);
    expect(loop.outcomes).toHaveLength(20);
  });

  it("comes back after the asked time", async () => {
    const times: number[] = [];
    const loop = start(async () => {
      times.push(loop.clock.monotonic());
      return times.length < 3 ? { requeueAfterMs: 500 } : undefined;
    });
    loop.keys$.next("a");
    await loop.clock.advance(60_000);
    expect(times).toEqual([0, 500, 1000]);
    expect(loop.outcomes.map(({ result }) => result)).toEqual(["requeue_after", "requeue_after", "success"]);
  });

  it("backs off with growing, capped distances while a key fails, and recovers", async () => {
    const times: number[] = [];
    const loop = start(async () => {
      times.push(loop.clock.monotonic());
      if (times.length < 40) throw new StatusError("ServiceUnavailable", "down");
    });
    loop.keys$.next("a");
    await loop.clock.advance(3_600_000);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(times).toHaveLength(40);
    expect(gaps.every((gap, index) => gap <= Math.min(60_000, 100 * 2 ** (index + 1)) + 10)).toBe(true);
    expect(Math.max(...gaps)).toBeGreaterThan(20_000);
  });

  it.each([
    { reason: "Conflict" as const, secondAt: 0, result: "error" },
    { reason: "NotFound" as const, secondAt: undefined, result: "success" },
    { reason: "Invalid" as const, secondAt: undefined, result: "stalled" },
  ])("follows the table of errors: $reason", async ({ reason, secondAt, result }) => {
    const times: number[] = [];
    const loop = start(async () => {
      times.push(loop.clock.monotonic());
      if (times.length === 1) throw new StatusError(reason, "m");
    });
    loop.keys$.next("a");
    await loop.clock.advance(600_000);
    expect(times[1]).toBe(secondAt);
    expect(loop.outcomes[0]?.result).toBe(result);
  });

  it("stops everything at Fenced", async () => {
    const starts: string[] = [];
    const loop = start(async (key) => {
      starts.push(key);
      throw new StatusError("Fenced", "term is over");
    }, 1);
    for (const key of ["a", "b", "c"]) loop.keys$.next(key);
    await loop.clock.advance(600_000);
    expect(starts).toEqual(["a"]);
    expect(loop.errors).toMatchObject([{ reason: "Fenced" }]);
  });

  it("lets fresh keys pass waiting retries, without starving them", async () => {
    const order: string[] = [];
    const failing = new Set(["bad"]);
    const clockBox: { clock?: ReturnType<typeof virtualClock> } = {};
    const loop = start(async (key) => {
      order.push(key);
      // set before the first key
      await sleep(clockBox.clock!, 100);
      if (failing.delete(key)) throw new StatusError("ServiceUnavailable", "down");
    }, 1);
    clockBox.clock = loop.clock;
    loop.keys$.next("bad");
    await loop.clock.advance(100);
    for (let index = 0; index < 20; index++) loop.keys$.next(`k${index}`);
    await loop.clock.advance(5000);
    const second = order.lastIndexOf("bad");
    expect(second).toBeGreaterThan(4);
    expect(second).toBeLessThan(14);
  });

  it("aborts running work and forgets the rest when unsubscribed", async () => {
    const seen: AbortSignal[] = [];
    const loop = start((_, { signal }) => {
      seen.push(signal);
      return new Promise<void>(() => {});
    }, 1);
    loop.keys$.next("a");
    loop.keys$.next("b");
    await loop.clock.advance(10);
    loop.subscription.unsubscribe();
    await loop.clock.advance(100_000);
    expect(seen.map((signal) => signal.aborted)).toEqual([true]);
  });

  it("R15 spreads the retries of ten thousand keys that fail at once", async () => {
    const perSecond = new Map<number, number>();
    const loop = start(async () => {
      const second = Math.floor(loop.clock.monotonic() / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
      throw new StatusError("ServiceUnavailable", "down");
    }, 10);
    for (let index = 0; index < 10_000; index++) loop.keys$.next(`k${index}`);
    await loop.clock.advance(20_000);
    perSecond.delete(0); // the first look at each key
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(201);
    loop.subscription.unsubscribe();
  }, 30_000);

  it("speaks the metric names of client-go and controller-runtime", async () => {
    const loop = start(async (key) => {
      if (key === "bad") throw new StatusError("Invalid", "m");
    });
    loop.keys$.next("good");
    loop.keys$.next("bad");
    await loop.clock.advance(10);
    const text = await loop.metrics.text();
    expect(text).toContain('workqueue_adds_total{name="test"} 2');
    expect(text).toContain('workqueue_depth{name="test"} 0');
    expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="success"} 1');
    expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="error"} 1');
    expect(text).toContain('controller_runtime_terminal_reconcile_errors_total{controller="test"} 1');
    expect(text).toContain('controller_runtime_max_concurrent_reconciles{controller="test"} 2');
  });

  it("never works on a key twice at once and never forgets one, whatever happens", async () => {
    const event = fc.record({ key: fc.constantFrom("a", "b", "c", "d"), pauseMs: fc.nat(300) });
    const script = fc.record({ events: fc.array(event, { maxLength: 30 }), seed: fc.nat() });
    await fc.assert(
      fc.asyncProperty(script, async ({ events, seed }) => {
        const chance = seededRandom(seed);
        const active = new Set<string>();
        const lastStart = new Map<string, number>();
        const lastEvent = new Map<string, number>();
        let starts = 0;
        let faults = 0;
        const loop = start(async (key) => {
          if (active.has(key)) faults += 1;
          active.add(key);
          lastStart.set(key, ++starts);
          await sleep(loop.clock, chance.integer(200));
          active.delete(key);
          return anyOutcome(chance.integer(6));
        });
        for (const { key, pauseMs } of events) {
          lastEvent.set(key, starts);
          loop.keys$.next(key);
          await loop.clock.advance(pauseMs);
        }
        await loop.clock.advance(3_600_000);
        const forgotten = [...lastEvent].filter(([key, before]) => (lastStart.get(key) ?? 0) <= before);
        loop.subscription.unsubscribe();
        expect({ faults, forgotten, active: active.size }).toEqual({ faults: 0, forgotten: [], active: 0 });
      }),
      { numRuns: 60 },
    );
  }, 30_000);
});
