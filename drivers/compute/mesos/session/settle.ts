import { sleep } from "../../../../platform/clock.js";
import type { Task } from "../../driver.js";
import { doubtOfMaster, inspect } from "../holdings/operator.js";
import { BATCH_MAX, type UnlistedTask } from "../holdings/reconcile.js";
import { payBack } from "./give-back.js";
import type { Link } from "./link.js";
import type { Session } from "./subscription.js";

/** So much is listed in every period; more of it less often, while the stream tells what changes. */
const LISTED_PER_PERIOD = 2000;
/** However much it is, it is compared so often (R19). */
const LIST_AFTER_MAX_MS = 60_000;
/** A stream that was silent for longer may have lost something. */
const SILENCE_MAX_MS = 30_000;

/** Looks once in a period while `session` lasts; earlier when the subscription has just settled. Never rejects. */
export async function watchMaster(link: Link, session: Session): Promise<void> {
  const { clock, observePeriodMs } = link.options;
  let listedUntil = Number.NEGATIVE_INFINITY;
  while (!session.signal.aborted) {
    const asleep = new AbortController();
    const wake = () => asleep.abort();
    link.settling.wake = wake;
    session.signal.addEventListener("abort", wake, { once: true });
    void payBack(link);
    const now = clock.monotonic();
    if (now >= listedUntil || mustList(link, session)) listedUntil = now + (await list(link, session));
    else await reaffirm(link, session);
    await sleep(clock, observePeriodMs, asleep.signal);
    session.signal.removeEventListener("abort", wake);
  }
}

function mustList({ settling, inventory }: Link, session: Session): boolean {
  return settling.isLookWanted || session.silentMs() > SILENCE_MAX_MS || !inventory.isKnown();
}

/** For how long the listing serves; what is in doubt is listed in every period. */
async function list(link: Link, session: Session): Promise<number> {
  link.settling.isLookWanted = false;
  try {
    const size = await look(link, session);
    const periods = Math.ceil((size ?? 0) / LISTED_PER_PERIOD);
    return Math.min(LIST_AFTER_MAX_MS, periods * link.options.observePeriodMs);
  } catch (error) {
    // a listing of a wrong shape deep inside is no listing
    link.inventory.lose(`a damaged listing: ${error}`);
    return 0;
  }
}

/** The same master answers, and its stream is not silent: what it listed and told since is what it holds. */
async function reaffirm(link: Link, session: Session): Promise<void> {
  const doubt = await doubtOfMaster(link.client, session);
  if (session !== link.session || session.signal.aborted) return;
  if (doubt === undefined) link.inventory.reaffirm();
  else link.inventory.lose(doubt);
}

/** Announces the subscription when it, or whether it is settled, is news. */
export function publishConnection(link: Link): void {
  const { session, settling, connection } = link;
  if (session === undefined) return;
  const hadSettled = settling.isSettled;
  settling.isSettled ||= settling.isListed && link.reconciler.openQuestions() === 0;
  const { isSettled } = settling;
  const { value } = connection;
  const epoch = epochOf(session);
  if (value.type === "subscribed" && value.epoch === epoch && value.isSettled === isSettled) return;
  connection.next({ type: "subscribed", frameworkId: session.frameworkId, epoch, isSettled });
  if (isSettled && !hadSettled) settling.wake();
}

/** Gives the number of tasks and agents of a listing that is complete. */
async function look(link: Link, session: Session): Promise<number | undefined> {
  const { inventory, reconciler, settling, options } = link;
  const askedAt = options.clock.monotonic();
  const isOver = () => session !== link.session || session.signal.aborted;
  const seen = await inspect(link.client, session, options.clock);
  if (isOver()) return undefined;
  if (seen.type === "unseen") {
    inventory.lose(seen.reason);
    return undefined;
  }
  const scheme = new URL(session.url).protocol;
  const listed = await inventory.translate(seen, { frameworkId: session.frameworkId, scheme });
  // a listing of a large rack is long to take in
  if (isOver()) return undefined;
  const unlisted = reconciler.unlisted(new Set(listed.tasks.map(({ id }) => id)));
  // a task launched within the last period may not be in the listing yet
  const patience = askedAt - options.observePeriodMs;
  const missing = unlisted.filter(({ isAway, since }) => !isAway && since < patience);
  askOnce(link, listed.tasks);
  reconciler.ask(missing);
  reconciler.ask(awayTooLong(unlisted, askedAt));
  settling.isListed ||= listed.recovering === 0;
  publishConnection(link);
  const doubt = doubtOf(link, { recovering: listed.recovering, missing: missing.length });
  inventory.confirm(listed, { epoch: epochOf(session), askedAt, unlisted, doubt });
  return doubt === undefined ? seen.tasks.length + listed.agents.size : undefined;
}

/** What became of tasks out of reach is not told to us by a master that does not list them: it is asked, so often. */
const ASK_AWAY_MS = 60_000;

function awayTooLong(unlisted: readonly UnlistedTask[], now: number): readonly UnlistedTask[] {
  return unlisted.filter(({ isAway, askedAt }) => isAway && askedAt <= now - ASK_AWAY_MS).slice(0, BATCH_MAX);
}

/** Until settled, every task that the master lists has to answer for itself once. */
function askOnce({ reconciler, settling }: Link, tasks: readonly Task[]): void {
  if (settling.isSettled) return;
  const fresh = tasks.filter(({ id }) => !settling.asked.has(id));
  for (const { id } of fresh) settling.asked.add(id);
  reconciler.ask(fresh.map(({ id, agentId }) => ({ taskId: id, agentId })));
}

/** Why a listing of tasks is not complete; undefined when it is. */
function doubtOf(
  { settling, reconciler }: Link,
  { recovering, missing }: { readonly recovering: number; readonly missing: number },
): string | undefined {
  if (recovering > 0) return `${recovering} agents are not back yet`;
  if (!settling.isSettled) return `${reconciler.openQuestions()} tasks have not answered yet`;
  return missing > 0 ? `${missing} known tasks are not listed` : undefined;
}

function epochOf(session: Session): string {
  return `${session.masterId}/${session.frameworkId}`;
}
