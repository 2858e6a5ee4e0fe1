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
 * only the quantity changed, reserved ones first. With `roles` only what is reserved for one of them counts, `*` being
 * what is not reserved. Undefined: the pool does not hold that much.
 */
export function takeResources(
  pool: WireResource[],
  wanted: Resources,
  roles?: readonly string[],
): readonly WireResource[] | undefined {
  const taken: WireResource[] = [];
  const scalars: readonly (readonly [string, number])[] = [
    ["cpus", wanted.cpu],
    ["mem", wanted.memoryMiB],
    ["disk", wanted.diskMiB],
    ["gpus", wanted.gpu],
  ];
  for (const [name, quantity] of scalars) {
    if (!takeScalar({ pool, indexes: candidates(pool, name, roles), taken }, quantity)) return undefined;
  }
  return takePorts({ pool, indexes: candidates(pool, "ports", roles), taken }, wanted.ports) ? taken : undefined;
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
function candidates(
  pool: readonly WireResource[],
  name: string,
  roles: readonly string[] | undefined,
): readonly number[] {
  const indexes = pool.flatMap((resource, index) => {
    const isAllowed = roles === undefined || roles.includes(reservedRole(resource));
    return resource.name === name && resource.disk === undefined && isAllowed ? [index] : [];
  });
  const isReserved = (index: number) => (pool[index]?.reservations?.length ?? 0) > 0;
  return [...indexes.filter(isReserved), ...indexes.filter((index) => !isReserved(index))];
}

/** Where to take from, in order, and where to put what was taken. */
interface Taking {
  readonly pool: WireResource[];
  readonly indexes: readonly number[];
  readonly taken: WireResource[];
}

function takeScalar({ pool, indexes, taken }: Taking, quantity: number): boolean {
  let missing = toMilli(quantity);
  for (const index of indexes) {
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

/** A wanted range may lie across ranges and entries that touch. */
function takePorts({ pool, indexes, taken }: Taking, wanted: readonly PortRange[]): boolean {
  let missing = wanted;
  for (const index of indexes) {
    const entry = pool[index];
    if (entry === undefined || missing.length === 0) break;
    const held = rangesOf(entry);
    const range = missing.flatMap((part) => held.flatMap((each) => intersectionOf(part, each)));
    if (range.length === 0) continue;
    taken.push({ ...entry, ranges: { range } });
    pool[index] = { ...entry, ranges: { range: without(held, range) } };
    missing = without(missing, range);
  }
  return missing.length === 0;
}

function intersectionOf(a: PortRange, b: PortRange): readonly PortRange[] {
  const begin = Math.max(a.begin, b.begin);
  const end = Math.min(a.end, b.end);
  return begin <= end ? [{ begin, end }] : [];
}

function without(ranges: readonly PortRange[], cuts: readonly PortRange[]): readonly PortRange[] {
  return cuts.reduce(
    (left, cut) =>
      left.flatMap((range) => [
        ...intersectionOf(range, { begin: range.begin, end: cut.begin - 1 }),
        ...intersectionOf(range, { begin: cut.end + 1, end: range.end }),
      ]),
    ranges,
  );
}
