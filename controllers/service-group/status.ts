import type { Instance } from "../../api-types/instance.js";
import { conditionOf, isAvailable, isLeaving, isTerminal, isTrue } from "../../api-types/life.js";
import { LABEL } from "../../api-types/well-known.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { blockedCondition } from "./life/blocked.js";
import { type ServiceCounts, type ServiceState, serviceState } from "./life/counts.js";
import { type GroupPlan, type GroupView, membersOf } from "./life/model.js";
import { isPastDeadline } from "./life/progress.js";
import { unschedulableCondition } from "./life/refusals.js";
import { targetOf } from "./life/target.js";

/** What the service-group loop owns of a group's status, its conditions apart. */
export interface GroupReport {
  readonly observedGeneration: number;
  readonly services: readonly ServiceCounts[];
  readonly replicas: number;
  readonly selector: string;
  readonly conditions: readonly ConditionUpdate[];
}

/** The status of a group from its instances and the plan made for them; `held`: removals that a budget did not let through. */
export function groupReport(view: GroupView, plan: GroupPlan, held?: string): GroupReport {
  const { group } = view;
  const states = group.spec.services.map((service) => serviceState(view, plan, service));
  const observedGeneration = group.metadata.generation ?? 0;
  const conditions = [
    readyCondition(view, states),
    availableCondition(states),
    progressingCondition(view, plan, states),
    blockedCondition(view, plan),
    unschedulableCondition(view),
    ...heldCondition(plan, held),
  ];
  return {
    observedGeneration,
    services: states.map(({ counts }) => counts),
    replicas: Math.max(0, Math.min(...states.map(({ copies }) => copies), group.spec.replicas)),
    selector: `${LABEL.group}=${group.metadata.name}`,
    conditions: conditions.map((condition) => ({ ...condition, observedGeneration })),
  };
}

function readyCondition({ group, instances }: GroupView, states: readonly ServiceState[]): ConditionUpdate {
  if (group.spec.suspend) {
    const left = instances.filter((instance) => isLeaving(instance) || !isTerminal(instance)).length;
    const message = left === 0 ? "" : `${left} instances are still leaving`;
    return { type: "Ready", status: left === 0 ? "True" : "False", reason: "Suspended", message };
  }
  const failed = states.filter(({ job }) => job?.isGivenUp);
  if (failed.length > 0)
    return { type: "Ready", status: "False", reason: "JobFailed", message: failed.map(jobText).join(", ") };
  const short = states.filter(({ isShort }) => isShort);
  if (short.length === 0) return { type: "Ready", status: "True", reason: "ServicesAvailable", message: "" };
  const message = shortText(short) + obstacleText(instances);
  return { type: "Ready", status: "False", reason: "ServicesNotAvailable", message };
}

function availableCondition(states: readonly ServiceState[]): ConditionUpdate {
  const short = states.filter(({ isShort }) => isShort);
  return short.length === 0
    ? { type: "Available", status: "True", reason: "AllServicesAvailable", message: "" }
    : { type: "Available", status: "False", reason: "ServicesMissing", message: shortText(short) };
}

/**
 * How the last task ended that is still shown: instances that fail are soon replaced, and their reason goes with them.
 * Where none failed, what a running instance is still waiting for.
 */
function obstacleText(instances: readonly Instance[]): string {
  const failed = instances.filter((instance) => instance.status?.phase === "Failed").at(-1);
  if (failed !== undefined) return `; ${failed.metadata.name}: ${endOf(failed)}`;
  const waiting = instances.filter((instance) => !isLeaving(instance) && isTrue(instance, "Running"));
  for (const instance of waiting) {
    const missing = STEPS.map((type) => conditionOf(instance, type)).find((one) => one?.status === "False");
    if (missing?.message) return `; ${instance.metadata.name}: ${missing.message}`;
  }
  return "";
}

/** What a running instance goes through until it is available. */
const STEPS: readonly string[] = ["Ready", "Routed", "Published"];

/** How an instance's task ended, in words. */
export function endOf(instance: Instance): string {
  return conditionOf(instance, "Running")?.message || "task ended";
}

function shortText(short: readonly ServiceState[]): string {
  return short
    .map((state) => {
      const { name, available, desired } = state.counts;
      return state.job === undefined ? `${name}: ${available} of ${desired} available` : jobText(state);
    })
    .join(", ");
}

function jobText({ counts, job }: ServiceState): string {
  if (job === undefined) return counts.name;
  const done = `${counts.name}: ${job.succeeded} of ${job.job.completions} done, ${job.failed} failures`;
  return job.isGivenUp ? `${done} of at most ${job.job.backoffLimit}; change its template to run it again` : done;
}

/**
 * | state                                        | Progressing                |
 * |----------------------------------------------|----------------------------|
 * | a rollout missed its deadline                | False, DeadlineExceeded    |
 * | an update is paused, or a canary serves      | False, UpdateHeld          |
 * | instances come, leave or are missing         | True, InstancesChanging    |
 * | else                                         | False, Settled             |
 */
function progressingCondition(view: GroupView, plan: GroupPlan, states: readonly ServiceState[]): ConditionUpdate {
  const late = states.flatMap(({ service }) => lateText(view, service.name));
  if (late.length > 0)
    return { type: "Progressing", status: "False", reason: "DeadlineExceeded", message: late.join("; ") };
  const isLeft = view.instances.some(isLeaving);
  const isShort = states.some((state) => state.isShort && state.job?.isGivenUp !== true);
  const notes = states.flatMap(({ service }) => plan.services.get(service.name)?.notes ?? []);
  const holds = states.flatMap(({ service }) => plan.services.get(service.name)?.hold ?? []);
  if (holds.length > 0 && !isLeft && !isShort && !states.some((state) => isAwaited(view, state)))
    return { type: "Progressing", status: "False", reason: "UpdateHeld", message: holds.join("; ") };
  const isMoving = isLeft || isShort || states.some(({ isUpdating }) => isUpdating);
  const message = [...holds, ...notes].join("; ");
  return isMoving
    ? { type: "Progressing", status: "True", reason: "InstancesChanging", message }
    : { type: "Progressing", status: "False", reason: "Settled", message: "" };
}

/** Instances of the newest revision are there and do not serve yet. */
function isAwaited({ instances }: GroupView, { service, counts }: ServiceState): boolean {
  const alive = membersOf(instances, service.name).filter((one) => !isLeaving(one) && !isTerminal(one));
  return alive.some((one) => one.spec.revisionName === counts.revision && !isAvailable(one));
}

function lateText(view: GroupView, name: string): readonly string[] {
  const service = view.group.spec.services.find((one) => one.name === name);
  if (service === undefined) return [];
  const members = membersOf(view.instances, name);
  const target = targetOf(view, service, members);
  const seconds = view.group.spec.progressDeadlineSeconds;
  if (target.failedRevision !== undefined) {
    return [
      `${name}: ${target.failedRevision} made no progress for ${seconds} s; ${target.name} runs again; change the spec to try anew`,
    ];
  }
  if (!isPastDeadline(view, { service, members, revisionName: target.specName })) return [];
  const own = members.filter(({ spec }) => spec.revisionName === target.specName);
  const next = "change the spec, or go back with `rackctl rollout undo`";
  return [
    `${name}: ${target.specName} made no progress for ${seconds} s${obstacleText(own) || "; look at its Instances"}; ${next}`,
  ];
}

/** Shown only while something that health or reachability asks for is not done. */
function heldCondition({ services }: GroupPlan, held: string | undefined): readonly ConditionUpdate[] {
  const alarms = [...services.values()].flatMap((plan) => plan.alarms ?? []);
  const message = alarms.map((alarm) => alarm.message).join("; ");
  if (alarms.some(({ type }) => type === "health"))
    return [{ type: "Held", status: "True", reason: "ManyUnhealthy", message }];
  if (alarms.length > 0) return [{ type: "Held", status: "True", reason: "ManyUnreachable", message }];
  if (held === undefined) return [];
  return [{ type: "Held", status: "True", reason: "HealthRemovalHeld", message: held }];
}
