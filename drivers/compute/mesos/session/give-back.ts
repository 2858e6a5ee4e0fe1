import type { WireOffer } from "../wire.js";
import { callMaster, type Link } from "./link.js";

/** Declines lent offers. When that fails they are owed: the master goes on to count them as ours. Rejects as callMaster. */
export async function giveBack(link: Link, lent: readonly WireOffer[], refuseSeconds: number): Promise<void> {
  if (lent.length === 0) return;
  const decline = { offer_ids: lent.map(({ id }) => id), filters: { refuse_seconds: refuseSeconds } };
  try {
    await callMaster(link, `declining ${lent.length} offers`, { type: "DECLINE", decline });
  } catch (error) {
    link.offers.owe(lent);
    throw error;
  }
  link.offers.spend(lent);
}

/**
 * Declines what is owed, until the master has answered. Where the call that it was lent to is still on its way, that call
 * comes to nothing then: the master forgets the offers. Never rejects.
 */
export async function payBack(link: Link): Promise<void> {
  await giveBack(link, link.offers.lendOwed(), 0).catch((error: unknown) => {
    link.options.log.info("offers not given back yet", { error });
  });
}
