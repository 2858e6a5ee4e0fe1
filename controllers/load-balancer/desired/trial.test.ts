import fc from "fast-check";
import { expect, it } from "vitest";
import { afterTrial, NO_TRIAL, portsToTry, RETRY_MS } from "./trial.js";

/** Tries until nothing is left to try, or gives up; what is served then, and after how many reloads. */
function settle(ports: readonly number[], bad: ReadonlySet<number>) {
  let trial = NO_TRIAL;
  const served = new Set<number>();
  for (let reloads = 0; reloads < 1000; reloads++) {
    const tried = portsToTry(
      trial,
      ports.filter((port) => !served.has(port)),
      0,
    );
    if (tried.length === 0) return { served, reloads, trial };
    const isRefused = tried.some((port) => bad.has(port));
    if (!isRefused) for (const port of tried) served.add(port);
    trial = afterTrial(trial, { tried, isRefused, message: "taken", now: 0 });
  }
  throw new Error("never settles");
}

it("serves every port that can be served, whichever cannot, and knows those", () => {
  const ports = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 60 });
  fc.assert(
    fc.property(ports, fc.infiniteStream(fc.boolean()), (all, coins) => {
      const bad = new Set(all.filter(() => coins.next().value));
      const { served, trial } = settle(all, bad);
      expect([...served].sort()).toEqual(all.filter((port) => !bad.has(port)).sort());
      expect([...trial.refused.keys()].sort()).toEqual([...bad].sort());
    }),
  );
});

it("finds one bad port of a thousand in a few reloads", () => {
  const ports = Array.from({ length: 1000 }, (_, index) => 10_000 + index);
  expect(settle(ports, new Set([10_637])).reloads).toBeLessThan(40);
});

it("tries a refused port again after a minute, after all new ones", () => {
  const trial = afterTrial(NO_TRIAL, { tried: [80], isRefused: true, message: "taken", now: 0 });
  expect(portsToTry(trial, [80], RETRY_MS - 1)).toEqual([]);
  expect(portsToTry(trial, [80, 81], RETRY_MS)).toEqual([81]);
  expect(portsToTry(trial, [80], RETRY_MS)).toEqual([80]);
});

it("rests when a reload fails that adds nothing", () => {
  const trial = afterTrial(NO_TRIAL, { tried: [], isRefused: true, message: "bad file", now: 5 });
  expect(trial).toMatchObject({ restUntil: 5 + RETRY_MS, message: "bad file" });
});
