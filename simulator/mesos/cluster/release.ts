import { add, type Bundle, subtract } from "../wire/resources.js";
import { allocateSoon } from "./allocator.js";
import { type OfferTarget, release } from "./offers.js";
import { type Offer, send, type World } from "./world.js";

/** Ends an offer; what of it was used is `used`, the rest is free again. */
export function closeOffer(world: World, offer: Offer, used: Bundle): void {
  if (!world.offers.delete(offer.id)) return;
  offer.agent.offers.delete(offer);
  offer.framework.offers.delete(offer);
  giveBack(world, offer, subtract(offer.resources, used));
}

/** Returns resources to their agent. */
export function giveBack(
  world: World,
  from: Pick<OfferTarget, "framework" | "agent" | "role">,
  resources: Bundle,
): void {
  release(from.framework, from.role, resources);
  if (from.agent.status !== "Registered" || resources.size === 0) return;
  from.agent.free = add(from.agent.free, resources);
  allocateSoon(world, [from.agent]);
}

/** Ends an offer and tells its framework. */
export function rescind(world: World, offer: Offer): void {
  closeOffer(world, offer, new Map());
  send(offer.framework, { type: "RESCIND", rescind: { offer_id: { value: offer.id } } });
}
