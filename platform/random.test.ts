import { describe, expect, it } from "vitest";
import { seededRandom, systemRandom } from "./random.js";

describe.each([
  { name: "seededRandom", create: () => seededRandom(42) },
  { name: "systemRandom", create: systemRandom },
])("$name", ({ create }) => {
  it("spreads numbers over [0, 1)", () => {
    const random = create();
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let index = 0; index < 10_000; index++) {
      const number = random.next();
      expect(number >= 0 && number < 1).toBe(true);
      buckets[Math.floor(number * 10)]! += 1; // the number is below 1
    }
    expect(Math.min(...buckets)).toBeGreaterThan(800);
  });

  it("draws integers below the bound, each of them", () => {
    const random = create();
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(5)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it("makes version 4 UUIDs and Kubernetes suffixes", () => {
    const random = create();
    expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(random.suffix(5)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(random.uuid()).not.toBe(random.uuid());
  });
});

describe("seededRandom", () => {
  it("repeats with the seed and differs without", () => {
    const draw = (seed: number) => Array.from({ length: 20 }, seededRandom(seed).next);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });
});
