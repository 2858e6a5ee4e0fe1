import { silentLogger } from "../../../../platform/log.js";
import { seededRandom } from "../../../../platform/random.js";
import type { VirtualClock } from "../../../../platform/virtual-clock.js";
import type { DnsEntry } from "../../driver.js";
import type { NameServerSettings } from "../../name-server.js";
import { createNameServer } from "../name-server.js";
import type { MessageNetwork } from "../network/message-network.js";

/** Where the servers of tests listen in their in-process network. */
export const LISTEN = "127.0.0.1:5300";

export const SETTINGS: NameServerSettings = {
  domain: "service.torc",
  ttlSeconds: 30,
  listen: LISTEN,
  allowTransfer: [],
  resolvers: [],
};

/** An entry as a DnsRecord of the rack `torc` would have it. */
export function entry(parts: Partial<DnsEntry> = {}): DnsEntry & { readonly stamp: NonNullable<DnsEntry["stamp"]> } {
  const stamp = { identity: "torc", kind: "DnsRecord", namespace: "demo", name: "web-1", uid: "u-1", term: 7 };
  return { name: "web", id: "web-1", address: "10.0.0.1", port: 80, tags: [], ...parts, stamp: parts.stamp ?? stamp };
}

/** A server that listens as told, but does not know what is stored yet. */
export function emptyServer(network: MessageNetwork, clock: VirtualClock, settings: Partial<NameServerSettings> = {}) {
  const counts: string[] = [];
  const server = createNameServer({
    network,
    clock,
    random: seededRandom(1),
    log: silentLogger,
    counted: (rcode) => counts.push(rcode),
  });
  server.configure({ ...SETTINGS, ...settings });
  return { ...server, counts };
}

/** A server that holds these entries and answers, once the returned promise resolves. */
export async function startServer(
  network: MessageNetwork,
  clock: VirtualClock,
  { settings = {}, entries = [] }: { settings?: Partial<NameServerSettings>; entries?: readonly DnsEntry[] } = {},
) {
  const server = emptyServer(network, clock, settings);
  server.restore("u-1", entries);
  server.begin();
  await clock.advance(0);
  return server;
}
