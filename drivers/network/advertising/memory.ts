import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Clock } from "../../../platform/clock.js";
import { createMemoryTable, type MemoryTable } from "../../memory-table.js";
import { type Advertisement, type AdvertisingChange, type AdvertisingDriver, advertisementKey } from "../driver.js";

/** What is told, in memory: what a healthy switch would do, and what one would that somebody else's policies govern. */
export interface MemoryAdvertising extends AdvertisingDriver {
  /** Replaces what is there. */
  load(items: Iterable<Advertisement>): void;
  items(): ReadonlyMap<string, Advertisement>;
  readonly breakReads: MemoryTable<Advertisement, AdvertisingChange>["breakReads"];
  readonly breakWrites: MemoryTable<Advertisement, AdvertisingChange>["breakWrites"];
}

/** Nothing is told. */
export function createMemoryAdvertising(options: {
  readonly clock: Clock;
  readonly periodMs: number;
}): MemoryAdvertising {
  const table = createMemoryTable<Advertisement, AdvertisingChange>({ ...options, source: SOURCE, changed });
  const load = (items: Iterable<Advertisement>) =>
    table.replace(new Map([...items].map((item) => [advertisementKey(item), item])));
  return { ...table, load };
}

const SOURCE = "memory-advertising";

function changed(items: ReadonlyMap<string, Advertisement>, { type, prefix }: AdvertisingChange) {
  if (type === "withdraw" && !items.has(prefix)) return items;
  const next = new Map(items);
  next.delete(prefix);
  if (type === "withdraw") return next;
  const obstacle = [...items.values()].find(isObstacle);
  if (obstacle !== undefined) throw new StatusError("Conflict", `telling ${prefix}: ${advertisementKey(obstacle)}`);
  return next.set(prefix, { type: "prefix", prefix, isWhole: true });
}

function isObstacle(item: Advertisement): boolean {
  return item.type === "policy" || (item.type === "unable" && item.why === "NoPolicies");
}
