import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { keyOf } from "../api-types/life.js";
import { StatusError } from "../api-types/meta/status-error.js";
import { createClient } from "../client/create-client.js";
import { fakeApi } from "../client/testing/fake-api.js";
import { Widget } from "../client/testing/fake-kind.js";
import { silentLogger } from "../platform/log.js";
import { seededRandom } from "../platform/random.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { type ControllerOutcome, defineController, on, runControllers } from "./controller.js";
import { createInformers } from "./informers.js";
import type { Reconcile } from "./reconcile-keys.js";

function start(reconcile: Reconcile, resyncSeconds = 60) {
  const api = fakeApi(Widget);
  const clock = virtualClock();
  const client = createClient({ handler: api.handler, baseUrl: "http://api", userAgent: "test" });
  const informers = createInformers({ client, clock, random: seededRandom(1), log: silentLogger });
  const triggers$ = new Subject<string>();
  const controller = defineController({
    name: "widget",
    watches: [on(Widget, (widget) => [keyOf(widget)])],
    triggers: [triggers$],
    reconcile,
  });
  const outcomes: ControllerOutcome[] = [];
  const errors: unknown[] = [];
  const run = () =>
    runControllers([controller], {
      informers,
      clock,
      random: seededRandom(2),
      log: silentLogger,
      resyncSeconds,
    }).subscribe({
      next: (outcome) => outcomes.push(outcome),
      error: (error) => errors.push(error),
    });
  return { api, clock, informers, triggers$, outcomes, errors, run };
}

describe("runControllers", () => {
  it("R23 does nothing before the caches are complete", async () => {
    const keys: string[] = [];
    const { api, clock, run, triggers$ } = start(async (key) => void keys.push(key));
    api.put("ns/a", {});
    api.failWith(new StatusError("ServiceUnavailable", "starting"));
    const subscription = run();
    await clock.advance(60_000);
    triggers$.next("ns/early");
    expect(keys).toEqual([]);
    api.failWith(undefined);
    await clock.advance(31_000);
    expect(keys).toContain("ns/a");
    subscription.unsubscribe();
  });

  it("works on changed, deleted and triggered keys", async () => {
    const keys: string[] = [];
    const { api, clock, run, triggers$ } = start(async (key) => void keys.push(key));
    api.put("ns/a", {});
    const subscription = run();
    await clock.advance(10);
    api.put("ns/a", { spec: { size: 2 } });
    await clock.advance(10);
    api.put("ns/a", undefined);
    await clock.advance(10);
    triggers$.next("ns/t");
    await clock.advance(10);
    expect(keys).toEqual(["ns/a", "ns/a", "ns/a", "ns/t"]);
    subscription.unsubscribe();
  });

  it("R19 looks at every key once a period, spread over it", async () => {
    const seen = new Map<string, number[]>();
    const { api, clock, run } = start(async (key) => {
      seen.set(key, [...(seen.get(key) ?? []), clock.monotonic()]);
    }, 100);
    for (let index = 0; index < 50; index++) api.put(`ns/w${index}`, {});
    const subscription = run();
    await clock.advance(50);
    for (const times of seen.values()) times.length = 0;
    await clock.advance(200_000);
    expect(seen.size).toBe(50);
    expect([...seen.values()].every((times) => times.length === 2)).toBe(true);
    expect(new Set([...seen.values()].map(([first]) => first)).size).toBeGreaterThan(10);
    subscription.unsubscribe();
  });

  it("reports failures as outcomes and goes on", async () => {
    const { api, clock, run, outcomes, errors } = start(async () => {
      throw new TypeError("bug");
    });
    api.put("ns/a", {});
    const subscription = run();
    await clock.advance(5000);
    expect(errors).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(2);
    expect(outcomes[0]).toMatchObject({ controller: "widget", key: "ns/a", result: "error" });
    subscription.unsubscribe();
  });

  it("stops every loop at Fenced", async () => {
    const { api, clock, run, errors, informers, outcomes } = start(async () => {
      throw new StatusError("Fenced", "term is over");
    });
    api.put("ns/a", {});
    run();
    await clock.advance(10);
    api.put("ns/b", {});
    await clock.advance(600_000);
    expect(errors).toMatchObject([{ reason: "Fenced" }]);
    expect(outcomes).toEqual([]);
    informers.stop();
  });
});
