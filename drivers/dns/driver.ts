import type { Driver } from "../driver.js";
import type { Stamp } from "../observation.js";

/** One answer under one name. Key: `name/id`. */
export interface DnsEntry {
  /** Relative to the domain of the rack, e.g. `dns-sl1`. */
  readonly name: string;
  /** The target's id within the name; in the catalogue the service id is `name/id`'s safe form. */
  readonly id: string;
  readonly address: string;
  /** The port of the SRV answer; unset: none. */
  readonly port?: number;
  /** All ports by name; unset where the back end keeps only the first. */
  readonly ports?: readonly DnsPort[];
  /** How long resolvers may keep the answer; unset where the back end decides that for all. */
  readonly ttlSeconds?: number;
  readonly tags: readonly string[];
  /** Undefined: not ours. */
  readonly stamp: Stamp | undefined;
}

export interface DnsPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

export type DnsChange =
  | { readonly type: "register"; readonly entry: DnsEntry & { readonly stamp: Stamp } }
  | { readonly type: "deregister"; readonly name: string; readonly id: string };

/**
 * Names of a rack. What is observed are the entries where ours are kept; one there that is not ours has `stamp` undefined.
 * Foreign entries kept elsewhere under a name we use are told by `read` only.
 */
export interface DnsDriver extends Driver<DnsEntry, DnsChange> {
  /** Of a server in this process: why clients cannot reach it as they should; undefined: they can. */
  readonly problem?: () => string | undefined;
}

export function dnsKey(entry: { readonly name: string; readonly id: string }): string {
  return `${entry.name}/${entry.id}`;
}

/** Whether what is held answers as wanted; what a back end does not hold, it cannot answer otherwise. */
export function isSameAnswer(held: DnsEntry, wanted: DnsEntry): boolean {
  return (
    held.address === wanted.address &&
    (held.port ?? 0) === (wanted.port ?? 0) &&
    (held.ttlSeconds === undefined || held.ttlSeconds === wanted.ttlSeconds) &&
    (held.ports === undefined || portsText(held) === portsText(wanted))
  );
}

function portsText({ ports = [] }: DnsEntry): string {
  return ports.map(({ name, port, protocol }) => `${name}:${port}/${protocol}`).join();
}
