import type { DnsDriver, DnsEntry } from "./driver.js";

/** How the built-in name server of one rack answers. */
export interface NameServerSettings {
  /** Of all names, in lower case. */
  readonly domain: string;
  /** Time to live of what is no entry, and of entries without one. */
  readonly ttlSeconds: number;
  /** `address:port`. */
  readonly listen: string;
  /** Prefixes whose addresses may transfer the zone. */
  readonly allowTransfer: readonly string[];
  /** `address[:port]` of those who are asked about other names, in this order; none: other names are refused. */
  readonly resolvers: readonly string[];
}

/**
 * A DNS server of one rack inside this process. It answers what is stored as published, with what its driver changed
 * since; the store may be away meanwhile.
 */
export interface NameServer {
  /**
   * Holds for the next question. Another `listen` is listened on before the old one is left, where both can be;
   * undefined: it answers nobody.
   */
  configure(settings: NameServerSettings | undefined): void;
  /** What is stored as published by one owner, by its uid, in place of what was; undefined: the owner is gone. */
  restore(owner: string, entries: readonly DnsEntry[] | undefined): void;
  /** Everything stored has been restored: until then every question fails. */
  begin(): void;
  /** The way for the leader to change names. Its changes hold until the store tells otherwise, even when it is closed. */
  openDriver(options: { readonly identity: string; readonly periodMs: number }): DnsDriver;
  /** Stops answering. */
  close(): Promise<void>;
}
