import {
  type Data,
  integer,
  later,
  list,
  listByKey,
  object,
  oneOf,
  optional,
  secretRef,
  text,
} from "../schema/fields.js";
import { tls } from "./backends.js";

/** The source that needs no entry in `metricSources`: what the Mesos agents of the rack tell of their containers. */
export const AGENTS_SOURCE = "agents";

const metricSource = object("A place that holds measurements: exactly one of prometheus, influxdb, etcd, pcp.", {
  name: text("Name that the collector and policies refer to.", { minLength: 1, maxLength: 63 }),
  prometheus: later(
    object("Prometheus.", {
      address: text("Address of its HTTP API."),
      tls: optional(tls),
      credentialsSecretRef: optional(secretRef("Credentials.")),
    }),
  ),
  influxdb: optional(
    object("An InfluxDB 1.x, or another server that speaks its HTTP API; the collector writes to it.", {
      address: text("Address of its HTTP API, e.g. `http://10.250.3.24:8086`."),
      database: text("Name of the database; made when the first points are written.", { minLength: 1, maxLength: 64 }),
      api: oneOf("Version of the API.", ["V1", "V08", "V2"], { default: "V1", later: ["V08", "V2"] }),
      tls: optional(tls),
      credentialsSecretRef: optional(secretRef("`user:password`, for basic authentication.")),
    }),
  ),
  etcd: later(
    object("Keys in etcd that applications write.", {
      endpoints: list("Addresses of etcd.", text("An address.")),
      api: oneOf("Version of the API.", ["V2", "V3"], { default: "V3" }),
      servicesPath: optional(text("Where services are announced.")),
      metricsPath: optional(text("Where metrics are written.")),
      tls: optional(tls),
    }),
  ),
  pcp: optional(
    object("Performance Co-Pilot on each node (pmproxy, or pmwebd of old); the collector reads it.", {
      port: integer("Port of its web API.", { default: 44323, minimum: 1, maximum: 65535 }),
    }),
  ),
});

/** Where measurements are read from and written to. */
export const metricSources = listByKey("Places that hold measurements.", metricSource, { maxItems: 32 });

/** What copies measurements into a database, and shows them at /metrics. */
export const collector = object(
  "Reads metered instances and the nodes, shows them at /metrics, and writes them into a database.",
  {
    from: text(
      "Where they are measured: a metricSource of type pcp, or `agents`, the statistics of the rack's Mesos agents.",
      { default: AGENTS_SOURCE, minLength: 1 },
    ),
    to: optional(text("The metricSource of type influxdb that is written; unset: only /metrics.", { minLength: 1 })),
    intervalSeconds: integer("Seconds between two readings.", { default: 5, minimum: 1, maximum: 3600 }),
    nodeTypes: optional(
      list(
        "Only nodes of these types; `slave` is read as `worker`; unset: all nodes.",
        oneOf("A type of node.", ["master", "worker", "slave"]),
      ),
    ),
    interfaces: optional(
      list("Only these network interfaces; unset: all, at most 64 of a node.", text("An interface, e.g. `p2p2`."), {
        maxItems: 64,
      }),
    ),
  },
);

export type MetricSource = Data<typeof metricSource>;
export type RackCollector = Data<typeof collector>;
