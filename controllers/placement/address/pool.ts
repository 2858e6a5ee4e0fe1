import { formatIpv4, parseIpv4, parseIpv4Prefix } from "../../../api-types/format/address.js";
import type { RackPool } from "../../../api-types/rack.js";

/** Addresses as numbers, both ends included. */
interface Range {
  readonly first: number;
  readonly last: number;
}

/** The addresses of a pool that may be given. */
export interface AddressPool extends Range {
  /** In order, without overlaps, within the pool. */
  readonly excluded: readonly Range[];
  /** So many may be given. */
  readonly size: number;
}

/** A pool without its first and last address, which are those of the network, and without what is left out. */
export function addressPool({ cidr, exclude = [] }: Pick<RackPool, "cidr" | "exclude">): AddressPool {
  const whole = rangeOf(cidr);
  if (whole === undefined) return { first: 0, last: -1, excluded: [], size: 0 };
  const first = whole.first + 1;
  const last = whole.last - 1;
  const excluded = merged(exclude.flatMap((text) => clipped(rangeOf(text), { first, last })));
  const left = excluded.reduce((sum, range) => sum + range.last - range.first + 1, 0);
  return { first, last, excluded, size: last - first + 1 - left };
}

/**
 * The next address that is not taken, from the one after `after` on and then from the start: so one that was given lately is
 * given again last. Undefined: all are taken.
 */
export function freeAddress(
  pool: AddressPool,
  isTaken: (address: string) => boolean,
  after: string | undefined,
): string | undefined {
  const given = parseIpv4(after ?? "") ?? pool.last;
  const start = given >= pool.first && given < pool.last ? given + 1 : pool.first;
  return (
    firstFree(pool, { first: start, last: pool.last }, isTaken) ??
    firstFree(pool, { first: pool.first, last: start - 1 }, isTaken)
  );
}

/** Whether an address may be given. */
export function isInPool({ first, last, excluded }: AddressPool, address: string): boolean {
  const number = parseIpv4(address);
  if (number === undefined || number < first || number > last) return false;
  return !excluded.some((range) => range.first <= number && number <= range.last);
}

function firstFree(pool: AddressPool, range: Range, isTaken: (address: string) => boolean): string | undefined {
  let number = range.first;
  while (number <= range.last) {
    const hole = pool.excluded.find(({ first, last }) => first <= number && number <= last);
    if (hole !== undefined) {
      number = hole.last + 1;
      continue;
    }
    const address = formatIpv4(number);
    if (!isTaken(address)) return address;
    number += 1;
  }
  return undefined;
}

function rangeOf(text: string): Range | undefined {
  const single = parseIpv4(text);
  if (single !== undefined) return { first: single, last: single };
  const prefix = parseIpv4Prefix(text);
  return prefix && { first: prefix.network, last: prefix.network + 2 ** (32 - prefix.length) - 1 };
}

function clipped(range: Range | undefined, { first, last }: Range): readonly Range[] {
  if (range === undefined || range.last < first || range.first > last) return [];
  return [{ first: Math.max(range.first, first), last: Math.min(range.last, last) }];
}

function merged(ranges: readonly Range[]): readonly Range[] {
  const result: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = result.at(-1);
    if (before === undefined || before.last + 1 < range.first) result.push(range);
    else result[result.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
  }
  return result;
}
