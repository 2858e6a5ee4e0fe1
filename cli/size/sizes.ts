import { StatusError } from "../../api-types/meta/status-error.js";
import type { Service, ServiceGroup } from "../../api-types/service-group.js";

/** What a user asks for; every size becomes an absolute number. */
export interface Wish {
  /** Instances per copy, by service. */
  readonly counts: ReadonlyMap<string, number>;
  /** Services without a number: for `by`. */
  readonly named: readonly string[];
  /** Copies of the whole group. */
  readonly replicas: number | undefined;
  /** A decimal such as `1.5`. */
  readonly by: string | undefined;
}

/** Sizes to be written, and in words what changes. */
export interface Sizes {
  readonly replicas?: number;
  readonly scale?: Readonly<Record<string, number>>;
  readonly changes: readonly string[];
}

/** `web=3` and `db`, as they stand on the command line. */
export function parseSizes(words: readonly string[]): Pick<Wish, "counts" | "named"> {
  const counts = new Map<string, number>();
  const named: string[] = [];
  for (const word of words) {
    const [name = "", text, ...more] = word.split("=");
    if (text === undefined) named.push(name);
    else if (/^\d{1,9}$/.test(text) && more.length === 0) counts.set(name, Number(text));
    else throw new StatusError("BadRequest", `"${word}": the size of a service is a whole number, such as ${name}=3`);
  }
  return { counts, named };
}

/** The sizes that a wish means for a group as it is now. Throws BadRequest where it means none. */
export function sizesOf(group: ServiceGroup, wish: Wish): Sizes {
  const { counts, named, replicas, by } = wish;
  if (by === undefined && counts.size === 0 && replicas === undefined)
    throw new StatusError("BadRequest", "no size is named: give service=N, --replicas N or --by X");
  if (by !== undefined && (counts.size > 0 || replicas !== undefined))
    throw new StatusError("BadRequest", "--by multiplies the sizes that there are: it cannot stand beside other sizes");
  if (by === undefined && named.length > 0)
    throw new StatusError("BadRequest", `no size is named for ${named.join(", ")}: give ${named[0]}=N`);
  const scale = by === undefined ? counts : multiplied(group, named, by);
  for (const name of scale.keys()) requireScalable(group, name);
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(scale.size === 0 ? {} : { scale: Object.fromEntries(scale) }),
    changes: [...copiesText(group, replicas), ...[...scale].flatMap(([name, size]) => changeText(group, name, size))],
  };
}

/** Instances of a service per copy of the group. */
function sizeOf(group: ServiceGroup, service: Service): number {
  return group.spec.scale?.[service.name] ?? service.instances ?? 1;
}

function multiplied(group: ServiceGroup, named: readonly string[], by: string): ReadonlyMap<string, number> {
  for (const name of named) requireScalable(group, name);
  const meant = group.spec.services.filter(
    ({ name, mode }) => (named.length === 0 && mode !== "EachNode") || named.includes(name),
  );
  return new Map(meant.map((service) => [service.name, times(sizeOf(group, service), by)]));
}

/** Rounded up, in exact decimals: 10 × 1.1 is 11. */
export function times(size: number, factor: string): number {
  const match = /^(\d{1,6})(?:\.(\d{1,9}))?$/.exec(factor);
  if (match === null) throw new StatusError("BadRequest", `--by ${factor}: must be a decimal number such as 1.5`);
  const [, whole = "", fraction = ""] = match;
  const scale = 10n ** BigInt(fraction.length);
  const product = BigInt(size) * BigInt(whole + fraction);
  return Number((product + scale - 1n) / scale);
}

function requireScalable(group: ServiceGroup, name: string): void {
  const service = group.spec.services.find((candidate) => candidate.name === name);
  const names = group.spec.services.map((candidate) => candidate.name).join(", ");
  const { name: groupName } = group.metadata;
  if (service === undefined)
    throw new StatusError("BadRequest", `ServiceGroup ${groupName} has no service ${name}; it has ${names}`);
  if (service.mode === "EachNode")
    throw new StatusError("BadRequest", `service ${name} of ${groupName} runs once on each node: it has no size`);
}

function copiesText(group: ServiceGroup, replicas: number | undefined): readonly string[] {
  return replicas === undefined ? [] : [`copies ${group.spec.replicas} → ${replicas}`];
}

function changeText(group: ServiceGroup, name: string, size: number): readonly string[] {
  const service = group.spec.services.find((candidate) => candidate.name === name);
  if (service === undefined) return [];
  const perCopy = group.spec.replicas === 1 ? "" : " in each copy";
  return [`${name} ${sizeOf(group, service)} → ${size}${perCopy}`];
}
