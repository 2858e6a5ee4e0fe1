import { BehaviorSubject, type Observable } from "rxjs";
import type { Clock, Timer } from "../../platform/clock.js";
import type { Observation } from "../observation.js";

/** What a driver holds of one kind of thing, published as observations with the honesty that R1 and R7 ask for. */
export interface View<Item> {
  /** Never completes, cannot error, replays the last. */
  readonly observe$: Observable<Observation<Item>>;
  get(key: string): Item | undefined;
  items(): ReadonlyMap<string, Item>;
  /** A new listing. `doubt` undefined: it is complete. The items are the view's from now on: nobody changes them. */
  confirm(listing: {
    readonly items: ReadonlyMap<string, Item>;
    readonly epoch: string;
    readonly doubt: string | undefined;
  }): void;
  /** Whether there is a listing that counts. */
  isKnown(): boolean;
  /** The last listing still holds; nothing is published for that. */
  reaffirm(): void;
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
export function createView<Item>(options: ViewOptions): View<Item> {
  const holding: Holding<Item> = {
    options,
    subject: new BehaviorSubject(unknown<Item>(options, "not asked yet")),
    items: new Map(),
    isShared: true,
    listing: undefined,
    index: 0,
    staleTimer: undefined,
    changeTimer: undefined,
  };
  return {
    observe$: holding.subject.asObservable(),
    get: (key) => holding.items.get(key),
    items: () => holding.items,
    confirm: (listing) => confirm(holding, listing),
    isKnown: () => holding.listing !== undefined,
    reaffirm() {
      if (holding.listing === undefined) return;
      holding.listing = { ...holding.listing, takenAt: options.clock.monotonic() };
      expectNext(holding);
    },
    change(key, item) {
      ownItems(holding).set(key, item);
      holding.changeTimer ??= options.clock.schedule(CHANGE_DELAY_MS, () => publish(holding));
    },
    weaken(doubt) {
      if (holding.listing === undefined || holding.listing.doubt === doubt) return;
      holding.listing = { ...holding.listing, doubt };
      publish(holding);
    },
    lose: (reason) => lose(holding, reason),
    close() {
      holding.staleTimer?.cancel();
      holding.changeTimer?.cancel();
      holding.subject.complete();
    },
  };
}

interface Holding<Item> {
  readonly options: ViewOptions;
  readonly subject: BehaviorSubject<Observation<Item>>;
  items: ReadonlyMap<string, Item>;
  /** Others have the items, too: they are copied before they are changed, once for each publication. */
  isShared: boolean;
  /** What is known of the last listing; undefined: there is none that counts. */
  listing: { readonly epoch: string; readonly takenAt: number; readonly doubt: string | undefined } | undefined;
  index: number;
  staleTimer: Timer | undefined;
  changeTimer: Timer | undefined;
}

function unknown<Item>({ clock, source }: ViewOptions, reason: string): Observation<Item> {
  return { type: "Unknown", reason, since: clock.monotonic(), source };
}

function confirm<Item>(holding: Holding<Item>, listing: Parameters<View<Item>["confirm"]>[0]): void {
  const { clock } = holding.options;
  holding.items = listing.items;
  holding.isShared = true;
  holding.listing = { epoch: listing.epoch, takenAt: clock.monotonic(), doubt: listing.doubt };
  expectNext(holding);
  publish(holding);
}

function expectNext<Item>(holding: Holding<Item>): void {
  const { clock, staleAfterMs } = holding.options;
  holding.staleTimer?.cancel();
  if (staleAfterMs === undefined) return;
  const reason = `not confirmed for ${staleAfterMs / 1000} s`;
  holding.staleTimer = clock.schedule(staleAfterMs, () => lose(holding, reason));
}

function ownItems<Item>(holding: Holding<Item>): Map<string, Item> {
  // what is not shared was made here
  if (!holding.isShared) return holding.items as Map<string, Item>;
  const items = new Map(holding.items);
  holding.items = items;
  holding.isShared = false;
  return items;
}

function publish<Item>(holding: Holding<Item>): void {
  const { options, subject, listing } = holding;
  holding.changeTimer?.cancel();
  holding.changeTimer = undefined;
  if (listing === undefined) return;
  const { epoch, takenAt, doubt } = listing;
  const origin = { source: options.source, epoch, index: ++holding.index, takenAt };
  const { items } = holding;
  holding.isShared = true;
  subject.next(
    doubt === undefined ? { type: "Complete", items, origin } : { type: "Partial", items, reason: doubt, origin },
  );
}

function lose<Item>(holding: Holding<Item>, reason: string): void {
  holding.staleTimer?.cancel();
  holding.changeTimer?.cancel();
  holding.changeTimer = undefined;
  const before = holding.subject.value;
  holding.listing = undefined;
  if (before.type === "Unknown" && before.reason === reason) return;
  holding.subject.next(before.type === "Unknown" ? { ...before, reason } : unknown(holding.options, reason));
}
