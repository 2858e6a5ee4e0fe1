import { isIpv4 } from "../../../../api-types/format/address.js";
import type { DnsEntry } from "../../driver.js";

/** What one entry adds under one name relative to the domain: its address, or a port of it. */
export type Offer =
  | { readonly type: "address"; readonly name: string }
  | { readonly type: "port"; readonly name: string; readonly port: number };

/**
 * Everything that an entry is found by:
 *
 * | name                      | answers            | as in      |
 * |---------------------------|--------------------|------------|
 * | `web`                     | address, first port | Consul     |
 * | `_web._tcp`, `_web._udp`  | first port of that protocol | RFC 2782 |
 * | `_http._tcp.web`          | the port of that name | Kubernetes |
 * | `blue.web`, `_web._blue`  | the same as `web`, for those with that tag | Consul |
 */
export function offersOf(entry: DnsEntry): readonly Offer[] {
  // what is stored is not trusted to be what was admitted: a reply with it could not be read
  if (!isIpv4(entry.address)) return [];
  const name = entry.name.toLowerCase();
  const labels = entry.tags.map((tag) => tag.toLowerCase()).filter(isLabel);
  const offers = [
    ...plainOffers(entry, name),
    ...protocolOffers(entry, name),
    ...portOffers(entry, name),
    ...labels.flatMap((tag) => plainOffers(entry, `${tag}.${name}`)),
    ...labels.filter((tag) => !PROTOCOLS.includes(tag)).flatMap((tag) => portOffer(`_${name}._${tag}`, entry.port)),
  ];
  return offers.filter((offer) => isWritable(offer.name));
}

/** Whether a name can stand in a message; with a long label before it, an underscore may be one too many. */
export function isWritable(name: string): boolean {
  return name.length <= NAME_LENGTH_MAX && /^[!-~]+$/.test(name) && name.split(".").every(isShort);
}

const NAME_LENGTH_MAX = 253;

function isShort(label: string): boolean {
  return label !== "" && label.length <= 63;
}

const PROTOCOLS: readonly string[] = ["tcp", "udp"];

function plainOffers({ port }: DnsEntry, name: string): readonly Offer[] {
  return [{ type: "address", name }, ...portOffer(name, port)];
}

/** Without ports that are told apart, the one there is serves under both protocols. */
function protocolOffers({ port, ports }: DnsEntry, name: string): readonly Offer[] {
  return PROTOCOLS.flatMap((protocol) => {
    const first = ports === undefined ? port : ports.find((one) => one.protocol.toLowerCase() === protocol)?.port;
    return portOffer(`_${name}._${protocol}`, first);
  });
}

function portOffers({ ports = [] }: DnsEntry, name: string): readonly Offer[] {
  return ports.flatMap((one) => {
    const label = one.name.toLowerCase();
    return isLabel(label) ? portOffer(`_${label}._${one.protocol.toLowerCase()}.${name}`, one.port) : [];
  });
}

function portOffer(name: string, port: number | undefined): readonly Offer[] {
  return port === undefined ? [] : [{ type: "port", name, port }];
}

/** What else a tag or a port may be called has no place in a name. */
function isLabel(text: string): boolean {
  return /^[a-z0-9]([-_a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}
