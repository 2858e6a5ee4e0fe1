import type { WireRange, WireReservation, WireResource } from "../../../drivers/compute/mesos/wire.js";

/** How much of one resource; scalars count thousandths, Mesos' precision. */
export type Quantity =
  | { readonly type: "scalar"; readonly milli: number }
  | { readonly type: "ranges"; readonly ranges: readonly WireRange[] }
  | { readonly type: "set"; readonly items: readonly string[] };

/**
 * Resources by name, `name(role)` where reserved by the agent's flags, `name(role){…}` with a stack of reservations or
 * a volume (the JSON of both); iterated in the order of insertion.
 */
export type Bundle = ReadonlyMap<string, Quantity>;

/** Nothing at all. */
export const EMPTY: Bundle = new Map();

/** Resources as the agent's flags write them: `{ cpus: "4", ports: "[31000-32000]", "cpus(ops)": "1" }`. */
export function parseResources(flags: Readonly<Record<string, string>>): Bundle {
  return new Map(Object.entries(flags).map(([name, text]) => [name, parseQuantity(text)]));
}

function parseQuantity(text: string): Quantity {
  const inner = text.slice(1, -1);
  if (text.startsWith("[")) return { type: "ranges", ranges: inner.split(",").map(parseRange) };
  if (text.startsWith("{")) return { type: "set", items: inner.split(",").map((item) => item.trim()) };
  return { type: "scalar", milli: Math.round(Number(text) * 1000) };
}

/** `1000-1500`, both ends included. */
export function parseRange(text: string): WireRange {
  const [begin = "0", end = begin] = text.split("-");
  return { begin: Number(begin), end: Number(end) };
}

/** The order in which the master offers: ranges first. */
export function inOfferOrder(bundle: Bundle): Bundle {
  const entries = [...bundle];
  const isRange = ([, quantity]: readonly [string, Quantity]) => quantity.type === "ranges";
  return new Map([...entries.filter(isRange), ...entries.filter((entry) => !isRange(entry))]);
}

/** Both together. */
export function add(a: Bundle, b: Bundle): Bundle {
  const sum = new Map(a);
  addInto(sum, b);
  return sum;
}

/** All together, role by role. */
export function sumByRole(
  holders: readonly { readonly role: string; readonly resources: Bundle }[],
): ReadonlyMap<string, Bundle> {
  const sums = new Map<string, Map<string, Quantity>>();
  for (const { role, resources } of holders) {
    const sum = sums.get(role) ?? new Map<string, Quantity>();
    sums.set(role, sum);
    addInto(sum, resources);
  }
  return sums;
}

/** All together. */
export function sumOf(bundles: Iterable<Bundle>): Bundle {
  const sum = new Map<string, Quantity>();
  for (const bundle of bundles) addInto(sum, bundle);
  return sum;
}

function addInto(sum: Map<string, Quantity>, bundle: Bundle): void {
  for (const [name, quantity] of bundle) {
    const present = sum.get(name);
    sum.set(name, present === undefined ? quantity : addQuantity(present, quantity));
  }
}

function addQuantity(a: Quantity, b: Quantity): Quantity {
  if (a.type === "scalar" && b.type === "scalar") return { type: "scalar", milli: a.milli + b.milli };
  if (a.type === "ranges" && b.type === "ranges") return { type: "ranges", ranges: joined([...a.ranges, ...b.ranges]) };
  if (a.type === "set" && b.type === "set") return { type: "set", items: [...new Set([...a.items, ...b.items])] };
  return a;
}

function joined(ranges: readonly WireRange[]): readonly WireRange[] {
  const out: { begin: number; end: number }[] = [];
  for (const range of [...ranges].sort((x, y) => x.begin - y.begin)) {
    const last = out.at(-1);
    if (last !== undefined && range.begin <= last.end + 1) last.end = Math.max(last.end, range.end);
    else out.push({ ...range });
  }
  return out;
}

/** `a` without `b`; what is used up disappears. */
export function subtract(a: Bundle, b: Bundle): Bundle {
  if (b.size === 0) return a;
  const rest = new Map<string, Quantity>();
  for (const [name, quantity] of a) {
    const taken = b.get(name);
    const left = taken === undefined ? quantity : subtractQuantity(quantity, taken);
    if (!isNothing(left)) rest.set(name, left);
  }
  return rest;
}

function subtractQuantity(a: Quantity, b: Quantity): Quantity {
  if (a.type === "scalar" && b.type === "scalar") return { type: "scalar", milli: a.milli - b.milli };
  if (a.type === "ranges" && b.type === "ranges") {
    return { type: "ranges", ranges: b.ranges.reduce<readonly WireRange[]>(without, a.ranges) };
  }
  if (a.type === "set" && b.type === "set") {
    return { type: "set", items: a.items.filter((item) => !b.items.includes(item)) };
  }
  return a;
}

function without(ranges: readonly WireRange[], cut: WireRange): readonly WireRange[] {
  return ranges.flatMap((range) => {
    if (cut.end < range.begin || cut.begin > range.end) return [range];
    const before = { begin: range.begin, end: cut.begin - 1 };
    const after = { begin: cut.end + 1, end: range.end };
    return [before, after].filter((part) => part.begin <= part.end);
  });
}

function isNothing(quantity: Quantity): boolean {
  if (quantity.type === "scalar") return quantity.milli <= 0;
  return quantity.type === "ranges" ? quantity.ranges.length === 0 : quantity.items.length === 0;
}

/** Whether all of `part` is in `whole`. */
export function contains(whole: Bundle, part: Bundle): boolean {
  for (const [name, quantity] of part) {
    const present = whole.get(name);
    if (present === undefined || !holds(present, quantity)) return false;
  }
  return true;
}

function holds(a: Quantity, b: Quantity): boolean {
  if (a.type === "scalar" && b.type === "scalar") return a.milli >= b.milli;
  if (a.type === "ranges" && b.type === "ranges") {
    return b.ranges.every((part) => a.ranges.some((range) => range.begin <= part.begin && part.end <= range.end));
  }
  return a.type === "set" && b.type === "set" && b.items.every((item) => a.items.includes(item));
}

/** The thousandths of a scalar, reserved or not; 0 when absent. */
export function milliOf(bundle: Bundle, name: string): number {
  let sum = 0;
  for (const [key, quantity] of bundle) {
    if (quantity.type === "scalar" && (key === name || (key.startsWith(name) && key[name.length] === "("))) {
      sum += quantity.milli;
    }
  }
  return sum;
}

/** The part that `role` may use: what is unreserved or reserved for it. */
export function usableBy(bundle: Bundle, role: string): Bundle {
  return new Map([...bundle].filter(([key]) => reservationOf(key) === undefined || reservationOf(key) === role));
}

/** How a list of resources is written. */
export interface ResourceFormat {
  readonly allocatedTo?: string;
  /** With the old field `role` beside the stack of reservations. */
  readonly withRole?: boolean;
  /** As for a framework that knows no stack: `role` and `reservation`. */
  readonly isOld?: boolean;
}

/** The wire's list. */
export function toWire(bundle: Bundle, format: ResourceFormat = {}): WireResource[] {
  return [...bundle].map(([key, quantity]) => {
    const { reservations, disk } = detailsOf(key);
    return {
      name: nameOf(key),
      ...wireQuantity(quantity),
      ...(format.allocatedTo === undefined ? {} : { allocation_info: { role: format.allocatedTo } }),
      ...(format.withRole === true || format.isOld === true ? { role: reservations.at(-1)?.role ?? "*" } : {}),
      ...(format.isOld === true ? oldReservation(reservations.at(-1)) : stackOf(reservations)),
      ...(disk === undefined ? {} : { disk }),
    };
  });
}

function stackOf(reservations: readonly WireReservation[]): Pick<WireResource, "reservations"> {
  return reservations.length === 0 ? {} : { reservations };
}

function oldReservation(last: WireReservation | undefined) {
  if (last?.type !== "DYNAMIC") return {};
  const { principal, labels } = last;
  return {
    reservation: { ...(principal === undefined ? {} : { principal }), ...(labels === undefined ? {} : { labels }) },
  };
}

interface KeyDetails {
  readonly reservations: readonly WireReservation[];
  readonly disk?: unknown;
}

const PLAIN: KeyDetails = { reservations: [] };

function detailsOf(key: string): KeyDetails {
  const brace = key.indexOf("{");
  // written by `keyOf`
  if (brace >= 0) return JSON.parse(key.slice(brace)) as KeyDetails;
  const role = reservationOf(key);
  return role === undefined ? PLAIN : { reservations: [{ type: "STATIC", role }] };
}

function wireQuantity(quantity: Quantity): Pick<WireResource, "type" | "scalar" | "ranges" | "set"> {
  if (quantity.type === "scalar") return { type: "SCALAR", scalar: { value: quantity.milli / 1000 } };
  if (quantity.type === "ranges") return { type: "RANGES", ranges: { range: quantity.ranges } };
  return { type: "SET", set: { item: quantity.items } };
}

/** A task's list; entries allocated to another role than `role` get names that no offer has. */
export function fromWire(resources: readonly WireResource[], role: string): Bundle {
  let bundle = EMPTY;
  for (const resource of resources) bundle = add(bundle, new Map([[keyOf(resource, role), quantityOf(resource)]]));
  return bundle;
}

function keyOf(resource: WireResource, role: string): string {
  const allocated = resource.allocation_info?.role ?? role;
  const base = detailedKey(resource.name, { reservations: reservationsOf(resource), disk: resource.disk });
  return allocated === role ? base : `${base}#${allocated}`;
}

/** The stack of a resource in either format. */
function reservationsOf(resource: WireResource): readonly WireReservation[] {
  const { reservations = [], role } = resource;
  if (reservations.length > 0 || role === undefined || role === "*") return reservations;
  const { reservation } = resource as { readonly reservation?: Partial<WireReservation> };
  return [reservation === undefined ? { type: "STATIC", role } : { type: "DYNAMIC", role, ...reservation }];
}

function detailedKey(name: string, { reservations, disk }: KeyDetails): string {
  const last = reservations.at(-1);
  const isStatic = reservations.length === 1 && last?.type !== "DYNAMIC" && disk === undefined;
  if (last === undefined) return disk === undefined ? name : `${name}(*)${JSON.stringify({ reservations, disk })}`;
  return isStatic ? `${name}(${last.role})` : `${name}(${last.role})${JSON.stringify({ reservations, disk })}`;
}

/** The same resources without their last reservation, as they were before they were reserved. */
export function unreserved(bundle: Bundle): Bundle {
  return mapKeys(bundle, ({ reservations, ...rest }) => ({ ...rest, reservations: reservations.slice(0, -1) }));
}

/** The same disks without their volumes. */
export function withoutVolumes(bundle: Bundle): Bundle {
  return mapKeys(bundle, ({ reservations }) => ({ reservations }));
}

function mapKeys(bundle: Bundle, change: (details: KeyDetails) => KeyDetails): Bundle {
  let changed = EMPTY;
  for (const [key, quantity] of bundle) {
    changed = add(changed, new Map([[detailedKey(nameOf(key), change(detailsOf(key))), quantity]]));
  }
  return changed;
}

function quantityOf(resource: WireResource): Quantity {
  if (resource.scalar !== undefined) return { type: "scalar", milli: Math.round(resource.scalar.value * 1000) };
  if (resource.ranges !== undefined) return { type: "ranges", ranges: joined(resource.ranges.range ?? []) };
  return { type: "set", items: resource.set?.item ?? [] };
}

/** Mesos' text for messages: `cpus(allocated: web):0.1; ports(allocated: web):[80-80]`. */
export function printResources(resources: readonly WireResource[], role: string): string {
  return resources.map((resource) => printResource(resource, role)).join("; ");
}

function printResource(resource: WireResource, role: string): string {
  const reserved = (resource.reservations ?? []).map((entry) => `(${entry.type},${entry.role})`).join(",");
  const reservations = reserved === "" ? "" : `(reservations: [${reserved}])`;
  return `${resource.name}(allocated: ${resource.allocation_info?.role ?? role})${reservations}:${printQuantity(quantityOf(resource))}`;
}

/** `4`, `[31000-31500, 31600-31700]` or `{a, b}`. */
export function printQuantity(quantity: Quantity): string {
  if (quantity.type === "scalar") return String(quantity.milli / 1000);
  if (quantity.type === "set") return `{${quantity.items.join(", ")}}`;
  return `[${quantity.ranges.map((range) => `${range.begin}-${range.end}`).join(", ")}]`;
}

/** `cpus` of `cpus(ops)`. */
export function nameOf(key: string): string {
  const open = key.indexOf("(");
  return open < 0 ? key : key.slice(0, open);
}

/** `ops` of `cpus(ops)`, undefined where nothing is reserved. */
export function reservationOf(key: string): string | undefined {
  const open = key.indexOf("(");
  if (open < 0) return undefined;
  const role = key.slice(open + 1, key.indexOf(")", open));
  return role === "*" ? undefined : role;
}
