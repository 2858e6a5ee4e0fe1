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

/** Gives unused offers back after a second, suppresses offers while nothing waits and asks for them again when something does. */
export function createOfferKeeper(clock: Clock) {
  const seenAt = new Map<string, number>();
  let known: ReadonlySet<string> = new Set();
  let isSuppressed = false;
  /** Something was given back since we last asked: Mesos keeps it from us for a while. */
  let hasGivenBack = false;

  return {
    /** Ends a round of placement; tells when offers are due to be declined. */
    async settle({ driver, held, used, waiting, unplaced }: Round): Promise<{ requeueAfterMs?: number }> {
      const unused = held.filter((offer) => !used.has(offer.id));
      forgetAll(new Set(unused.map((offer) => offer.id)));
      const hasNews = waiting.some((key) => !known.has(key));
      // the held offers do not suit it, and one that does may have been given back before it came
      const isMissed = hasGivenBack && unplaced.some((key) => !known.has(key));
      // remembered only once it was asked: a question that failed is asked again in the next round
      if (isMissed || (hasNews && (isSuppressed || unused.length === 0))) {
        await driver.revive();
        isSuppressed = false;
        hasGivenBack = false;
      }
      known = new Set(waiting);
      const due = unused.filter((offer) => ageOf(offer) >= HOLD_MS);
      // what an accepted offer has left goes back, too
      hasGivenBack ||= used.size > 0 || due.length > 0;
      if (due.length > 0) {
        const refuseSeconds = waiting.length === 0 ? IDLE_REFUSE_SECONDS : REFUSE_SECONDS;
        await driver.decline(
          due.map((offer) => offer.id),
          refuseSeconds,
        );
      }
      const isIdle = waiting.length === 0 && due.length === unused.length;
      if (isIdle && !isSuppressed && (unused.length > 0 || used.size > 0)) {
        await driver.suppress();
        isSuppressed = true;
      }
      const rest = unused.filter((offer) => !due.includes(offer));
      return rest.length === 0 ? {} : { requeueAfterMs: HOLD_MS };
    },
  };

  function ageOf(offer: Offer): number {
    const since = seenAt.get(offer.id) ?? clock.monotonic();
    seenAt.set(offer.id, since);
    return clock.monotonic() - since;
  }

  function forgetAll(present: ReadonlySet<string>): void {
    for (const id of seenAt.keys()) if (!present.has(id)) seenAt.delete(id);
  }
}

/** What several offers of one agent give together. */
export function sumOf(offers: readonly Offer[]): Offer["resources"] {
  const sum = (pick: (resources: Offer["resources"]) => number) =>
    offers.reduce((total, offer) => total + pick(offer.resources), 0);
  return {
    cpu: sum((resources) => resources.cpu),
    memoryMiB: sum((resources) => resources.memoryMiB),
    diskMiB: sum((resources) => resources.diskMiB),
    gpu: sum((resources) => resources.gpu),
    ports: offers.flatMap((offer) => offer.resources.ports),
  };
}
