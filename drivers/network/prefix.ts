/** An IPv4 prefix as the 32 bits of its network and a length. */
export interface Ipv4Prefix {
  readonly network: number;
  readonly length: number;
}

/** Parses `a.b.c.d/len`; undefined when it is not an IPv4 prefix or has host bits set. */
export function parseIpv4Prefix(text: string): Ipv4Prefix | undefined {
  const [address = "", lengthText = "", ...rest] = text.split("/");
  const network = parseIpv4(address);
  const length = /^\d{1,2}$/.test(lengthText) ? Number(lengthText) : 33;
  if (rest.length > 0 || network === undefined || length > 32 || (network & maskBits(length)) >>> 0 !== network) {
    return undefined;
  }
  return { network, length };
}

/** Parses `a.b.c.d` to its 32 bits. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((bits, part) => bits * 256 + Number(part), 0);
}

/** The dotted form of 32 bits. */
export function formatIpv4(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");
}

/** `a.b.c.d/len`. */
export function formatIpv4Prefix(prefix: Ipv4Prefix): string {
  return `${formatIpv4(prefix.network)}/${prefix.length}`;
}

/** The dotted mask of a length, e.g. `255.255.255.0`. */
export function formatMask(length: number): string {
  return formatIpv4(maskBits(length));
}

/** The length of a dotted mask; undefined when its ones are not contiguous. */
export function parseMask(text: string): number | undefined {
  const bits = parseIpv4(text);
  if (bits === undefined) return undefined;
  const length = bits === 0 ? 0 : 32 - Math.log2(2 ** 32 - bits);
  return Number.isInteger(length) && maskBits(length) === bits ? length : undefined;
}

/** Whether `address` lies in the prefix. */
export function contains(prefix: Ipv4Prefix, address: number): boolean {
  return (address & maskBits(prefix.length)) >>> 0 === prefix.network;
}

/** The prefix of `length` around an address. */
export function prefixAround(address: number, length: number): Ipv4Prefix {
  return { network: (address & maskBits(length)) >>> 0, length };
}

function maskBits(length: number): number {
  // a shift by 32 is a shift by 0
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}
