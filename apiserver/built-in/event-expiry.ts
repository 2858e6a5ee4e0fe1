import type { KubeObject } from "../../api-types/meta/object.js";
import { isStatus } from "../../api-types/meta/status-error.js";
import type { ApiContext } from "../read/context.js";

/** Where Events are stored. */
export const EVENT_PREFIX = "core/events/";
const TTL_MS = 60 * 60 * 1000;
const PERIOD_MS = 60_000;

/** Removes Events an hour after they last happened, looking once a minute. */
export function startEventExpiry(
  context: ApiContext,
  remove: (event: KubeObject) => Promise<unknown>,
): { readonly close: () => void } {
  const { clock, feed, log } = context;
  let isClosed = false;
  let timer = clock.schedule(PERIOD_MS, sweep);

  function sweep(): void {
    const before = clock.now() - TTL_MS;
    const expired = feed
      .cacheOf(EVENT_PREFIX)
      .range(EVENT_PREFIX)
      .filter((event) => lastSeen(event) < before);
    removeAll(expired).then(arm, (error) => {
      log.warn("removing expired events failed", { error: String(error) });
      arm();
    });
  }

  async function removeAll(events: readonly KubeObject[]): Promise<void> {
    for (const event of events) {
      try {
        if (!isClosed) await remove(event);
      } catch (error) {
        // another server was faster, or the event was seen again
        if (!isStatus(error, "NotFound", "Conflict")) throw error;
      }
    }
  }

  function arm(): void {
    if (!isClosed) timer = clock.schedule(PERIOD_MS, sweep);
  }

  return {
    close() {
      isClosed = true;
      timer.cancel();
    },
  };
}

/** When an Event last happened, by whichever of its times is the latest. */
export function lastSeen(event: KubeObject): number {
  const { series, eventTime, lastTimestamp } = event;
  const observed =
    typeof series === "object" && series !== null && "lastObservedTime" in series ? series.lastObservedTime : undefined;
  const times = [event.metadata.creationTimestamp, lastTimestamp, eventTime, observed];
  return Math.max(0, ...times.map((time) => (typeof time === "string" ? Date.parse(time) || 0 : 0)));
}
