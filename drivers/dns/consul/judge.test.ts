import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DnsEntry } from "../driver.js";
import { judge, NO_MEMORY, type WatchMemory } from "./judge.js";

const stamp = { identity: "torc", kind: "DnsRecord", namespace: "d", name: "r", uid: "u", term: 1 };
const listOf = (own: readonly string[], foreign: readonly string[] = []): ReadonlyMap<string, DnsEntry> =>
  new Map([
    ...own.map((id): [string, DnsEntry] => [`a/${id}`, { name: "a", id, address: "1.1.1.1", tags: [], stamp }]),
    ...foreign.map((id): [string, DnsEntry] => [
      `a/${id}`,
      { name: "a", id, address: "1.1.1.1", tags: [], stamp: undefined },
    ]),
  ]);
const keys = fc.uniqueArray(fc.constantFrom("p", "q", "r"));
const step = fc.record({
  own: keys,
  removed: keys,
  index: fc.integer({ min: 1, max: 9 }),
  leader: fc.constantFrom("l1", "l2"),
});

interface Told {
  readonly own: readonly string[];
  readonly index: number;
  readonly gone: ReadonlySet<string>;
}

function expectedOf({ known, ...before }: WatchMemory, { own, index, gone }: Told) {
  if (index < before.index) return { type: "again", memory: { resets: before.resets + 1 } };
  const isMissed = own.length === 0 && [...known].some((key) => !gone.has(key));
  return { type: isMissed ? "partial" : "complete", memory: { resets: before.resets } };
}

describe("judge", () => {
  it("R1 is complete and empty only when nothing is known that we did not remove", () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let memory: WatchMemory = NO_MEMORY;
        for (const { own, removed, index, leader } of steps) {
          const gone = new Set(removed.map((id) => `a/${id}`));
          const judgement = judge(memory, { leader, index, items: listOf(own) }, gone);
          expect(judgement).toMatchObject(expectedOf(memory, { own, index, gone }));
          memory = judgement.memory;
        }
      }),
    );
  });

  it("R7 asks from 0 and forgets what it knew when the index goes back", () => {
    const memory: WatchMemory = { leader: "l", index: 50, resets: 0, known: new Set(["a/p"]) };
    const judgement = judge(memory, { leader: "l", index: 3, items: listOf([]) }, new Set());
    expect(judgement).toMatchObject({ type: "again", memory: { index: 0, resets: 1, known: new Set() } });
  });

  it("R1 does not take foreign entries for ours", () => {
    const memory: WatchMemory = { leader: "l", index: 5, resets: 0, known: new Set(["a/p"]) };
    expect(judge(memory, { leader: "l", index: 6, items: listOf([], ["f"]) }, new Set()).type).toBe("partial");
  });

  it("does not come to know again what we removed and an older answer still lists", () => {
    const removed = new Set(["a/p"]);
    const { memory } = judge(NO_MEMORY, { leader: "l", index: 5, items: listOf(["p"]) }, removed);
    expect(judge(memory, { leader: "l", index: 6, items: listOf([]) }, new Set()).type).toBe("complete");
  });
});
