/** Reasons of `Scheduled=False`. */
export const WAITING_FOR_OFFERS = "WaitingForOffers";
export const NO_NODE_FITS = "NoNodeFits";

interface SaidRefusal {
  readonly reason: string;
  readonly message: string;
}

/**
 * Whether a refusal says more than what was reported before. Offers come and go each few seconds, a few agents at a
 * time: neither their absence nor a smaller count is news, else every waiting instance would be written all the time.
 */
export function isNewsOfRefusal(reported: SaidRefusal | undefined, next: SaidRefusal): boolean {
  if (reported === undefined) return true;
  const isSameKind = reported.reason === next.reason && kindOf(reported.message) === kindOf(next.message);
  // whatever else was said says more
  if (next.reason === WAITING_FOR_OFFERS) return reported.reason === WAITING_FOR_OFFERS && !isSameKind;
  return !isSameKind || Number.parseInt(next.message, 10) > Number.parseInt(reported.message, 10);
}

/** What changes from offer to offer: which node came nearest, and how many are silent. */
const PASSING = /^nearest: |suitable nodes offer nothing/;

/** The reasons without their counts. */
function kindOf(message: string): string {
  const lasting = message.split("; ").filter((part) => !PASSING.test(part));
  return lasting.join("; ").replace(/\d+/g, "");
}
