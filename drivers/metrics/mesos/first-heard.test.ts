import { describe, expect, it } from "vitest";
import { createFirstHeard } from "./first-heard.js";

describe("createFirstHeard", () => {
  it("tells our time of a new measurement, and the same while the source repeats it", () => {
    let now = 1000;
    const heard = createFirstHeard(() => now);
    expect(heard.at("t1", 5)).toBe(1000);
    now = 2000;
    expect([heard.at("t1", 5), heard.at("t2", 5)]).toEqual([1000, 2000]);
    now = 3000;
    expect(heard.at("t1", 6)).toBe(3000);
  });

  it("forgets what was not asked for ten minutes", () => {
    let now = 0;
    const heard = createFirstHeard(() => now);
    heard.at("t1", 5);
    heard.at("t2", 5);
    now = 300_000;
    heard.at("t2", 5);
    now = 600_001;
    expect([heard.at("t2", 5), heard.at("t1", 5)]).toEqual([0, 600_001]);
  });
});
