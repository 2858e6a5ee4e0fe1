import { type Data, decimal, integer, later, list, object, oneOf, optional, text } from "../schema/fields.js";

const threshold = object("One comparison.", {
  metric: text("Name of a metric."),
  above: optional(decimal("Holds while the value is greater than this.")),
  below: optional(decimal("Holds while the value is less than this.")),
});

/** One threshold rule; the first that fires decides. */
export const scalingRule = object("One threshold rule.", {
  name: text("Name of the rule.", { minLength: 1 }),
  metric: optional(text("Name of the metric that is judged.")),
  all: later(list("Comparisons that must all hold.", threshold)),
  any: later(list("Comparisons of which one must hold.", threshold)),
  above: optional(decimal("Holds while the value is greater than this.")),
  below: optional(decimal("Holds while the value is less than this.")),
  instances: later(oneOf("Whether the combined value is judged, or each instance's own.", ["All", "Any"])),
  forSeconds: later(integer("Seconds that the comparison must hold.", { minimum: 0 })),
  minSamples: later(integer("Readings that are needed within `forSeconds`.", { minimum: 1 })),
  atLeast: optional(
    object("How many of the last readings must agree; unset: the last one.", {
      count: integer("Readings that must agree.", { minimum: 1 }),
      of: integer("Readings that are looked at.", { minimum: 1, maximum: 1000 }),
    }),
  ),
  change: object("What happens to the size: exactly one of these.", {
    delta: optional(integer("Instances more, or fewer; 0: nothing changes while this rule holds.")),
    percent: optional(decimal("Percent more, or fewer.")),
    replicas: optional(integer("The new size.", { minimum: 0 })),
  }),
  cooldownSeconds: integer("Seconds after a change until this rule may fire again.", { default: 0, minimum: 0 }),
  victim: later(oneOf("Which instance leaves.", ["Triggering"])),
});
export type ScalingRule = Data<typeof scalingRule>;

const direction = object("Bounds on changes in one direction.", {
  stabilizationWindowSeconds: optional(integer("Seconds of recommendations to choose from.", { minimum: 0 })),
  selectPolicy: optional(oneOf("Which policy wins.", ["Max", "Min", "Disabled"])),
  policies: optional(
    list(
      "How much may change in a period.",
      object("One policy.", {
        type: oneOf("Unit of the value.", ["Pods", "Percent"]),
        value: integer("How much.", { minimum: 1 }),
        periodSeconds: integer("In how many seconds.", { minimum: 1 }),
      }),
    ),
  ),
  tolerance: optional(text("Difference that is ignored, as a quantity.")),
});

/** Further ways to scale, declared and not built yet. */
export const scalingExtras = {
  targetTracking: later(
    list(
      "Targets in the arithmetic of the Horizontal Pod Autoscaler.",
      object("One target.", {
        metric: text("Name of a metric."),
        value: optional(decimal("Wanted value.")),
        averageValue: optional(decimal("Wanted value for each instance.")),
        averageUtilization: optional(integer("Wanted percentage of the request.")),
      }),
    ),
  ),
  behavior: later(
    object("Bounds on changes, as of autoscaling/v2.", {
      scaleUp: optional(direction),
      scaleDown: optional(direction),
    }),
  ),
  activation: later(
    object("To and from zero.", {
      metric: text("Name of a metric."),
      above: decimal("Active while the value is greater than this."),
      idleSeconds: integer("Seconds without activity until zero.", { minimum: 0 }),
    }),
  ),
  schedule: later(
    list(
      "Other bounds at certain times.",
      object("One period.", {
        name: text("Name."),
        start: text("When it starts, as a cron expression."),
        durationSeconds: integer("How long it lasts.", { minimum: 1 }),
        timeZone: optional(text("Time zone, e.g. Europe/Berlin.")),
        minReplicas: optional(integer("Lower bound.", { minimum: 0 })),
        maxReplicas: optional(integer("Upper bound.", { minimum: 0 })),
      }),
    ),
  ),
  fallback: later(
    object("What holds while metrics are missing.", {
      afterSeconds: integer("After how many seconds.", { minimum: 0 }),
      action: oneOf("What happens.", ["Hold", "Replicas"]),
      replicas: optional(integer("The size for `Replicas`.", { minimum: 0 })),
    }),
  ),
  limits: later(
    object("Headroom of the Rack that may not be exceeded.", {
      routes: optional(integer("Routes.")),
      ecmpWidth: optional(integer("Next hops of one route.")),
      dnsAnswers: optional(integer("Answers of one name.")),
    }),
  ),
};
