import { type Clock, sleep } from "../../../platform/clock.js";

/** What we changed is listed again this long after the change, so that observers see it before the period is over. */
const AFTER_CHANGE_MS = 200;

/** Counts our changes, and cuts the pause between two lists short after one. */
export function createChangeSignal(clock: Clock) {
  let count = 0;
  let wake = () => {};
  return {
    count: () => count,
    tell() {
      count += 1;
      wake();
    },
    async pause(periodMs: number, signal: AbortSignal): Promise<void> {
      const woken = new AbortController();
      wake = () => woken.abort();
      await sleep(clock, periodMs, AbortSignal.any([signal, woken.signal]));
      wake = () => {};
      if (woken.signal.aborted) await sleep(clock, Math.min(AFTER_CHANGE_MS, periodMs), signal);
    },
  };
}
