import type { WireEvent, WireInverseOffer, WireStreamCall } from "../wire.js";
import { callMaster, disconnect, freshSettling, type Link } from "./link.js";
import { publishConnection, watchMaster } from "./settle.js";
import type { Session, SubscriptionListener } from "./subscription.js";

/** What a link does with what its subscription tells. */
export function listenerOf(link: Link): SubscriptionListener {
  return {
    onSubscribed: (session) => begin(link, session),
    onEvent: (event) => take(link, event),
    onDisconnected: (reason) => pause(link, reason),
    onStopped: (reason) => stop(link, reason),
  };
}

function begin(link: Link, session: Session): void {
  link.session = session;
  link.frameworkId = session.frameworkId;
  link.settling = freshSettling();
  link.options.log.info("subscribed", { frameworkId: session.frameworkId, masterId: session.masterId });
  publishConnection(link);
  link.reconciler.begin();
  void watchMaster(link, session);
}

function take(link: Link, event: WireEvent): void {
  switch (event.type) {
    case "OFFERS":
      link.offers.add(event.offers.offers);
      return;
    case "RESCIND":
      link.offers.rescind(event.rescind.offer_id.value);
      return;
    case "UPDATE": {
      const status = link.inventory.heard(event.update.status);
      link.reconciler.heard(status);
      link.statuses.next(status);
      publishConnection(link);
      return;
    }
    case "FAILURE":
      link.settling.isLookWanted ||= event.failure.executor_id === undefined;
      link.options.log.info("an agent or executor ended", { failure: event.failure });
      return;
    case "INVERSE_OFFERS":
      void answerInverseOffers(link, event.inverse_offers.inverse_offers);
      return;
    // each was answered when it came
    case "RESCIND_INVERSE_OFFER":
    case "SUBSCRIBED":
    case "HEARTBEAT":
    case "ERROR":
      // the subscription itself has seen to these
      return;
    default:
      event satisfies never;
  }
}

/** How long the master leaves it at an answer before it asks again. */
const INVERSE_REFUSE_SECONDS = 60;

/** Yes for an agent on which nothing of ours lives, else no, for now: the loops move what is there. Never rejects. */
async function answerInverseOffers(link: Link, offers: readonly WireInverseOffer[]): Promise<void> {
  const { settling, inventory, options } = link;
  const inUse = inventory.usedAgents();
  // one that names no agent asks for all of them
  const isUsed = (agentId: string | undefined) => (agentId === undefined ? inUse.size > 0 : inUse.has(agentId));
  const isFree = ({ agent_id }: WireInverseOffer) => settling.isSettled && !isUsed(agent_id?.value);
  const answerTo = (ids: readonly WireInverseOffer[]) => ({
    inverse_offer_ids: ids.map(({ id }) => id),
    filters: { refuse_seconds: INVERSE_REFUSE_SECONDS },
  });
  const free = offers.filter(isFree);
  const used = offers.filter((offer) => !isFree(offer));
  const calls: WireStreamCall[] = [];
  if (free.length > 0) calls.push({ type: "ACCEPT_INVERSE_OFFERS", accept_inverse_offers: answerTo(free) });
  if (used.length > 0) calls.push({ type: "DECLINE_INVERSE_OFFERS", decline_inverse_offers: answerTo(used) });
  for (const call of calls) {
    await callMaster(link, "answering a request for maintenance", call).catch((error: unknown) => {
      // the master asks again
      options.log.info("inverse offers not answered", { error });
    });
  }
}

function pause(link: Link, reason: string): void {
  disconnect(link, reason);
  const { value } = link.connection;
  const since = value.type === "connecting" ? value.since : link.options.clock.monotonic();
  link.connection.next({ type: "connecting", reason, since });
}

function stop(link: Link, reason: string): void {
  link.options.log.error("stopped", { reason });
  disconnect(link, reason);
  link.inventory.lose(reason);
  link.connection.next({ type: "stopped", reason });
}
