import type { Observation } from "../drivers/observation.js";
import type { Clock } from "../platform/clock.js";

/** What was read back after our own changes: until the back end is observed again, it is newer than the observation (R7). */
export interface OwnChanges<Item> {
  /** The item as read back; undefined: it is gone. */
  verified(rack: string, key: string, item: Item | undefined): void;
  /** What stands under the key after the observation was taken, when we changed it since. */
  since(rack: string, key: string, observation: Observation<Item>): { readonly item: Item | undefined } | undefined;
}

/** So many changes are remembered; the oldest is forgotten first, which costs one idempotent call. */
const CHANGES_MAX = 20_000;

export function ownChanges<Item>(clock: Clock): OwnChanges<Item> {
  const changes = new Map<string, { readonly item: Item | undefined; readonly at: number }>();
  return {
    verified(rack, key, item) {
      const name = `${rack} ${key}`;
      changes.delete(name);
      changes.set(name, { item, at: clock.monotonic() });
      const [oldest] = changes.keys();
      if (changes.size > CHANGES_MAX && oldest !== undefined) changes.delete(oldest);
    },
    since(rack, key, observation) {
      const name = `${rack} ${key}`;
      const change = changes.get(name);
      if (change === undefined || observation.type === "Unknown") return undefined;
      if (observation.origin.takenAt <= change.at) return { item: change.item };
      changes.delete(name);
      return undefined;
    },
  };
}
