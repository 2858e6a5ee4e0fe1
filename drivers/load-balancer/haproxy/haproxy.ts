import { ReplaySubject, share, takeUntil } from "rxjs";
import { sleep } from "../../../platform/clock.js";
import type { Reading } from "../../observation.js";
import { poll$, type Seen } from "../../poll.js";
import type { BalancerDriver, BalancerItem } from "../driver.js";
import { changeServer, installLayout } from "./changes.js";
import { type HaproxyOptions, readItems } from "./view.js";

/**
 * One HAProxy 2.6 or later in master-worker mode. Servers come and go by its runtime API; only another set of ports, or
 * other options, reload it. What it says is read from the process and from the file, never remembered.
 */
export function createHaproxyDriver(options: HaproxyOptions): BalancerDriver {
  const { clock, random, log, periodMs, adminSocket } = options;
  const source = `haproxy ${adminSocket}`;
  const closed = new ReplaySubject<void>(1);
  let wake = new AbortController();
  let index = 0;
  const look = async (signal: AbortSignal): Promise<Seen<BalancerItem>> => {
    // a view counts from when it was asked for
    const takenAt = clock.monotonic();
    const items = await readItems(options, signal);
    return { type: "Complete", items, origin: { source, epoch: source, index: ++index, takenAt } };
  };
  const pause = async (signal: AbortSignal) => {
    wake = new AbortController();
    await sleep(clock, periodMs, AbortSignal.any([signal, wake.signal]));
  };
  return {
    observe$: poll$({ source, clock, random, log, periodMs, look, pause }).pipe(
      takeUntil(closed),
      share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true }),
    ),
    read: (key) => readItems(options).then((items) => readingOf(items.get(key)), unknownOf),
    async apply(change, signal) {
      try {
        if (change.type === "layout") await installLayout(options, change.ports, signal);
        else await changeServer(options, change, signal);
      } finally {
        wake.abort();
      }
    },
    close: () => closed.next(),
  };
}

function readingOf(item: BalancerItem | undefined): Reading<BalancerItem> {
  return item === undefined ? { type: "absent" } : { type: "present", item };
}

function unknownOf(error: unknown): Reading<BalancerItem> {
  return { type: "unknown", reason: textOf(error) };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
