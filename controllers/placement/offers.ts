import type { ComputeDriver, Offer } from "../../drivers/compute/driver.js";
import type { Clock } from "../../platform/clock.js";

/** How long an offer is held for what may come, before it goes back. */
const HOLD_MS = 1000;
/** How long Mesos keeps back what was declined while something waits; new work clears it. */
const REFUSE_SECONDS = 5;
/** The same while nothing waits. */
const IDLE_REFUSE_SECONDS = 60;

interface Round {
  readonly driver: ComputeDriver;
  readonly held: readonly Offer[];
  /** Offers that this round launched on. */
  readonly used: ReadonlySet<string>;
  /** Keys of what waited in this round. */
  readonly waiting: readonly string[];
  /** Those of them that no held offer suited. */
  readonly unplaced: readonly string[];
}

/** What is remembered of a rack's offers between rounds. */
interface Keeper {
  readonly clock: Clock;
  /** Monotonic: when each held offer was first seen. */
  readonly seenAt: Map<string, number>;
  /** Keys of what waited in the last round. */
  known: ReadonlySet<string>;
  isSuppressed: boolean;
  /** Something was given back since we last asked: Mesos keeps it from us for a while. */
  hasGivenBack: boolean;
}

/** Gives unused offers back after a second, suppresses offers while nothing waits and asks for them again when something does. */
export function createOfferKeeper(clock: Clock) {
  const keeper: Keeper = { clock, seenAt: new Map(), known: new Set(), isSuppressed: false, hasGivenBack: false };
  return {
    /** Ends a round of placement; tells when offers are due to be declined. */
    settle: (round: Round) => settle(keeper, round),
  };
}

async function settle(keeper: Keeper, round: Round): Promise<{ requeueAfterMs?: number }> {
  const unused = round.held.filter((offer) => !round.used.has(offer.id));
  forgetOthers(keeper, unused);
  await ask(keeper, round, unused);
  const due = unused.filter((offer) => ageOf(keeper, offer) >= HOLD_MS);
  await giveBack(keeper, round, due);
  await rest(keeper, round, { unused, due });
  return due.length === unused.length ? {} : { requeueAfterMs: HOLD_MS };
}

function forgetOthers({ seenAt }: Keeper, offers: readonly Offer[]): void {
  const present = new Set(offers.map((offer) => offer.id));
  for (const id of seenAt.keys()) if (!present.has(id)) seenAt.delete(id);
}

async function ask(keeper: Keeper, { driver, waiting, unplaced }: Round, unused: readonly Offer[]): Promise<void> {
  const { known, isSuppressed, hasGivenBack } = keeper;
  const hasNews = waiting.some((key) => !known.has(key));
  // the held offers do not suit it, and one that does may have been given back before it came
  const isMissed = hasGivenBack && unplaced.some((key) => !known.has(key));
  // remembered only once it was asked: a question that failed is asked again in the next round
  if (isMissed || (hasNews && (isSuppressed || unused.length === 0))) {
    await driver.revive();
    keeper.isSuppressed = false;
    keeper.hasGivenBack = false;
  }
  keeper.known = new Set(waiting);
}

function ageOf({ clock, seenAt }: Keeper, offer: Offer): number {
  const since = seenAt.get(offer.id) ?? clock.monotonic();
  seenAt.set(offer.id, since);
  return clock.monotonic() - since;
}

async function giveBack(keeper: Keeper, { driver, used, waiting }: Round, due: readonly Offer[]): Promise<void> {
  // what an accepted offer has left goes back, too
  keeper.hasGivenBack ||= used.size > 0 || due.length > 0;
  if (due.length === 0) return;
  const refuseSeconds = waiting.length === 0 ? IDLE_REFUSE_SECONDS : REFUSE_SECONDS;
  const ids = due.map((offer) => offer.id);
  await driver.decline(ids, refuseSeconds);
}

interface Leftover {
  readonly unused: readonly Offer[];
  readonly due: readonly Offer[];
}

async function rest(keeper: Keeper, { driver, used, waiting }: Round, { unused, due }: Leftover): Promise<void> {
  const isIdle = waiting.length === 0 && due.length === unused.length;
  if (!isIdle || keeper.isSuppressed || (unused.length === 0 && used.size === 0)) return;
  await driver.suppress();
  keeper.isSuppressed = true;
}
