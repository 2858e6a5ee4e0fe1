import type { Clock } from "../../../platform/clock.js";
import type { Random } from "../../../platform/random.js";
import { type Catalog, checksFor } from "../catalog.js";
import type { NodeRow, ServiceRow } from "../state.js";

/** A question as a client put it; `type` is the mnemonic, e.g. `SRV`. */
export interface DnsQuestion {
  readonly name: string;
  readonly type: string;
}

/** One resource record; Consul's default TTL is 0. */
export type DnsRecord = { readonly name: string; readonly ttl: 0 } & (
  | { readonly type: "A" | "AAAA" | "CNAME" | "NS"; readonly data: string }
  | {
      readonly type: "SRV";
      readonly data: {
        readonly priority: number;
        readonly weight: number;
        readonly port: number;
        readonly target: string;
      };
    }
  | {
      readonly type: "SOA";
      readonly data: {
        readonly mname: string;
        readonly rname: string;
        readonly serial: number;
        readonly refresh: number;
        readonly retry: number;
        readonly expire: number;
        readonly minimum: number;
      };
    }
);

/** What is to be said, before it is cut to a packet. */
export interface DnsAnswer {
  readonly rcode: "NOERROR" | "NXDOMAIN" | "REFUSED";
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** What the answers are taken from. */
export interface Zone {
  readonly catalog: Catalog;
  readonly datacenter: string;
  readonly domain: string;
  readonly nodeName: string;
  readonly random: Random;
  readonly clock: Clock;
}

interface Found {
  readonly address: string;
  readonly port: number;
  readonly target: string;
}

/**
 * Consul's view of its domain: `[tag.]name.service[.dc].domain`, `_name._tag.service[.dc].domain` (tcp and udp match any tag),
 * `name.node[.dc].domain`, `hex.addr.dc.domain`. Names ignore case; critical instances are left out; the order is shuffled.
 */
export function answerQuestion(question: DnsQuestion, zone: Zone): DnsAnswer {
  const name = question.name.toLowerCase().replace(/\.$/, "");
  if (name !== zone.domain && !name.endsWith(`.${zone.domain}`)) {
    return { rcode: "REFUSED", answers: [], authorities: [], additionals: [] };
  }
  if (name === zone.domain) return answerApex(question, zone);
  const found = find(labelsOf(name, zone), zone);
  if (found === undefined || found.length === 0) return negative("NXDOMAIN", zone);
  const shuffled = shuffle(found, zone.random);
  const answers = uniqueRecords(shuffled.flatMap((one) => recordsOf(one, question)));
  if (answers.length === 0) return negative("NOERROR", zone);
  const additionals =
    question.type === "SRV" ? uniqueRecords(shuffled.flatMap((one) => addressOf(one.target, one.address))) : [];
  return { rcode: "NOERROR", answers, authorities: [], additionals };
}

/** Labels before the domain, the datacenter taken off. */
function labelsOf(name: string, { domain, datacenter }: Zone): readonly string[] {
  const labels = name.slice(0, -domain.length - 1).split(".");
  const isQualified = labels.length > 2 && labels.at(-1) === datacenter.toLowerCase();
  return isQualified ? labels.slice(0, -1) : labels;
}

function find(labels: readonly string[], zone: Zone): readonly Found[] | undefined {
  const before = labels.slice(0, -1);
  switch (labels.at(-1)) {
    case "service":
      return findService(before, zone);
    case "node":
      return findNode(before.join("."), zone);
    case "addr":
      return before.length === 1 ? findAddress(before[0] ?? "", zone) : undefined;
    default:
      return undefined;
  }
}

function findService(labels: readonly string[], zone: Zone): readonly Found[] | undefined {
  const [first = "", second = ""] = labels;
  const isRfc2782 = labels.length === 2 && first.startsWith("_") && second.startsWith("_");
  if (isRfc2782) {
    const tag = second.slice(1);
    return instancesOf(first.slice(1), tag === "tcp" || tag === "udp" ? undefined : tag, zone);
  }
  if (labels.length === 0) return undefined;
  // what precedes the last label is one tag, dots included
  const tag = labels.length === 1 ? undefined : labels.slice(0, -1).join(".");
  return instancesOf(labels.at(-1) ?? "", tag, zone);
}

function instancesOf(service: string, tag: string | undefined, zone: Zone): readonly Found[] {
  return zone.catalog.instances(service).flatMap((row) => {
    const node = zone.catalog.node(row.node);
    const isTagged = tag === undefined || row.tags.some((own) => own.toLowerCase() === tag);
    const isCritical = checksFor(zone.catalog, row).some((check) => check.status === "critical");
    return node === undefined || !isTagged || isCritical ? [] : [foundOf(row, node, zone)];
  });
}

function foundOf(row: ServiceRow, node: NodeRow, zone: Zone): Found {
  const suffix = `${zone.datacenter}.${zone.domain}`;
  if (row.address === "" || row.address === node.address) {
    return { address: node.address, port: row.port, target: `${node.node}.node.${suffix}` };
  }
  const hex = hexOf(row.address);
  return { address: row.address, port: row.port, target: hex === undefined ? row.address : `${hex}.addr.${suffix}` };
}

function findNode(name: string, zone: Zone): readonly Found[] | undefined {
  const node = zone.catalog.node(name);
  if (node === undefined) return undefined;
  return [{ address: node.address, port: 0, target: `${node.node}.node.${zone.datacenter}.${zone.domain}` }];
}

function findAddress(hex: string, zone: Zone): readonly Found[] | undefined {
  if (!/^([0-9a-f]{8}|[0-9a-f]{32})$/.test(hex)) return undefined;
  const bytes = Buffer.from(hex, "hex");
  const address = bytes.length === 4 ? [...bytes].join(".") : (hex.match(/.{4}/g) ?? []).join(":");
  return [{ address, port: 0, target: `${hex}.addr.${zone.datacenter}.${zone.domain}` }];
}

function hexOf(address: string): string | undefined {
  if (isIpv4(address)) return Buffer.from(address.split(".").map(Number)).toString("hex");
  if (!address.includes(":")) return undefined;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right]
    .map((group) => group.padStart(4, "0"))
    .join("")
    .toLowerCase();
}

function isIpv4(address: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(address);
}

function recordsOf(found: Found, question: DnsQuestion): readonly DnsRecord[] {
  if (question.type === "SRV") {
    const data = { priority: 1, weight: 1, port: found.port, target: found.target };
    return [{ name: question.name, ttl: 0, type: "SRV", data }];
  }
  const records = addressOf(question.name, found.address);
  return records.filter(
    (record) => record.type === "CNAME" || question.type === "ANY" || record.type === question.type,
  );
}

function addressOf(name: string, address: string): readonly DnsRecord[] {
  if (isIpv4(address)) return [{ name, ttl: 0, type: "A", data: address }];
  if (address.includes(":")) return [{ name, ttl: 0, type: "AAAA", data: address }];
  return address === name ? [] : [{ name, ttl: 0, type: "CNAME", data: address }];
}

function answerApex(question: DnsQuestion, zone: Zone): DnsAnswer {
  const target = `${zone.nodeName}.node.${zone.datacenter}.${zone.domain}`;
  const server: DnsRecord = { name: zone.domain, ttl: 0, type: "NS", data: target };
  const additionals = addressOf(target, zone.catalog.node(zone.nodeName)?.address ?? "");
  if (question.type === "SOA") return { rcode: "NOERROR", answers: [soa(zone)], authorities: [server], additionals };
  if (question.type === "NS") return { rcode: "NOERROR", answers: [server], authorities: [], additionals };
  return negative("NXDOMAIN", zone);
}

function negative(rcode: "NOERROR" | "NXDOMAIN", zone: Zone): DnsAnswer {
  return { rcode, answers: [], authorities: [soa(zone)], additionals: [] };
}

function soa({ domain, clock }: Zone): DnsRecord {
  const data = {
    mname: `ns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: Math.floor(clock.now() / 1000),
    refresh: 3600,
    retry: 600,
    expire: 86_400,
    minimum: 0,
  };
  return { name: domain, ttl: 0, type: "SOA", data };
}

function uniqueRecords(records: readonly DnsRecord[]): readonly DnsRecord[] {
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
