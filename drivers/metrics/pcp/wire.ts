import { isRecord } from "../../../platform/is-record.js";

/** Values of metrics at one moment. */
export interface Fetched {
  /** The node's own time, seconds. */
  readonly timestamp: number;
  /** By name of the metric, then by number of the instance. A metric that the node does not have is absent. */
  readonly values: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** `{"context": 5}` of `/pmapi/context`. */
export function parseContext(value: unknown): number | undefined {
  const context = isRecord(value) ? value.context : undefined;
  return typeof context === "number" && Number.isSafeInteger(context) && context >= 0 ? context : undefined;
}

/** The body of `_fetch`; undefined when it is none. Values that are no number are left out. */
export function parseFetched(value: unknown): Fetched | undefined {
  if (!isRecord(value) || !Array.isArray(value.values)) return undefined;
  const timestamp = secondsOf(value.timestamp);
  if (timestamp === undefined) return undefined;
  const values = value.values.flatMap((metric: unknown): [string, ReadonlyMap<number, number>][] => {
    if (!isRecord(metric) || typeof metric.name !== "string") return [];
    return [[metric.name, instancesOf(metric.instances, (instance) => finite(instance.value))]];
  });
  return { timestamp, values: new Map(values) };
}

/** The names of a metric's instances by their number, of `_indom`; undefined when the body is none. */
export function parseNames(value: unknown): ReadonlyMap<number, string> | undefined {
  if (!isRecord(value) || !Array.isArray(value.instances)) return undefined;
  return instancesOf(value.instances, ({ name }) => (typeof name === "string" ? name : undefined));
}

/** pmwebd and the old endpoints of pmproxy split it, the new ones do not. */
function secondsOf(timestamp: unknown): number | undefined {
  if (!isRecord(timestamp)) return finite(timestamp);
  const [seconds, micros] = [finite(timestamp.s), finite(timestamp.us)];
  return seconds === undefined || micros === undefined ? undefined : seconds + micros / 1e6;
}

type Wire = Readonly<Record<string, unknown>>;

/** A metric without instances has one, number -1 or null. */
function instancesOf<T>(instances: unknown, read: (instance: Wire) => T | undefined): ReadonlyMap<number, T> {
  if (!Array.isArray(instances)) return new Map();
  return new Map(
    instances.flatMap((instance: unknown): [number, T][] => {
      if (!isRecord(instance)) return [];
      const number = instance.instance ?? SINGLE;
      const found = read(instance);
      return typeof number !== "number" || found === undefined ? [] : [[number, found]];
    }),
  );
}

/** The number of the only instance. */
export const SINGLE = -1;

function finite(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
