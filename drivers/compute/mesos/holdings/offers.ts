import { BehaviorSubject, type Observable } from "rxjs";
import type { Offer } from "../../driver.js";
import { offerOf } from "../mapping/agent.js";
import type { WireOffer } from "../wire.js";

/**
 * The offers that the master counts as ours. One is held; or lent to a call that is under way, and then spent by it, held
 * again, or owed: nobody knows what became of the call, so the offer has to be given back.
 */
export interface OfferBook {
  /** Those held. Never completes before `close`, cannot error, replays the last. */
  readonly offers$: Observable<readonly Offer[]>;
  add(offers: readonly WireOffer[]): void;
  get(offerId: string): WireOffer | undefined;
  /** For a call; those that are not held are left out. */
  lend(offerIds: readonly string[]): readonly WireOffer[];
  /** The call used them. */
  spend(offers: readonly WireOffer[]): void;
  /** The call did not use them: they are held again, unless they are gone since. */
  restore(offers: readonly WireOffer[]): void;
  /** Nobody knows whether the call used them. */
  owe(offers: readonly WireOffer[]): void;
  /** Those that have to be given back, lent for that. */
  lendOwed(): readonly WireOffer[];
  /** Taken back by the master; unknown ids are ignored. */
  rescind(offerId: string): void;
  /** The connection is gone, and all offers with it. */
  clear(): void;
  close(): void;
}

interface Entry {
  readonly wire: WireOffer;
  readonly offer: Offer;
}

/** An empty book. Each offer is translated once, however often the list changes. */
export function createOfferBook(): OfferBook {
  const held = new Map<string, Entry>();
  const lent = new Map<string, Entry>();
  const owed = new Map<string, Entry>();
  const subject = new BehaviorSubject<readonly Offer[]>([]);
  const publish = () => subject.next([...held.values()].map(({ offer }) => offer));

  return {
    offers$: subject.asObservable(),
    add(offers) {
      for (const wire of offers) held.set(wire.id.value, { wire, offer: offerOf(wire) });
      publish();
    },
    get: (offerId) => held.get(offerId)?.wire,
    lend(offerIds) {
      const wires = move(offerIds, held, lent);
      if (wires.length > 0) publish();
      return wires;
    },
    spend: (offers) => void move(idsOf(offers), lent),
    restore(offers) {
      if (move(idsOf(offers), lent, held).length > 0) publish();
    },
    owe: (offers) => void move(idsOf(offers), lent, owed),
    lendOwed: () => move([...owed.keys()], owed, lent),
    rescind(offerId) {
      lent.delete(offerId);
      owed.delete(offerId);
      if (held.delete(offerId)) publish();
    },
    clear() {
      for (const part of [held, lent, owed]) part.clear();
      publish();
    },
    close: () => subject.complete(),
  };
}

function idsOf(offers: readonly WireOffer[]): readonly string[] {
  return offers.map(({ id }) => id.value);
}

/** Those of the ids that are in `from` leave it, for `to` if there is one. */
function move(offerIds: readonly string[], from: Map<string, Entry>, to?: Map<string, Entry>): readonly WireOffer[] {
  return offerIds.flatMap((offerId) => {
    const entry = from.get(offerId);
    if (entry === undefined) return [];
    from.delete(offerId);
    to?.set(offerId, entry);
    return [entry.wire];
  });
}
