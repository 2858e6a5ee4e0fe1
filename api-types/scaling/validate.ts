import { forbidden, invalid, required, unsupported } from "../meta/field-error.js";
import { valueNotSupportedYet } from "../meta/not-yet.js";
import type { ScalingPolicySpec } from "../scaling-policy.js";
import type { FieldError } from "../schema/structural.js";
import { BUILT_IN_METRICS, type ScalingMetric } from "./metrics.js";
import type { ScalingRule } from "./rules.js";

/** Rules of a ScalingPolicy beyond its schema. */
export function validateScalingPolicy(spec: ScalingPolicySpec): readonly FieldError[] {
  const { metrics = [], rules = [], minReplicas, maxReplicas } = spec;
  const bounds =
    minReplicas > maxReplicas
      ? [invalid("spec.minReplicas", minReplicas, `must not be greater than maxReplicas (${maxReplicas})`)]
      : [];
  const names = new Set(metrics.map(({ name }) => name));
  return [
    ...bounds,
    ...metrics.flatMap((metric, index) => metricErrors(metric, `spec.metrics[${index}]`)),
    ...rules.flatMap((rule, index) => ruleErrors(rule, names, `spec.rules[${index}]`)),
  ];
}

function metricErrors({ source, query }: ScalingMetric, path: string): readonly FieldError[] {
  if (source !== "instances") return [valueNotSupportedYet(`${path}.source`, source, ["instances"])];
  if (query === undefined) return [required(`${path}.query`)];
  const isKnown = BUILT_IN_METRICS.some((name) => name === query);
  return isKnown ? [] : [unsupported(`${path}.query`, query, BUILT_IN_METRICS)];
}

function ruleErrors(rule: ScalingRule, metrics: ReadonlySet<string>, path: string): readonly FieldError[] {
  return [
    ...metricOfRule(rule, metrics, `${path}.metric`),
    ...exactlyOne(rule, ["above", "below"], path),
    ...exactlyOne(rule.change, ["delta", "percent", "replicas"], `${path}.change`),
    ...atLeastErrors(rule, `${path}.atLeast`),
  ];
}

function metricOfRule(rule: ScalingRule, metrics: ReadonlySet<string>, path: string): readonly FieldError[] {
  // what is declared but not built is refused elsewhere, with its own words
  if (rule.metric === undefined) return rule.all === undefined && rule.any === undefined ? [required(path)] : [];
  return metrics.has(rule.metric) ? [] : [invalid(path, rule.metric, "no metric of this policy has this name")];
}

function exactlyOne<Field extends string>(
  value: { readonly [Key in Field]?: unknown },
  fields: readonly Field[],
  path: string,
): readonly FieldError[] {
  const [first, second] = fields.filter((field) => value[field] !== undefined);
  if (first === undefined) return [required(path, `exactly one of ${fields.join(", ")}`)];
  return second === undefined ? [] : [forbidden(`${path}.${second}`, `may not be set together with ${first}`)];
}

function atLeastErrors({ atLeast }: ScalingRule, path: string): readonly FieldError[] {
  if (atLeast === undefined || atLeast.count <= atLeast.of) return [];
  return [invalid(`${path}.count`, atLeast.count, `must not be greater than of (${atLeast.of})`)];
}
