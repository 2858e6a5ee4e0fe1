import { describe, expect, it } from "vitest";
import { format, inFlight, median, percentile } from "./measure.js";

describe("measuring", () => {
  it.each([
    [[3, 1, 2], 50, 2],
    [[4, 1, 3, 2], 50, 2],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 99, 10],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 10, 1],
    [[7], 0, 7],
  ])("takes of %j the percentile %d: %d", (values, percent, expected) => {
    expect(percentile(values, percent)).toBe(expected);
  });

  it("has no middle of nothing", () => {
    expect(median([])).toBeNaN();
  });

  it.each([
    [1234.5, "1,235"],
    [99.96, "100"],
    [12.34, "12.3"],
    [10, "10"],
    [0.5, "0.5"],
    [0.012345, "0.0123"],
  ])("writes %d as %s", (value, text) => {
    expect(format(value)).toBe(text);
  });

  it("does every task once, and never more at once than asked for", async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await inFlight(10, 3, async (index) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      done.push(index);
    });
    expect([done.sort((a, b) => a - b), most]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3]);
  });
});
