import type { ScalingPolicy } from "../../api-types/scaling-policy.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import type { PolicyPlan } from "./plan.js";

/** What the conditions of a policy rest on. */
export interface Judgement {
  readonly isTargetThere: boolean;
  /** Why metrics have no fresh value, by their name. */
  readonly failures: ReadonlyMap<string, string>;
  readonly plan: PolicyPlan;
  /** Why the size that the policy wants was refused. */
  readonly problem: string | undefined;
}

/** Whether a policy can measure and scale, and what limits it. */
export function conditionsOf(policy: ScalingPolicy, judgement: Judgement): ConditionUpdate[] {
  const able = ableCondition(policy.spec.scaleTargetRef.name, judgement);
  const isReady = able.status === "True";
  return [
    {
      type: "Ready",
      status: isReady ? "True" : "False",
      reason: isReady ? "PolicyWorks" : able.reason,
      message: able.message,
    },
    able,
    activeCondition(judgement),
    limitedCondition(judgement),
  ];
}

function ableCondition(target: string, { isTargetThere, problem }: Judgement): ConditionUpdate {
  const type = "AbleToScale";
  if (!isTargetThere) {
    return { type, status: "False", reason: "TargetMissing", message: `no ServiceGroup ${target} in this namespace` };
  }
  if (problem !== undefined) return { type, status: "False", reason: "TargetRefused", message: problem };
  return { type, status: "True", reason: "TargetFound", message: "" };
}

function activeCondition({ failures }: Judgement): ConditionUpdate {
  const message = [...failures].map(([name, reason]) => `${name}: ${reason}`).join("; ");
  if (message === "") return { type: "ScalingActive", status: "True", reason: "MetricsRead", message };
  return { type: "ScalingActive", status: "False", reason: "MetricMissing", message };
}

function limitedCondition({ plan: { limitedBy } }: Judgement): ConditionUpdate {
  if (limitedBy === undefined) return { type: "ScalingLimited", status: "False", reason: "WithinBounds", message: "" };
  return { type: "ScalingLimited", status: "True", reason: "BoundReached", message: `limited by ${limitedBy}` };
}
