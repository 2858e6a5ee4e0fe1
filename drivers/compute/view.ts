import { BehaviorSubject, type Observable } from "rxjs";
import type { Clock, Timer } from "../../platform/clock.js";
import type { Observation } from "../observation.js";

/** What a driver holds of one kind of thing, published as observations with the honesty that R1 and R7 ask for. */
export interface View<Item> {
  /** Never completes, cannot error, replays the last. */
  readonly observe$: Observable<Observation<Item>>;
  get(key: string): Item | undefined;
  items(): ReadonlyMap<string, Item>;
  /** A new listing. `doubt` undefined: it is complete. */
  confirm(listing: {
    readonly items: ReadonlyMap<string, Item>;
    readonly epoch: string;
    readonly doubt: string | undefined;
  }): void;
  /** A change told between two listings; published with others, soon. */
  change(key: string, item: Item): void;
  /** What is held stays, but is not complete any more. */
  weaken(doubt: string): void;
  /** Nothing can be said until the next listing. */
  lose(reason: string): void;
  close(): void;
}

/** What a view needs. A listing not confirmed for `staleAfterMs` counts for nothing; undefined: it stays good. */
export interface ViewOptions {
  readonly clock: Clock;
  readonly source: string;
  readonly staleAfterMs: number | undefined;
}

/** Changes between two listings are published together, at most this late. */
const CHANGE_DELAY_MS = 100;

/** An empty view: Unknown until the first listing. */
export function createView<Item>({ clock, source, staleAfterMs }: ViewOptions): View<Item> {
  const unknown = (reason: string): Observation<Item> => ({
    type: "Unknown",
    reason,
    since: clock.monotonic(),
    source,
  });
  const subject = new BehaviorSubject<Observation<Item>>(unknown("not asked yet"));
  let items = new Map<string, Item>();
  let held: { readonly epoch: string; readonly takenAt: number; readonly doubt: string | undefined } | undefined;
  let index = 0;
  let staleTimer: Timer | undefined;
  let changeTimer: Timer | undefined;

  function publish(): void {
    changeTimer?.cancel();
    changeTimer = undefined;
    if (held === undefined) return;
    const origin = { source, epoch: held.epoch, index: ++index, takenAt: held.takenAt };
    const copy = new Map(items);
    const { doubt } = held;
    subject.next(
      doubt === undefined
        ? { type: "Complete", items: copy, origin }
        : { type: "Partial", items: copy, reason: doubt, origin },
    );
  }

  function lose(reason: string): void {
    staleTimer?.cancel();
    changeTimer?.cancel();
    changeTimer = undefined;
    const before = subject.value;
    held = undefined;
    if (before.type === "Unknown" && before.reason === reason) return;
    subject.next(before.type === "Unknown" ? { ...before, reason } : unknown(reason));
  }

  return {
    observe$: subject.asObservable(),
    get: (key) => items.get(key),
    items: () => items,
    confirm(listing) {
      items = new Map(listing.items);
      held = { epoch: listing.epoch, takenAt: clock.monotonic(), doubt: listing.doubt };
      staleTimer?.cancel();
      if (staleAfterMs !== undefined) {
        staleTimer = clock.schedule(staleAfterMs, () => lose(`not confirmed for ${staleAfterMs / 1000} s`));
      }
      publish();
    },
    change(key, item) {
      items.set(key, item);
      changeTimer ??= clock.schedule(CHANGE_DELAY_MS, publish);
    },
    weaken(doubt) {
      if (held === undefined || held.doubt === doubt) return;
      held = { ...held, doubt };
      publish();
    },
    lose,
    close() {
      staleTimer?.cancel();
      changeTimer?.cancel();
      subject.complete();
    },
  };
}
