import { isIPv6 } from "node:net";

/** Whether `text` is an IPv4 address in dotted decimals without leading zeros. */
export function isIpv4(text: string): boolean {
  return parseIpv4(text) !== undefined;
}

export function isIpv6(text: string): boolean {
  return isIPv6(text);
}

/** An IPv4 prefix and its canonical text; undefined when it is not one. */
export function parseIpv4Prefix(
  text: string,
): { readonly network: number; readonly length: number; readonly canonical: string } | undefined {
  const slash = text.indexOf("/");
  const address = parseIpv4(text.slice(0, Math.max(slash, 0)));
  const lengthText = text.slice(slash + 1);
  const length = Number(lengthText);
  if (address === undefined || !/^(0|[1-9][0-9]?)$/.test(lengthText) || length > 32) return undefined;
  const network = length === 0 ? 0 : (address & (0xffffffff << (32 - length))) >>> 0;
  return { network, length, canonical: `${formatIpv4(network)}/${length}` };
}

/** The 32 bits of an IPv4 address. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return parts.reduce((bits, part) => bits * 256 + Number(part), 0);
}

export function formatIpv4(bits: number): string {
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join(".");
}

/** Whether an IPv4 prefix lies within another, or is the same; false when one of them is not a prefix. */
export function isInside(prefix: string, outer: string): boolean {
  const inside = parseIpv4Prefix(prefix);
  const around = parseIpv4Prefix(outer);
  if (inside === undefined || around === undefined || inside.length < around.length) return false;
  const mask = around.length === 0 ? 0 : (0xffffffff << (32 - around.length)) >>> 0;
  return (inside.network & mask) >>> 0 === around.network;
}

/** Whether two IPv4 prefixes have an address in common; false when one of them is not a prefix. */
export function doOverlap(one: string, other: string): boolean {
  return isInside(one, other) || isInside(other, one);
}
