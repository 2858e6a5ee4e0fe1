import fc from "fast-check";
import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import type { Observation } from "../drivers/observation.js";
import { changed$, changedItems } from "./changed-items.js";

interface Item {
  readonly id: string;
  readonly tags: readonly string[];
}

function complete(items: Readonly<Record<string, readonly string[]>>, epoch = "1"): Observation<Item> {
  const entries = Object.entries(items).map(([id, tags]) => [id, { id, tags: [...tags] }] as const);
  return { type: "Complete", items: new Map(entries), origin: { source: "s", epoch, index: 1, takenAt: 7 } };
}

const unknown: Observation<Item> = { type: "Unknown", reason: "away", since: 0, source: "s" };
const text = fc.string({ maxLength: 2 });
const items = fc.dictionary(text, fc.array(text, { maxLength: 2 }), { maxKeys: 5, noNullPrototype: true });

describe("what an observation changed", () => {
  it("is every item that is new, gone or different, before and after", () => {
    const changed = changedItems(complete({ a: ["1"], b: ["2"], c: ["3"] }), complete({ a: ["1"], b: ["x"], d: [] }));
    const found = changed.type === "items" ? changed.items.map(({ id, tags }) => `${id}${tags}`) : [];
    expect(found.sort()).toEqual(["b2", "bx", "c3", "d"]);
  });

  it("is nothing when the same was said again, and never misses a key that differs", () => {
    fc.assert(
      fc.property(items, items, (before, after) => {
        const changed = changedItems(complete(before), complete(after));
        const ids = new Set(changed.type === "items" ? changed.items.map(({ id }) => id) : []);
        const all = [...new Set([...Object.keys(before), ...Object.keys(after)])];
        const different = all.filter((id) => JSON.stringify(before[id]) !== JSON.stringify(after[id]));
        expect([...ids].sort()).toEqual(different.sort());
      }),
    );
  });

  it.each([
    ["nothing was known", unknown, complete({})],
    ["nothing is known any more", complete({}), unknown],
    ["another authority answers", complete({}, "1"), complete({}, "2")],
    ["it is no longer complete", complete({}), { ...complete({}), type: "Partial", reason: "r" } as Observation<Item>],
  ])("is everything when %s", (_, before, after) => {
    expect(changedItems(before, after)).toEqual({ type: "everything" });
  });

  it("is everything at first, then what differs from the value before", () => {
    const changes$ = new Subject<Observation<Item>>();
    const seen: unknown[] = [];
    changed$({ value: () => complete({ a: [] }), changes$ }).subscribe((changed) => seen.push(changed));
    changes$.next(complete({ a: [] }));
    changes$.next(complete({ a: [], b: [] }));
    expect(seen).toEqual([
      { type: "everything" },
      { type: "items", items: [], takenAt: 7 },
      { type: "items", items: [{ id: "b", tags: [] }], takenAt: 7 },
    ]);
  });
});
