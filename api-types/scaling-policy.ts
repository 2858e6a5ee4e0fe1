import { AGE, conditionColumn, countColumn, reasonColumn, sinceColumn, textColumn, wide } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import type { ObjectOf } from "./meta/kind.js";
import type { KubeObject } from "./meta/object.js";
import { statusOf } from "./meta/status-fields.js";
import { scalingMetric } from "./scaling/metrics.js";
import { scalingExtras, scalingRule } from "./scaling/rules.js";
import { validateScalingPolicy } from "./scaling/validate.js";
import { type Data, decimal, integer, list, listByKey, object, oneOf, optional, text } from "./schema/fields.js";

export type { ScalingMetric } from "./scaling/metrics.js";
export type { ScalingRule } from "./scaling/rules.js";

const target = object("What is scaled.", {
  kind: oneOf("Kind of the target.", ["ServiceGroup"], { default: "ServiceGroup" }),
  name: text("Name of the ServiceGroup, in the same namespace."),
  service: optional(text("One service of it; unset: the whole group.")),
});

const metricStatus = object("The last reading of one metric.", {
  name: text("Name of the metric."),
  value: optional(decimal("The combined value.")),
  sampledAt: optional(text("When it was measured; RFC 3339.")),
});

const ruleStatus = object("State of one rule.", {
  name: text("Name of the rule."),
  since: optional(text("Since when it holds; RFC 3339.")),
  firesAt: optional(text("When it fires if it keeps holding; RFC 3339.")),
  cooldownUntil: optional(text("Until when it may not fire again; RFC 3339.")),
});

const recommendation = object("What was recommended.", {
  at: text("When; RFC 3339."),
  replicas: integer("The size."),
});

const spec = object("What is scaled, by which readings, within which bounds.", {
  scaleTargetRef: target,
  minReplicas: integer("Lower bound of the size.", { default: 1, minimum: 0 }),
  maxReplicas: integer("Upper bound of the size.", { minimum: 1, maximum: 100_000 }),
  mode: oneOf("`DryRun` only says what it would do; `Paused` does nothing.", ["Active", "DryRun", "Paused"], {
    default: "Active",
  }),
  metrics: optional(listByKey("What is measured.", scalingMetric)),
  rules: optional(listByKey("Threshold rules; the first that fires decides.", scalingRule)),
  ...scalingExtras,
});
export type ScalingPolicySpec = Data<typeof spec>;

/** Changes the size of a ServiceGroup by what is measured. */
export const ScalingPolicy = defineKind({
  kind: "ScalingPolicy",
  plural: "scalingpolicies",
  shortNames: ["sp"],
  scope: "Namespaced",
  description: "Changes the size of a ServiceGroup, or of one of its services, by what is measured.",
  spec,
  status: statusOf("What the policy sees and does.", {
    currentReplicas: optional(integer("Size of the target.")),
    desiredReplicas: optional(integer("Size that the policy wants.")),
    lastScaleTime: optional(text("When it last changed the size; RFC 3339.")),
    metrics: optional(listByKey("The last readings.", metricStatus)),
    rules: optional(listByKey("State of the rules.", ruleStatus)),
    recommendations: optional(list("Recommendations of the window, oldest first.", recommendation)),
  }),
  columns: [
    textColumn("Target", ".spec.scaleTargetRef.name", "What is scaled."),
    countColumn("Min", ".spec.minReplicas", "Lower bound."),
    countColumn("Max", ".spec.maxReplicas", "Upper bound."),
    countColumn("Current", ".status.currentReplicas", "Size of the target."),
    countColumn("Desired", ".status.desiredReplicas", "Size that the policy wants."),
    { ...textColumn("Readings", ".status.metrics[*].value", "The last readings."), value: readingsOf },
    conditionColumn("Ready", "Whether it can measure and scale."),
    wide(reasonColumn("Ready")),
    wide(textColumn("Mode", ".spec.mode", "Active, DryRun or Paused.")),
    wide(sinceColumn("Last-Scale", ".status.lastScaleTime", "When it last changed the size.")),
    AGE,
  ],
  notYet: ["`spec.metrics[].source`: sources other than `instances`."],
  validate: ({ spec: checked }) => validateScalingPolicy(checked),
});
export type ScalingPolicy = ObjectOf<typeof ScalingPolicy>;

/** `received:24310`; whole numbers where the fraction says nothing. */
function readingsOf({ status }: KubeObject): string | undefined {
  // Stored policies passed the schema above.
  const metrics = (status as ScalingPolicy["status"])?.metrics ?? [];
  const shown = metrics.flatMap(({ name, value }) => (value === undefined ? [] : [`${name}:${rounded(value)}`]));
  return shown.join(",") || undefined;
}

function rounded(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}
