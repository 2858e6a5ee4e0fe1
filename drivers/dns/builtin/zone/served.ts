import { type DnsEntry, dnsKey } from "../../driver.js";
import { createZone, type Zone } from "./zone.js";

/** The zone as it is answered: what is stored, and over it what was changed since. */
export interface ServedZone {
  readonly zone: Zone;
  /** What is stored as published by one owner, by its uid, in place of what was; undefined: the owner is gone. */
  restore(owner: string, entries: readonly DnsEntry[] | undefined): void;
  /** A change that the store does not tell of yet; without an entry the key is gone. */
  change(key: string, entry: DnsEntry | undefined): void;
  /** Whether somebody makes changes: meanwhile they hold, whatever is stored. */
  setChanging(isChanging: boolean): void;
}

/**
 * An empty zone. The store tells later than the one who changes names: while that one works, a key that it changed is as
 * it left it, until its owner is gone. Afterwards the next word of the store about the owner counts. `changed` is called
 * after every change of what is answered.
 */
export function createServedZone(changed: () => void): ServedZone {
  const zone = createZone();
  /** By owner, then by key. */
  const stored = new Map<string, ReadonlyMap<string, DnsEntry>>();
  /** Who has stored a key: in moments of change, two may have. */
  const owners = createGroups();
  const changes = new Map<string, DnsEntry | undefined>();
  /** Keys that were changed, by whose they are. */
  const changedKeys = createGroups();
  let isChanging = false;

  const storedAt = (key: string) => {
    const [owner = ""] = owners.of(key);
    return stored.get(owner)?.get(key);
  };
  const refresh = (key: string) => {
    const entry = changes.has(key) ? changes.get(key) : storedAt(key);
    if (isSame(zone.get(key), entry)) return;
    if (entry === undefined) zone.delete(key);
    else zone.set(entry);
    changed();
  };
  /** Lets the store decide again. */
  const forgetChanges = (owner: string) => {
    const keys = [...changedKeys.of(owner)];
    for (const key of keys) {
      changes.delete(key);
      changedKeys.remove(owner, key);
    }
    return keys;
  };
  return {
    zone,
    restore(owner, entries) {
      const before = stored.get(owner) ?? new Map<string, DnsEntry>();
      const after = new Map((entries ?? []).map((entry) => [dnsKey(entry), entry]));
      if (entries === undefined) stored.delete(owner);
      else stored.set(owner, after);
      for (const key of before.keys()) owners.remove(key, owner);
      for (const key of after.keys()) owners.add(key, owner);
      const forgotten = isChanging && entries !== undefined ? [] : forgetChanges(owner);
      for (const key of new Set([...before.keys(), ...after.keys(), ...forgotten])) refresh(key);
    },
    change(key, entry) {
      const owner = (entry ?? zone.get(key))?.stamp?.uid;
      // what is not there and was nobody's stays away by itself
      if (owner === undefined) return;
      changes.set(key, entry);
      changedKeys.add(owner, key);
      refresh(key);
    },
    setChanging(isNow) {
      isChanging = isNow;
    },
  };
}

/** Sets of texts by name; empty ones take no room. */
function createGroups() {
  const groups = new Map<string, Set<string>>();
  return {
    of: (name: string): Iterable<string> => groups.get(name) ?? [],
    add(name: string, item: string): void {
      groups.set(name, (groups.get(name) ?? new Set()).add(item));
    },
    remove(name: string, item: string): void {
      const group = groups.get(name);
      group?.delete(item);
      if (group?.size === 0) groups.delete(name);
    },
  };
}

function isSame(a: DnsEntry | undefined, b: DnsEntry | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
