import { BehaviorSubject, filter, map, merge, type Observable, takeUntil } from "rxjs";
import { type Clock, every$ } from "../platform/clock.js";
import type { Observation, Reading } from "./observation.js";

/** Items in memory behind a driver's verbs: what a healthy back end would do, and what a broken one would. */
export interface MemoryTable<Item, Change> {
  /** Every `periodMs` and after every change. Completes when closed, cannot error, replays nothing of the past. */
  readonly observe$: Observable<Observation<Item>>;
  read(key: string): Promise<Reading<Item>>;
  apply(change: Change): Promise<void>;
  close(): void;
  items(): ReadonlyMap<string, Item>;
  replace(items: ReadonlyMap<string, Item>): void;
  /** Observations become Unknown and reads unknown for `reason`; undefined heals. */
  breakReads(reason: string | undefined): void;
  /** Every change rejects with `error` and does nothing; undefined heals. */
  breakWrites(error: Error | undefined): void;
}

export interface MemoryTableOptions<Item, Change> {
  readonly clock: Clock;
  readonly periodMs: number;
  /** The source of the observations. */
  readonly source: string;
  /** The items after a change; the same ones when it changes nothing. Throws what the back end would refuse. */
  readonly changed: (items: ReadonlyMap<string, Item>, change: Change) => ReadonlyMap<string, Item>;
}

/** An empty table. */
export function createMemoryTable<Item, Change>(options: MemoryTableOptions<Item, Change>): MemoryTable<Item, Change> {
  const { clock, periodMs, source } = options;
  const changes = new BehaviorSubject<"changed" | "closed">("changed");
  let items: ReadonlyMap<string, Item> = new Map();
  let index = 1;
  let fault: { readonly reason: string; readonly since: number } | undefined;
  let writeError: Error | undefined;

  const observation = (): Observation<Item> =>
    fault === undefined
      ? { type: "Complete", items, origin: { source, epoch: source, index, takenAt: clock.monotonic() } }
      : { type: "Unknown", reason: fault.reason, since: fault.since, source };
  const replace = (next: ReadonlyMap<string, Item>) => {
    items = next;
    index += 1;
    changes.next("changed");
  };

  return {
    observe$: merge(changes, every$(clock, periodMs)).pipe(
      takeUntil(changes.pipe(filter((change) => change === "closed"))),
      map(observation),
    ),
    async read(key) {
      if (fault !== undefined) return { type: "unknown", reason: fault.reason };
      const item = items.get(key);
      return item === undefined ? { type: "absent" } : { type: "present", item };
    },
    async apply(change) {
      if (writeError !== undefined) throw writeError;
      const next = options.changed(items, change);
      if (next !== items) replace(next);
    },
    close: () => changes.next("closed"),
    items: () => items,
    replace,
    breakReads(reason) {
      fault = reason === undefined ? undefined : { reason, since: clock.monotonic() };
      changes.next("changed");
    },
    breakWrites(error) {
      writeError = error;
    },
  };
}
