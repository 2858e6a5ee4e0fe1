import type { PortRange } from "../../../drivers/compute/driver.js";

/** Ranges in order, none touching another. */
export type Ports = readonly PortRange[];

/** Ranges in any order, overlapping or not, as Ports. */
export function portsOf(ranges: readonly PortRange[]): Ports {
  const sorted = ranges.filter(({ begin, end }) => begin <= end).sort((a, b) => a.begin - b.begin);
  const merged: PortRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range.begin > last.end + 1) merged.push(range);
    else merged[merged.length - 1] = { begin: last.begin, end: Math.max(last.end, range.end) };
  }
  return merged;
}

export function holdsPort(ports: Ports, port: number): boolean {
  return ports.some(({ begin, end }) => begin <= port && port <= end);
}

export function countPorts(ports: Ports): number {
  return ports.reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
}

/** How many ports are in `ports` and not in `cut`. */
export function countWithout(ports: Ports, cut: Ports): number {
  return cut.length === 0 ? countPorts(ports) : countPorts(withoutPorts(ports, cut));
}

export function withoutPort(ports: Ports, port: number): Ports {
  return withoutPorts(ports, [{ begin: port, end: port }]);
}

/** One walk along both lists. */
export function withoutPorts(ports: Ports, cut: Ports): Ports {
  const left: PortRange[] = [];
  let at = 0;
  for (const { begin, end } of ports) {
    let from = begin;
    while ((cut[at]?.end ?? Number.POSITIVE_INFINITY) < from) at += 1;
    for (let next = cut[at]; next !== undefined && next.begin <= end; next = cut[at]) {
      if (from < next.begin) left.push({ begin: from, end: next.begin - 1 });
      from = next.end + 1;
      if (next.end > end) break; // it cuts into the next range, too
      at += 1;
    }
    if (from <= end) left.push({ begin: from, end });
  }
  return left;
}

/**
 * `count` ports beginning at the `start`-th, then one after another, from the last on to the first: what Marathon does with
 * a random start, so that a port just freed is seldom taken again at once. There must be that many.
 */
export function pickPorts(ports: Ports, count: number, start: number): readonly number[] {
  const total = countPorts(ports);
  return Array.from({ length: count }, (_, index) => portAt(ports, (start + index) % total));
}

function portAt(ports: Ports, offset: number): number {
  let left = offset;
  for (const { begin, end } of ports) {
    if (left <= end - begin) return begin + left;
    left -= end - begin + 1;
  }
  throw new Error(`there is no port number ${offset} in the ranges`);
}

/** A whole number that looks random, always the same for the same seed and key (FNV-1a). */
export function portStart(seed: number, key: string): number {
  let hash = Math.imul(seed | 0, 0x9e3779b1) ^ 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
