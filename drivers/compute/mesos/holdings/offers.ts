import { BehaviorSubject, map, type Observable } from "rxjs";
import type { Offer } from "../../driver.js";
import { offerOf } from "../mapping/agent.js";
import type { WireOffer } from "../wire.js";

/** The offers that may be accepted now. */
export interface OfferBook {
  /** Never completes before `close`, cannot error, replays the last. */
  readonly offers$: Observable<readonly Offer[]>;
  add(offers: readonly WireOffer[]): void;
  /** Gone: rescinded, used or declined. Those that were held are returned; unknown ids are ignored. */
  remove(offerIds: readonly string[]): readonly WireOffer[];
  get(offerId: string): WireOffer | undefined;
  /** The connection is gone, and all offers with it. */
  clear(): void;
  close(): void;
}

/** An empty book. */
export function createOfferBook(): OfferBook {
  const held = new Map<string, WireOffer>();
  const subject = new BehaviorSubject<readonly WireOffer[]>([]);
  const publish = () => subject.next([...held.values()]);

  return {
    offers$: subject.pipe(map((offers) => offers.map(offerOf))),
    add(offers) {
      for (const offer of offers) held.set(offer.id.value, offer);
      publish();
    },
    remove(offerIds) {
      const found = offerIds.flatMap((id) => held.get(id) ?? []);
      for (const offer of found) held.delete(offer.id.value);
      if (found.length > 0) publish();
      return found;
    },
    get: (offerId) => held.get(offerId),
    clear() {
      held.clear();
      publish();
    },
    close: () => subject.complete(),
  };
}
