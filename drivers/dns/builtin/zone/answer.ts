import { isIpv4 } from "../../../../api-types/format/address.js";
import type { Random } from "../../../../platform/random.js";
import type { DnsEntry } from "../../driver.js";
import type { Query } from "../wire/query.js";
import { isInternet } from "../wire/query.js";
import { type ResourceRecord, TYPE } from "../wire/record.js";
import type { Reply } from "../wire/reply.js";
import { isWritable } from "./names.js";
import type { Zone, ZoneName } from "./zone.js";

/** What answers are made of. */
export interface Authority {
  readonly zone: Zone;
  /** The domain of the zone, in lower case, without a final dot. */
  readonly domain: string;
  /** Time to live of what is no entry. */
  readonly ttlSeconds: number;
  /** Our own address, told as that of the name server; undefined: it listens on all. */
  readonly address: string | undefined;
  readonly serial: number;
  readonly random: Random;
}

/** How long it may be remembered that there is no such name: it may be published any moment. */
const NEGATIVE_TTL_SECONDS = 1;
const TTL_SECONDS_MAX = 2_147_483_647;

/** The answer to a question about our names; `foreign`: it is not about our names. Pure but for the order of answers. */
export function answerQuery(query: Query, authority: Authority): Reply | "foreign" {
  if (!isInternet(query)) return REFUSED;
  const below = withinDomain(query.name, authority.domain);
  if (below !== undefined) return below === "" ? answerApex(query, authority) : answerName(query, below, authority);
  const address = addressOfReverse(query.name);
  const found = address === undefined ? [] : authority.zone.withAddress(address);
  return found.length === 0 ? "foreign" : answerPointer(query, found, authority);
}

/** We do not speak about this. */
export const REFUSED: Reply = refusal("REFUSED");

/** A reply that says nothing but why. */
export function refusal(rcode: Reply["rcode"]): Reply {
  return { rcode, isAuthoritative: false, answers: [], authorities: [], additionals: [] };
}

/** What precedes the domain, `""` for the domain itself; undefined: the name is elsewhere. */
export function withinDomain(name: string, domain: string): string | undefined {
  if (name === domain) return "";
  return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1) : undefined;
}

function answerApex(query: Query, authority: Authority): Reply {
  const sets = [[soaOf(authority)], [nameServerOf(authority)], ownAddress(authority)];
  return replyFrom(query, { sets, additionals: query.type === TYPE.NS ? ownAddress(authority) : [] }, authority);
}

/** A name of an entry; of the address of one, which never vanishes while somebody still holds it; or of none. */
function answerName(query: Query, name: string, authority: Authority): Reply {
  const { zone } = authority;
  const found = zone.at(name);
  if (found !== undefined) return answerFound(query, found, authority);
  const address = addressOfLabel(name);
  if (address !== undefined) {
    const record: ResourceRecord = { name: query.name, ttl: authority.ttlSeconds, type: "A", address };
    return replyFrom(query, { sets: [[record]] }, authority);
  }
  return name === ADDRESSES || zone.hasBelow(name) ? negative("NOERROR", authority) : negative("NXDOMAIN", authority);
}

function answerFound(query: Query, found: ZoneName, authority: Authority): Reply {
  const { addresses, services, targets } = recordsOf(query.name, found, authority);
  const additionals = query.type === TYPE.SRV ? targets : [];
  return replyFrom(query, { sets: [addresses, services], additionals }, authority);
}

/** What there is to say about a name of entries, and the addresses of the targets that it says. */
export function recordsOf(name: string, found: ZoneName, authority: Authority) {
  const own = { name, ttl: leastTtl([...found.addresses, ...found.ports.map(({ entry }) => entry)], authority) };
  const addresses = found.addresses.map(({ address }): ResourceRecord => ({ ...own, type: "A", address }));
  const services = found.ports.map(({ entry, port }) => serviceRecord(own, { entry, port, authority }));
  const targets = found.ports.map(({ entry }) => addressRecord(entry.address, { ttl: own.ttl, authority }));
  return { addresses: unique(addresses), services: unique(services), targets: unique(targets) };
}

/** One TTL for all records of a name: resolvers keep them together. */
function leastTtl(entries: readonly DnsEntry[], { ttlSeconds }: Authority): number {
  return Math.min(TTL_SECONDS_MAX, ...entries.map((entry) => entry.ttlSeconds ?? ttlSeconds));
}

/** The SRV record of one port; its target is the name of the entry's address. */
function serviceRecord(
  own: { readonly name: string; readonly ttl: number },
  { entry, port, authority }: { readonly entry: DnsEntry; readonly port: number; readonly authority: Authority },
): ResourceRecord {
  return { ...own, type: "SRV", priority: 1, weight: 1, port, target: addressName(entry.address, authority) };
}

function addressRecord(
  address: string,
  { ttl, authority }: { readonly ttl: number; readonly authority: Authority },
): ResourceRecord {
  return { name: addressName(address, authority), ttl, type: "A", address };
}

/** Below it every address has a name, as in Consul: `0a0b0c0d.addr`. */
const ADDRESSES = "addr";

function addressName(address: string, { domain }: Authority): string {
  const hex = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return `${hex.join("")}.${ADDRESSES}.${domain}`;
}

function addressOfLabel(name: string): string | undefined {
  const hex = /^([0-9a-f]{8})\.addr$/.exec(name)?.[1];
  return hex === undefined ? undefined : [...Buffer.from(hex, "hex")].join(".");
}

function addressOfReverse(name: string): string | undefined {
  const reversed = /^([0-9.]+)\.in-addr\.arpa$/.exec(name)?.[1]?.split(".").reverse().join(".");
  return reversed !== undefined && isIpv4(reversed) ? reversed : undefined;
}

/** Of the names of an address the one that the fewest share, then the longest: an instance's own rather than its service's. */
function answerPointer(query: Query, found: readonly DnsEntry[], authority: Authority): Reply {
  const shares = (entry: DnsEntry) => authority.zone.at(entry.name.toLowerCase())?.addresses.length ?? 0;
  const least = Math.min(...found.map(shares));
  const targets = found
    .filter((entry) => shares(entry) === least)
    .map(({ name }) => `${name}.${authority.domain}`.toLowerCase())
    .filter(isWritable);
  const own = { name: query.name, ttl: leastTtl(found, authority) };
  const byLength = (a: string, b: string) => b.length - a.length || a.localeCompare(b);
  const records = [...new Set(targets)].sort(byLength).slice(0, 1);
  const pointers = records.map((target): ResourceRecord => ({ ...own, type: "PTR", target }));
  return replyFrom(query, { sets: [pointers] }, authority);
}

/** Those records that were asked for, in any order; of all kinds the first that there are (RFC 8482). */
function replyFrom(query: Query, { sets, additionals = [] }: Sets, authority: Authority): Reply {
  const isAsked = (records: readonly ResourceRecord[]) =>
    records.some(({ type }) => query.type === TYPE.ANY || query.type === TYPE[type]);
  const answers = sets.find(isAsked) ?? [];
  if (answers.length === 0) return negative("NOERROR", authority);
  const shuffled = shuffle(answers, authority.random);
  return { rcode: "NOERROR", isAuthoritative: true, answers: shuffled, authorities: [], additionals };
}

/** Records of one name, those of one type together. */
interface Sets {
  readonly sets: readonly (readonly ResourceRecord[])[];
  readonly additionals?: readonly ResourceRecord[];
}

function negative(rcode: "NOERROR" | "NXDOMAIN", authority: Authority): Reply {
  const soa = { ...soaOf(authority), ttl: NEGATIVE_TTL_SECONDS };
  return { rcode, isAuthoritative: true, answers: [], authorities: [soa], additionals: [] };
}

/** The start of the zone. The domain is its own name server: no name is taken from anybody for it. */
export function soaOf({ domain, ttlSeconds, serial }: Authority): ResourceRecord {
  return {
    name: domain,
    ttl: ttlSeconds,
    type: "SOA",
    mname: domain,
    rname: `hostmaster.${domain}`,
    serial,
    refresh: 60,
    retry: 10,
    expire: 86_400,
    minimum: NEGATIVE_TTL_SECONDS,
  };
}

export function nameServerOf({ domain, ttlSeconds }: Authority): ResourceRecord {
  return { name: domain, ttl: ttlSeconds, type: "NS", target: domain };
}

export function ownAddress({ domain, ttlSeconds, address }: Authority): readonly ResourceRecord[] {
  return address === undefined ? [] : [{ name: domain, ttl: ttlSeconds, type: "A", address }];
}

function unique(records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  return [...new Map(records.map((record) => [JSON.stringify(record), record])).values()];
}

function shuffle<Item>(items: readonly Item[], random: Random): readonly Item[] {
  const shuffled = [...items];
  for (let index = shuffled.length - 1; index > 0; index -= 1) {
    const other = random.integer(index + 1);
    // both indexes are inside the list
    [shuffled[index], shuffled[other]] = [shuffled[other]!, shuffled[index]!];
  }
  return shuffled;
}
