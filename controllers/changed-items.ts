import { Observable, pairwise, startWith } from "rxjs";
import type { Observation } from "../drivers/observation.js";
import type { Kept } from "./context.js";

/** What an observation changed: items in their state before and after, or everything when the two cannot be compared. */
export type Changed<Item> =
  | { readonly type: "everything" }
  | { readonly type: "items"; readonly items: readonly Item[]; readonly takenAt: number };

/** What every later observation changes; first everything. Never completes, cannot error, does not replay. */
export function changed$<Item>({ value, changes$ }: Kept<Observation<Item>>): Observable<Changed<Item>> {
  return new Observable((subscriber) => {
    subscriber.next({ type: "everything" });
    const pairs$ = changes$.pipe(startWith(value()), pairwise());
    return pairs$.subscribe(([before, after]) => subscriber.next(changedItems(before, after)));
  });
}

/** Compares two observations item by item, so that only what differs has to be looked at. */
export function changedItems<Item>(before: Observation<Item>, after: Observation<Item>): Changed<Item> {
  if (before.type === "Unknown" || after.type === "Unknown") return { type: "everything" };
  if (before.type !== after.type || before.origin.epoch !== after.origin.epoch) return { type: "everything" };
  const items: Item[] = [];
  for (const [key, item] of after.items) {
    const known = before.items.get(key);
    if (isSameData(known, item)) continue;
    items.push(item);
    if (known !== undefined) items.push(known);
  }
  for (const [key, item] of before.items) if (!after.items.has(key)) items.push(item);
  return { type: "items", items, takenAt: after.origin.takenAt };
}

function isSameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  // an object without the key gives undefined, which the count of keys has told apart
  return keys.every((key) => key in b && isSameData(a[key as keyof typeof a], b[key as keyof typeof b]));
}
