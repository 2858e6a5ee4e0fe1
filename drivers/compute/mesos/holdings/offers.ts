import { BehaviorSubject, type Observable } from "rxjs";
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

/** An empty book. Each offer is translated once, however often the list changes. */
export function createOfferBook(): OfferBook {
  const held = new Map<string, { readonly wire: WireOffer; readonly offer: Offer }>();
  const subject = new BehaviorSubject<readonly Offer[]>([]);
  const publish = () => subject.next([...held.values()].map(({ offer }) => offer));

  return {
    offers$: subject.asObservable(),
    add(offers) {
      for (const wire of offers) held.set(wire.id.value, { wire, offer: offerOf(wire) });
      publish();
    },
    remove(offerIds) {
      const found = offerIds.flatMap((id) => held.get(id)?.wire ?? []);
      for (const { id } of found) held.delete(id.value);
      if (found.length > 0) publish();
      return found;
    },
    get: (offerId) => held.get(offerId)?.wire,
    clear() {
      held.clear();
      publish();
    },
    close: () => subject.complete(),
  };
}
