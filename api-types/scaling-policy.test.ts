import { checkRows } from "./meta/suite.js";
import { ScalingPolicy } from "./scaling-policy.js";

const metrics = [{ name: "in", source: "instances", query: "network_in_bytes" }];
const rule = { name: "up", metric: "in", above: 5, change: { delta: 1 } };
checkRows(ScalingPolicy, { scaleTargetRef: { name: "dns" }, maxReplicas: 2, metrics, rules: [rule] }, [
  ["is accepted", {}, []],
  [
    "refuses bounds that cross",
    { minReplicas: 3 },
    ["spec.minReplicas: Invalid value: 3: must not be greater than maxReplicas (2)"],
  ],
  [
    "refuses a metric that nobody measures",
    { rules: [{ ...rule, metric: "out" }] },
    ['spec.rules[0].metric: Invalid value: "out": no metric of this policy has this name'],
  ],
  [
    "refuses a rule without a metric",
    { rules: [{ ...rule, metric: undefined }] },
    ["spec.rules[0].metric: Required value"],
  ],
  [
    "refuses a rule without a comparison",
    { rules: [{ ...rule, above: undefined }] },
    ["spec.rules[0]: Required value: exactly one of above, below"],
  ],
  [
    "refuses a rule with two comparisons",
    { rules: [{ ...rule, below: 1 }] },
    ["spec.rules[0].below: Forbidden: may not be set together with above"],
  ],
  [
    "refuses a rule without a change",
    { rules: [{ ...rule, change: {} }] },
    ["spec.rules[0].change: Required value: exactly one of delta, percent, replicas"],
  ],
  [
    "refuses a rule with two changes",
    { rules: [{ ...rule, change: { delta: 1, replicas: 0 } }] },
    ["spec.rules[0].change.replicas: Forbidden: may not be set together with delta"],
  ],
  ["accepts a veto", { rules: [{ ...rule, change: { delta: 0 } }] }, []],
  [
    "refuses more readings than are looked at",
    { rules: [{ ...rule, atLeast: { count: 4, of: 3 } }] },
    ["spec.rules[0].atLeast.count: Invalid value: 4: must not be greater than of (3)"],
  ],
  [
    "says that other sources are not supported yet",
    { metrics: [{ ...metrics[0], source: "influxdb" }] },
    ['spec.metrics[0].source: Unsupported value: "influxdb": not supported yet, supported values: "instances"'],
  ],
  [
    "refuses an unknown measurement",
    { metrics: [{ ...metrics[0], query: "load" }] },
    [
      'spec.metrics[0].query: Unsupported value: "load": supported values: "cpu_usage_user", "cpu_usage_system", "memory_usage", "network_in_bytes", "network_out_bytes", "network_in_drops", "network_out_drops"',
    ],
  ],
  [
    "says that schedules are not supported yet",
    { schedule: [{ name: "a", start: "0 8 * * *", durationSeconds: 9 }] },
    ["spec.schedule: not supported yet"],
  ],
]);
