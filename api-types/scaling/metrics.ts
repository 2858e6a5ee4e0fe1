import { type Data, integer, later, object, oneOf, optional, text } from "../schema/fields.js";

/** Names that the source `instances` understands; counters are rates per second. */
export const BUILT_IN_METRICS = [
  "cpu_usage_user",
  "cpu_usage_system",
  "memory_usage",
  "network_in_bytes",
  "network_out_bytes",
  "network_in_drops",
  "network_out_drops",
] as const;

/** One measurement that rules refer to by name. */
export const scalingMetric = object("One measurement.", {
  name: text("Name that rules refer to.", { minLength: 1 }),
  source: text("`instances`: measured where the instances run. Other sources are not supported yet."),
  query: optional(text(`One of ${BUILT_IN_METRICS.map((name) => `\`${name}\``).join(", ")}; rates per second.`)),
  etcd: later(
    object("Keys written by the application.", {
      serviceType: text("Service that the keys belong to."),
      metric: text("Name of the metric."),
    }),
  ),
  expression: later(text("Arithmetic over other metrics.")),
  of: later(
    object("Whose instances are measured; unset: the target's.", {
      serviceGroup: optional(text("A ServiceGroup in the same namespace.")),
      service: optional(text("One service of it.")),
    }),
  ),
  scope: oneOf("Whether there is one value for each instance or one for all.", ["PerInstance", "Aggregated"], {
    default: "PerInstance",
    later: ["Aggregated"],
  }),
  combine: oneOf("How the values of the instances become one.", ["Average", "Max", "Min", "Sum"], {
    default: "Average",
  }),
  instanceLabel: later(text("Label of a series that names the instance.")),
  unit: optional(text("Unit, shown to people.")),
  intervalSeconds: integer("Seconds between two readings.", { default: 15, minimum: 1 }),
  windowSeconds: later(integer("Seconds that one reading covers.", { minimum: 1 })),
  maxAgeSeconds: optional(integer("A reading older than this counts as missing.", { minimum: 1 })),
});
export type ScalingMetric = Data<typeof scalingMetric>;
