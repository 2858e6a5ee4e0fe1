/** Reasons of `Scheduled=False`. */
export const WAITING_FOR_OFFERS = "WaitingForOffers";
export const NO_NODE_FITS = "NoNodeFits";

interface SaidRefusal {
  readonly reason: string;
  readonly message: string;
}

/**
 * Whether a refusal says more than what was reported before. Offers come and go each few seconds, a few agents at a
 * time: neither their absence nor a count that is not twice as large is news, else every waiting instance would be written
 * all the time.
 */
export function isNewsOfRefusal(reported: SaidRefusal | undefined, next: SaidRefusal): boolean {
  if (reported === undefined) return true;
  const isSameKind = reported.reason === next.reason && kindOf(reported.message) === kindOf(next.message);
  // whatever else was said says more
  if (next.reason === WAITING_FOR_OFFERS) return reported.reason === WAITING_FOR_OFFERS && !isSameKind;
  if (isSilentAboutNamed(next) && !isSilentAboutNamed(reported) && tailOf(next.message) === tailOf(reported.message)) {
    return reported.reason !== NO_NODE_FITS;
  }
  return !isSameKind || Number.parseInt(next.message, 10) >= 2 * Number.parseInt(reported.message, 10);
}

/** None of the nodes that it may run on offered: what was said of one of them says more. */
function isSilentAboutNamed({ message }: SaidRefusal): boolean {
  return /^\d+ offering nodes? refused: \d+ by node name(;|$)/.test(message);
}

/** What is said of all nodes, whoever offers. */
function tailOf(message: string): string {
  return kindOf(message).split("; ").slice(1).join("; ");
}

/** Nodes that it may not run on, beside others that refused it: these may offer or not. */
const UNNAMED = /, \d+ by node name\b|\b\d+ by node name, /;

/** What changes from offer to offer: which node came nearest, and how many are silent. */
const PASSING = /^nearest: |suitable nodes? offers? nothing/;

/** The reasons without their counts. */
function kindOf(message: string): string {
  const lasting = message.split("; ").filter((part) => !PASSING.test(part));
  return lasting
    .join("; ")
    .replace(UNNAMED, "")
    .replace(/\d+/g, "")
    .replace(/\bnode\b/g, "nodes");
}
