import type { WireEvent } from "../wire.js";
import { disconnect, freshSettling, type Link } from "./link.js";
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
      link.offers.remove([event.rescind.offer_id.value]);
      return;
    case "UPDATE": {
      const status = link.inventory.heard(event.update.status);
      link.reconciler.heard(status);
      link.statuses.next(status);
      publishConnection(link);
      return;
    }
    case "FAILURE":
      link.options.log.info("an agent or executor ended", { failure: event.failure });
      return;
    case "SUBSCRIBED":
    case "HEARTBEAT":
    case "ERROR":
      // the subscription itself has seen to these
      return;
    default:
      event satisfies never;
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
