import { describe, expect, it } from "vitest";
import { atOnce, inTurns, type Steps } from "./steps.js";

function* counting(to: number, log: (number | string)[]): Steps<number> {
  for (let step = 0; step < to; step++) {
    log.push(step);
    yield;
  }
  return to;
}

describe("work in steps", () => {
  it("is done at once where nobody waits", () => {
    expect(atOnce(counting(3, []))).toBe(3);
  });

  it("is put down whenever the clock says that the turn was long enough", async () => {
    const log: (number | string)[] = [];
    let asked = 0;
    const breathe = () => {
      asked += 1;
      if (asked % 2 === 0) return undefined;
      log.push("others");
      return Promise.resolve();
    };
    expect(await inTurns(counting(4, log), { breathe })).toBe(4);
    expect(log).toEqual([0, "others", 1, 2, "others", 3]);
  });

  it("goes on without a break where time stands still", async () => {
    expect(await inTurns(counting(2, []), {})).toBe(2);
  });
});
