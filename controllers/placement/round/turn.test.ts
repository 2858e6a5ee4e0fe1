import { describe, expect, it } from "vitest";
import { atOnce } from "../../../platform/steps.js";
import { type Candidate, createTurns } from "./turn.js";

const all = (keys: string): readonly Candidate[] =>
  [...keys].map((key) => ({ key, createdAt: `2026-01-01T00:00:0${key}Z` }));
const inOne = (keys: ReadonlySet<string>) => [...keys].join("");

function turnsOf(max: number) {
  const { next, forget } = createTurns(max);
  return {
    forget,
    next: (candidates: readonly Candidate[], isNews: boolean) => atOnce(next(candidates, isNews)),
  };
}

describe("turns", () => {
  it("all have theirs together where they fit", () => {
    const { next } = turnsOf(3);
    const { keys, hasMore } = next(all("321"), true);
    expect([inOne(keys), hasMore]).toEqual(["321", false]);
  });

  it("the oldest go first, and the others follow without news", () => {
    const { next } = turnsOf(2);
    const turns = [
      next(all("54321"), true),
      next(all("54321"), false),
      next(all("54321"), false),
      next(all("54321"), false),
    ];
    expect(turns.map(({ keys, hasMore }) => [inOne(keys), hasMore])).toEqual([
      ["12", true],
      ["34", true],
      ["5", false],
      ["", false],
    ]);
  });

  it("nobody is passed over although news come before all had their turn", () => {
    const { next } = turnsOf(2);
    const turns = [1, 2, 3].map(() => inOne(next(all("12345"), true).keys));
    expect(turns).toEqual(["12", "34", "51"]);
  });

  it("what is new needs no news", () => {
    const { next } = turnsOf(2);
    next(all("12"), true);
    expect(inOne(next(all("123"), false).keys)).toBe("3");
  });

  it("what was forgotten has its turn without news", () => {
    const turns = turnsOf(2);
    turns.next(all("12"), true);
    turns.forget("2");
    expect(inOne(turns.next(all("12"), false).keys)).toBe("2");
    expect(inOne(turns.next(all("12"), false).keys)).toBe("");
  });
});
