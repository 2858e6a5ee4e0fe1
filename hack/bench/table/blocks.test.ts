import { describe, expect, it } from "vitest";
import { blocksOf } from "./blocks.js";

describe("blocksOf", () => {
  it("tells collection from work, turn by turn, whatever the order in which pauses were told", () => {
    const turns = [
      { endedAt: 10, ms: 9 },
      { endedAt: 40, ms: 30 },
      { endedAt: 41, ms: 1 },
    ];
    const pauses = [
      { at: 30, ms: 5 },
      { at: 12, ms: 10 },
      { at: 3, ms: 2 },
    ];
    expect(blocksOf(turns, pauses)).toEqual([
      { ms: 9, collectedMs: 2 },
      { ms: 30, collectedMs: 15 },
      { ms: 1, collectedMs: 0 },
    ]);
  });

  it("takes no more of a turn for collection than the turn has: pauses are told by the clock", () => {
    expect(blocksOf([{ endedAt: 50, ms: 4 }], [{ at: 1, ms: 40 }])).toEqual([{ ms: 4, collectedMs: 4 }]);
  });
});
