import type { AttributeValue, PortRange, ResourcePool, Resources } from "../../driver.js";
import type { WireAttribute, WireResource } from "../wire.js";

/** What a resource list holds in all. Persistent volumes and other special disks are not disk that a task may use. */
export function resourcesOf(resources: readonly WireResource[] | undefined): Resources {
  const usable = (resources ?? []).filter((resource) => resource.disk === undefined);
  return {
    cpu: total(usable, "cpus"),
    memoryMiB: total(usable, "mem"),
    diskMiB: total(usable, "disk"),
    gpu: total(usable, "gpus"),
    ports: usable.filter((resource) => resource.name === "ports").flatMap(rangesOf),
  };
}

/** The same by the role of the innermost reservation; `*`: unreserved. In order of first appearance. */
export function poolsOf(resources: readonly WireResource[] | undefined): readonly ResourcePool[] {
  const roles = new Set((resources ?? []).map(reservedRole));
  return [...roles].map((role) => ({
    role,
    resources: resourcesOf((resources ?? []).filter((resource) => reservedRole(resource) === role)),
  }));
}

function reservedRole({ reservations }: WireResource): string {
  return reservations?.at(-1)?.role ?? "*";
}

/** Attributes by name. Of a repeated name the first counts. Numbers become their shortest text: `1`, not `1.0`. */
export function attributesOf(
  attributes: readonly WireAttribute[] | undefined,
): Readonly<Record<string, AttributeValue>> {
  const result = new Map<string, AttributeValue>();
  for (const attribute of attributes ?? []) {
    const value = attributeValue(attribute);
    if (value !== undefined && !result.has(attribute.name)) result.set(attribute.name, value);
  }
  return Object.fromEntries(result);
}

/**
 * Takes `wanted` out of `pool` (changed in place) and returns the entries to launch with: the offer's own objects with
 * only the quantity changed, reserved ones first. Undefined: the pool does not hold that much.
 */
export function takeResources(pool: WireResource[], wanted: Resources): readonly WireResource[] | undefined {
  const taken: WireResource[] = [];
  const scalars: readonly (readonly [string, number])[] = [
    ["cpus", wanted.cpu],
    ["mem", wanted.memoryMiB],
    ["disk", wanted.diskMiB],
    ["gpus", wanted.gpu],
  ];
  for (const [name, quantity] of scalars) {
    if (!takeScalar(pool, { name, quantity }, taken)) return undefined;
  }
  for (const range of wanted.ports) {
    if (!takePorts(pool, range, taken)) return undefined;
  }
  return taken;
}

function total(resources: readonly WireResource[], name: string): number {
  const sum = resources
    .filter((resource) => resource.name === name)
    .reduce((milli, resource) => milli + toMilli(resource.scalar?.value ?? 0), 0);
  return sum / 1000;
}

/** Mesos computes with three decimals. */
function toMilli(value: number): number {
  return Math.round(value * 1000);
}

function rangesOf(resource: WireResource): readonly PortRange[] {
  return (resource.ranges?.range ?? []).map(({ begin, end }) => ({ begin, end }));
}

function attributeValue(attribute: WireAttribute): AttributeValue | undefined {
  if (attribute.text !== undefined) return attribute.text.value;
  if (attribute.scalar !== undefined) return String(attribute.scalar.value);
  return attribute.ranges?.range?.map(({ begin, end }) => ({ begin, end }));
}

/** Indexes of the entries that may serve `name`, those with a reservation first. */
function candidates(pool: readonly WireResource[], name: string): readonly number[] {
  const indexes = pool.flatMap((resource, index) =>
    resource.name === name && resource.disk === undefined ? [index] : [],
  );
  const isReserved = (index: number) => (pool[index]?.reservations?.length ?? 0) > 0;
  return [...indexes.filter(isReserved), ...indexes.filter((index) => !isReserved(index))];
}

function takeScalar(
  pool: WireResource[],
  wanted: { readonly name: string; readonly quantity: number },
  taken: WireResource[],
): boolean {
  let missing = toMilli(wanted.quantity);
  for (const index of candidates(pool, wanted.name)) {
    const entry = pool[index];
    if (entry === undefined || missing <= 0) break;
    const available = toMilli(entry.scalar?.value ?? 0);
    const part = Math.min(available, missing);
    if (part <= 0) continue;
    taken.push({ ...entry, scalar: { value: part / 1000 } });
    pool[index] = { ...entry, scalar: { value: (available - part) / 1000 } };
    missing -= part;
  }
  return missing <= 0;
}

function takePorts(pool: WireResource[], wanted: PortRange, taken: WireResource[]): boolean {
  for (const index of candidates(pool, "ports")) {
    const entry = pool[index];
    const ranges = entry === undefined ? [] : rangesOf(entry);
    const holder = ranges.findIndex((range) => range.begin <= wanted.begin && wanted.end <= range.end);
    const found = ranges[holder];
    if (entry === undefined || found === undefined) continue;
    const rest = [
      { begin: found.begin, end: wanted.begin - 1 },
      { begin: wanted.end + 1, end: found.end },
    ].filter(({ begin, end }) => begin <= end);
    taken.push({ ...entry, ranges: { range: [{ begin: wanted.begin, end: wanted.end }] } });
    pool[index] = { ...entry, ranges: { range: ranges.toSpliced(holder, 1, ...rest) } };
    return true;
  }
  return false;
}
