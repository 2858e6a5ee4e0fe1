import type { WireRange, WireResource } from "../../../drivers/compute/mesos/wire.js";

/** How much of one resource; scalars count thousandths, Mesos' precision. */
export type Quantity =
  | { readonly type: "scalar"; readonly milli: number }
  | { readonly type: "ranges"; readonly ranges: readonly WireRange[] }
  | { readonly type: "set"; readonly items: readonly string[] };

/** Resources by name, or `name(role)` where reserved; iterated in the order of insertion. */
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
  for (const [name, quantity] of b) {
    const present = sum.get(name);
    sum.set(name, present === undefined ? quantity : addQuantity(present, quantity));
  }
  return sum;
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

/** The thousandths of a scalar, 0 when absent. */
export function milliOf(bundle: Bundle, name: string): number {
  const quantity = bundle.get(name);
  return quantity?.type === "scalar" ? quantity.milli : 0;
}

/** The part that `role` may use: what is unreserved or reserved for it. */
export function usableBy(bundle: Bundle, role: string): Bundle {
  return new Map([...bundle].filter(([key]) => reservationOf(key) === undefined || reservationOf(key) === role));
}

/** How a list of resources is written: allocated to a role or not, with the old `role` field or not. */
export interface ResourceFormat {
  readonly allocatedTo?: string;
  readonly withRole?: boolean;
}

/** The wire's list. */
export function toWire(bundle: Bundle, format: ResourceFormat = {}): WireResource[] {
  return [...bundle].map(([key, quantity]) => {
    const reservation = reservationOf(key);
    return {
      name: nameOf(key),
      ...wireQuantity(quantity),
      ...(format.allocatedTo === undefined ? {} : { allocation_info: { role: format.allocatedTo } }),
      ...(format.withRole === true ? { role: reservation ?? "*" } : {}),
      ...(reservation === undefined ? {} : { reservations: [{ type: "STATIC", role: reservation }] }),
    };
  });
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
  const last = resource.reservations?.at(-1);
  const reserved = last?.role ?? (resource.role === "*" ? undefined : resource.role);
  const base = reserved === undefined ? resource.name : `${resource.name}(${reserved})`;
  if (last?.type === "DYNAMIC") return `${base}#dynamic`;
  return allocated === role ? base : `${base}#${allocated}`;
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
  return open < 0 ? undefined : key.slice(open + 1, key.indexOf(")", open));
}
