import { isRecord } from "../../../platform/is-record.js";
import type { NextHop, SwitchRoute } from "../driver.js";
import { sortNextHops } from "../memory.js";
import { formatIpv4, formatMask, parseIpv4, parseIpv4Prefix } from "../prefix.js";

/** A route as the switch reports it, with when it was made: the switch's own text, used for its identity only. */
export interface StateRoute {
  readonly route: SwitchRoute;
  readonly createdAt: string;
}

/** One page of a collection. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page starts; undefined: this was the last. */
  readonly next: number | undefined;
}

/** Keys of a route in calls of the configuration: always address and mask, since a CIDR is not found again. */
export function keysOf(prefix: string): { readonly DestinationNw: string; readonly NetworkMask: string } | undefined {
  const parsed = parseIpv4Prefix(prefix);
  if (parsed === undefined) return undefined;
  return { DestinationNw: formatIpv4(parsed.network), NetworkMask: formatMask(parsed.length) };
}

/** Next hops as the configuration takes them. */
export function hopsOf(nextHops: readonly NextHop[]): readonly Readonly<Record<string, unknown>>[] {
  return nextHops.map((hop) => ({
    NextHopIp: hop.address,
    ...(hop.interface === undefined ? {} : { NextHopIntRef: hop.interface }),
    ...(hop.weight === undefined || hop.weight === 0 ? {} : { Weight: hop.weight }),
  }));
}

/**
 * A page, or undefined when anything about it is wrong: not the page that was asked for, a count that is not the number of
 * objects, an object that `parse` does not know, or more to come without saying where.
 */
export function parsePage<Item>(
  value: unknown,
  marker: number,
  parse: (shown: unknown) => Item | undefined,
): Page<Item> | undefined {
  if (!isRecord(value) || !Array.isArray(value.Objects ?? [])) return undefined;
  const { MoreExist: isMore, ObjCount: count, CurrentMarker: current, NextMarker: next } = value;
  // checked above; an empty list may be written as null
  const objects = (value.Objects ?? []) as readonly unknown[];
  if (typeof isMore !== "boolean" || count !== objects.length || current !== marker) return undefined;
  if (isMore && (typeof next !== "number" || !Number.isSafeInteger(next) || next <= marker)) return undefined;
  const items = objects.map(parse);
  if (!items.every((item) => item !== undefined)) return undefined;
  return { items, next: isMore && typeof next === "number" ? next : undefined };
}

/** One object with its wrapping, as `state/IPv4Route` answers. */
export function parseShown(value: unknown): StateRoute | undefined {
  if (!isRecord(value) || !isRecord(value.Object)) return undefined;
  const { DestinationNw: prefix, Protocol: protocol, RouteCreatedTime: createdAt = "" } = value.Object;
  const list = value.Object.NextHopList ?? [];
  if (typeof prefix !== "string" || parseIpv4Prefix(prefix) === undefined) return undefined;
  if (typeof protocol !== "string" || typeof createdAt !== "string" || !Array.isArray(list)) return undefined;
  const hops = list.map(parseHop);
  if (hops.includes(undefined)) return undefined;
  const nextHops = hops.filter((hop) => hop !== undefined && hop !== "none");
  return { route: { prefix, nextHops: sortNextHops(nextHops), protocol }, createdAt };
}

/**
 * `none` for a null route's and a connected network's own hop. The interface of a next hop with an address is left out: the
 * switch fills it in by itself, nobody asked for it.
 */
function parseHop(value: unknown): NextHop | "none" | undefined {
  if (!isRecord(value)) return undefined;
  const { NextHopIp: address, NextHopIntRef: reference, Weight: weight = 0 } = value;
  if (address === "Null0" || reference === "Null0" || address === "0.0.0.0" || address === "") return "none";
  if (typeof address !== "string" || parseIpv4(address) === undefined || typeof weight !== "number") return undefined;
  return weight === 0 ? { address } : { address, weight };
}
