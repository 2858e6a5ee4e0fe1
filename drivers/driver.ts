import type { Observable } from "rxjs";
import type { Observation, Reading } from "./observation.js";

/**
 * One connection to one back end. Idempotent: creating what exists and deleting what is gone succeed.
 * No retry of an action, no policy. Reading is retried inside, with back-off, and shows as Unknown meanwhile.
 */
export interface Driver<Item, Change> {
  /** What the back end holds; never completes, cannot error, replays the last. First value may be Unknown. */
  readonly observe$: Observable<Observation<Item>>;
  /** Asks for one key now, past any cache. Never rejects. */
  read(key: string): Promise<Reading<Item>>;
  /** Performs one change; rejects with StatusError (refused) or TransportError (`isSent` tells whether the outcome is unknown). */
  apply(change: Change, signal?: AbortSignal): Promise<void>;
  close(): void;
}
