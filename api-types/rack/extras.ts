import { integer, later, list, listByKey, object, oneOf, optional, secretRef, text } from "../schema/fields.js";
import { tls } from "./backends.js";

const metricSource = object("A place that holds measurements: exactly one of prometheus, influxdb, etcd, pcp.", {
  name: text("Name that policies refer to."),
  prometheus: optional(
    object("Prometheus.", {
      address: text("Address of its HTTP API."),
      tls: optional(tls),
      credentialsSecretRef: optional(secretRef("Credentials.")),
    }),
  ),
  influxdb: optional(
    object("InfluxDB.", {
      address: text("Address of its HTTP API."),
      database: text("Database or bucket."),
      api: oneOf("Version of the API.", ["V1", "V08", "V2"], { default: "V1" }),
      tls: optional(tls),
      credentialsSecretRef: optional(secretRef("Credentials.")),
    }),
  ),
  etcd: optional(
    object("Keys in etcd that applications write.", {
      endpoints: list("Addresses of etcd.", text("An address.")),
      api: oneOf("Version of the API.", ["V2", "V3"], { default: "V3" }),
      servicesPath: optional(text("Where services are announced.")),
      metricsPath: optional(text("Where metrics are written.")),
      tls: optional(tls),
    }),
  ),
  pcp: optional(
    object("Performance Co-Pilot on each node.", {
      port: integer("Port of its web API.", { default: 44323, minimum: 1, maximum: 65535 }),
    }),
  ),
});

const haproxy = object("HAProxy.", {
  endpoints: list(
    "The proxies.",
    object("One proxy.", {
      name: text("Name."),
      adminSocket: optional(text("Address of the runtime API.")),
      masterSocket: optional(text("Address of the master CLI.")),
      configFile: optional(text("Path of the configuration file.")),
    }),
  ),
  bindAddress: optional(text("Address that the proxies listen on.")),
  servicePortRange: text("Service ports that may be assigned.", { default: "10000-20000" }),
  balance: optional(text("How a server is chosen.")),
});

/** Parts of a Rack that are declared and not built yet. */
export const rackExtras = {
  metricSources: later(listByKey("Places that hold measurements.", metricSource)),
  collector: later(
    object("Copies measurements of metered instances and of nodes into a database.", {
      from: text("The metricSource that is read."),
      to: text("The metricSource that is written."),
      intervalSeconds: integer("Seconds between two readings.", { default: 5, minimum: 1 }),
      nodeTypes: optional(list("Only nodes of these types.", text("master or worker."))),
      interfaces: optional(list("Only these network interfaces.", text("An interface."))),
    }),
  ),
  loadBalancer: later(
    object("Proxies in front of services with a servicePort.", {
      haproxy: optional(haproxy),
    }),
  ),
};
