import type { PortRange, Resources } from "./driver.js";

/** Nothing at all. */
export const NO_RESOURCES: Resources = { cpu: 0, memoryMiB: 0, diskMiB: 0, gpu: 0, ports: [] };

/** Both together; port ranges are joined where they touch. */
export function addResources(a: Resources, b: Resources): Resources {
  return { ...combine(a, b, (x, y) => x + y), ports: joinRanges([...a.ports, ...b.ports]) };
}

/** `a` without `b`; undefined when `a` does not hold that much. */
export function subtractResources(a: Resources, b: Resources): Resources | undefined {
  let ports: readonly PortRange[] | undefined = joinRanges(a.ports);
  for (const range of b.ports) ports = ports && cutRange(ports, range);
  if (ports === undefined) return undefined;
  const rest = { ...combine(a, b, (x, y) => x - y), ports };
  return Math.min(rest.cpu, rest.memoryMiB, rest.diskMiB, rest.gpu) < 0 ? undefined : rest;
}

/** Three decimals, as Mesos counts. */
function combine(a: Resources, b: Resources, operation: (x: number, y: number) => number): Omit<Resources, "ports"> {
  const of = (name: "cpu" | "memoryMiB" | "diskMiB" | "gpu") => Math.round(operation(a[name], b[name]) * 1000) / 1000;
  return { cpu: of("cpu"), memoryMiB: of("memoryMiB"), diskMiB: of("diskMiB"), gpu: of("gpu") };
}

function joinRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const joined: PortRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.begin - b.begin)) {
    const last = joined.at(-1);
    if (last !== undefined && range.begin <= last.end + 1) {
      joined[joined.length - 1] = { begin: last.begin, end: Math.max(last.end, range.end) };
    } else joined.push(range);
  }
  return joined;
}

function cutRange(ranges: readonly PortRange[], cut: PortRange): readonly PortRange[] | undefined {
  const holder = ranges.findIndex(({ begin, end }) => begin <= cut.begin && cut.end <= end);
  const found = ranges[holder];
  if (found === undefined) return undefined;
  const rest = [
    { begin: found.begin, end: cut.begin - 1 },
    { begin: cut.end + 1, end: found.end },
  ];
  return ranges.toSpliced(holder, 1, ...rest.filter(({ begin, end }) => begin <= end));
}
