import { forbidden, invalid, isLiteral } from "../meta/field-error.js";
import type { RackSpec } from "../rack.js";
import type { FieldError } from "../schema/structural.js";
import { AGENTS_SOURCE, type MetricSource } from "./metrics.js";

/** Rules about where measurements are read from and written to. */
export function metricErrors({ metricSources = [], collector }: RackSpec): readonly FieldError[] {
  return [
    ...metricSources.flatMap((source, index) => sourceErrors(source, `spec.metricSources[${index}]`)),
    ...(collector === undefined
      ? []
      : [
          ...referenceErrors(collector.from, { path: "spec.collector.from", type: "pcp", metricSources }),
          ...(collector.to === undefined
            ? []
            : referenceErrors(collector.to, { path: "spec.collector.to", type: "influxdb", metricSources })),
        ]),
  ];
}

/** Names of what needs no entry: an entry of that name would hide it. */
const BUILT_IN = [AGENTS_SOURCE, "instances", "nodes"];

function sourceErrors(source: MetricSource, path: string): readonly FieldError[] {
  const { name, influxdb, pcp } = source;
  const count = Number(influxdb !== undefined) + Number(pcp !== undefined);
  return [
    ...(BUILT_IN.includes(name) ? [forbidden(`${path}.name`, `\`${name}\` is built in: choose another name`)] : []),
    ...(count === 1 ? [] : [invalid(path, name, "exactly one of influxdb and pcp must be given")]),
    ...(influxdb === undefined ? [] : influxErrors(influxdb, `${path}.influxdb`)),
  ];
}

/** With a port or without; where the database lies below a path, that too. */
const ADDRESS = /^https?:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[^\s?#]*)?$/;
const DATABASE = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

function influxErrors(
  { address, database, tls }: NonNullable<MetricSource["influxdb"]>,
  path: string,
): readonly FieldError[] {
  const isDatabase = !isLiteral(database) || DATABASE.test(database);
  return [
    ...addressErrors(address, `${path}.address`),
    ...(isDatabase ? [] : [invalid(`${path}.database`, database, "must be letters, digits, `_`, `.` and `-`")]),
    ...(tls !== undefined && address.startsWith("http://") ? [forbidden(`${path}.tls`, "needs an https address")] : []),
  ];
}

/** Addresses may hold variables; their scheme is judged where it is written. */
function addressErrors(address: string, path: string): readonly FieldError[] {
  if (/^[a-z]+:\/\/[^/]*@/.test(address)) {
    return [forbidden(path, "credentials stand in a Secret: credentialsSecretRef")];
  }
  const scheme = /^([a-z]+):\/\//.exec(address)?.[1];
  if (!isLiteral(address) && (scheme === undefined || scheme === "http" || scheme === "https")) return [];
  if (ADDRESS.test(address)) return [];
  return [invalid(path, address, "must be an address such as http://10.250.3.24:8086")];
}

interface Reference {
  readonly path: string;
  readonly type: "pcp" | "influxdb";
  readonly metricSources: readonly MetricSource[];
}

/** The built-in source can be read, not written. */
function referenceErrors(name: string, { path, type, metricSources }: Reference): readonly FieldError[] {
  if (type === "pcp" && name === AGENTS_SOURCE) return [];
  const source = metricSources.find((candidate) => candidate.name === name);
  if (source?.[type] !== undefined) return [];
  const fitting = metricSources.filter((candidate) => candidate[type] !== undefined).map((candidate) => candidate.name);
  const accepted = [...(type === "pcp" ? [AGENTS_SOURCE] : []), ...fitting];
  const list = accepted.length === 0 ? "there is none yet" : accepted.map((one) => `\`${one}\``).join(", ");
  const why = source === undefined ? "no metricSource has this name" : `this metricSource is not of type ${type}`;
  return [invalid(path, name, `${why}; accepted is one of type ${type}: ${list}`)];
}
