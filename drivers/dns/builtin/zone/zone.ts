import { type DnsEntry, dnsKey } from "../../driver.js";
import { type Offer, offersOf } from "./names.js";

/** What is known under one name. */
export interface ZoneName {
  readonly addresses: readonly DnsEntry[];
  readonly ports: readonly ZonePort[];
}

export interface ZonePort {
  readonly entry: DnsEntry;
  readonly port: number;
}

/** Entries, found by every name that they answer to. Names are in lower case and relative to the domain. */
export interface Zone {
  /** Replaces the entry of its key. */
  set(entry: DnsEntry): void;
  /** By the entry's key. */
  delete(key: string): void;
  get(key: string): DnsEntry | undefined;
  /** The entries now; a later change gives another map. */
  entries(): ReadonlyMap<string, DnsEntry>;
  /**
   * Undefined: nothing has this name, though longer names may end in it. Entries of exactly this name are alone there:
   * what others answer to by a tag or a port takes nobody's name.
   */
  at(name: string): ZoneName | undefined;
  /** Every name that something has. */
  names(): Iterable<string>;
  /** Whether some name ends in this one: then it exists, and is empty (RFC 8020). */
  hasBelow(name: string): boolean;
  /** Entries with this address. */
  withAddress(address: string): readonly DnsEntry[];
}

/** An empty zone. A change costs what the entry answers to, whatever the size of the zone. */
export function createZone(): Zone {
  const entries = new Map<string, DnsEntry>();
  const names = new Map<string, Map<string, Found>>();
  const addresses = new Map<string, Map<string, DnsEntry>>();
  const below = new Map<string, number>();
  let snapshot: ReadonlyMap<string, DnsEntry> | undefined;

  const remove = (key: string) => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    drop(addresses, entry.address, key);
    for (const { name } of offersOf(entry)) {
      if (!drop(names, name, key)) continue;
      for (const ancestor of ancestorsOf(name)) count(below, ancestor, -1);
    }
  };
  return {
    set(entry) {
      const key = dnsKey(entry);
      remove(key);
      snapshot = undefined;
      entries.set(key, entry);
      bucket(addresses, entry.address).set(key, entry);
      for (const offer of offersOf(entry)) {
        if (!names.has(offer.name)) for (const ancestor of ancestorsOf(offer.name)) count(below, ancestor, 1);
        const found = bucket(names, offer.name);
        found.set(key, withOffer(found.get(key) ?? { entry, isAddress: false, ports: [] }, offer));
      }
    },
    delete(key) {
      remove(key);
      snapshot = undefined;
    },
    get: (key) => entries.get(key),
    entries() {
      snapshot ??= new Map(entries);
      return snapshot;
    },
    at(name) {
      const found = names.get(name);
      if (found === undefined) return undefined;
      const owners = [...found.values()].filter(({ entry }) => entry.name.toLowerCase() === name);
      const all = owners.length > 0 ? owners : [...found.values()];
      return {
        addresses: all.filter(({ isAddress }) => isAddress).map(({ entry }) => entry),
        ports: all.flatMap(({ entry, ports }) => ports.map((port) => ({ entry, port }))),
      };
    },
    names: () => names.keys(),
    hasBelow: (name) => below.has(name),
    withAddress: (address) => [...(addresses.get(address)?.values() ?? [])],
  };
}

/** One entry under one name. */
interface Found {
  readonly entry: DnsEntry;
  readonly isAddress: boolean;
  readonly ports: readonly number[];
}

function withOffer(found: Found, offer: Offer): Found {
  if (offer.type === "address") return { ...found, isAddress: true };
  return found.ports.includes(offer.port) ? found : { ...found, ports: [...found.ports, offer.port] };
}

/** `c` and `b.c` of `a.b.c`. */
function ancestorsOf(name: string): readonly string[] {
  const labels = name.split(".");
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join("."));
}

function bucket<Item>(buckets: Map<string, Map<string, Item>>, name: string): Map<string, Item> {
  const known = buckets.get(name);
  if (known !== undefined) return known;
  const made = new Map<string, Item>();
  buckets.set(name, made);
  return made;
}

/** Takes a key out of its bucket; true when that was its last. */
function drop(buckets: Map<string, Map<string, unknown>>, name: string, key: string): boolean {
  const found = buckets.get(name);
  if (found === undefined || !found.delete(key) || found.size > 0) return false;
  return buckets.delete(name);
}

function count(counts: Map<string, number>, name: string, by: number): void {
  const next = (counts.get(name) ?? 0) + by;
  if (next === 0) counts.delete(name);
  else counts.set(name, next);
}
