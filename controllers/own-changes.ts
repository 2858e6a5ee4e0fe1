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

/** Keys of objects whose changes the next observation is to confirm, whether it shows a difference or not. */
export function createUnconfirmed(clock: Clock) {
  const racks = new Map<string, Map<string, number>>();
  return {
    add(rack: string, key: string): void {
      const keys = racks.get(rack) ?? new Map<string, number>();
      racks.set(rack, keys.set(key, clock.monotonic()));
    },
    /** Those that an observation of this time tells about; each is given once. */
    take(rack: string, takenAt: number): string[] {
      const keys = racks.get(rack) ?? new Map<string, number>();
      const told = [...keys].filter(([, at]) => at < takenAt).map(([key]) => key);
      for (const key of told) keys.delete(key);
      return told;
    },
  };
}
