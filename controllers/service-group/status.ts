import type { Instance } from "../../api-types/instance.js";
import { conditionOf, isAvailable, isLeaving, isTerminal, isTrue } from "../../api-types/life.js";
import type { Service, ServiceGroup } from "../../api-types/service-group.js";
import { LABEL } from "../../api-types/well-known.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { type GroupPlan, type GroupView, wantedCount } from "./plan.js";
import { isDone } from "./slot.js";

/** Counts of one service. */
export interface ServiceCounts {
  readonly name: string;
  readonly desired: number;
  readonly running: number;
  readonly ready: number;
  readonly available: number;
  readonly updated: number;
  readonly revision?: string;
  /** RFC 3339: when a failed instance is started again. */
  readonly nextAttempt?: string;
}

/** What the service-group loop owns of a group's status, its conditions apart. */
export interface GroupReport {
  readonly observedGeneration: number;
  readonly services: readonly ServiceCounts[];
  readonly replicas: number;
  readonly selector: string;
  readonly conditions: readonly ConditionUpdate[];
}

/** The status of a group from its instances and the plan made for them. */
export function groupReport(view: GroupView, plan: GroupPlan, blockedBy: readonly string[]): GroupReport {
  const { group } = view;
  const services = group.spec.services.map((service) => countsOf(view, plan, service));
  const copies = services.map((counts, index) => wholeCopies(counts, group, group.spec.services[index]));
  const observedGeneration = group.metadata.generation ?? 0;
  const conditions = conditionsOf(view, services, [...blockedBy, ...waitingTexts(group, plan)]).map((condition) => ({
    ...condition,
    observedGeneration,
  }));
  return {
    observedGeneration,
    services,
    replicas: Math.max(0, Math.min(...copies, group.spec.replicas)),
    selector: `${LABEL.group}=${group.metadata.name}`,
    conditions,
  };
}

/** Services that wait for others of their group. */
function waitingTexts(group: ServiceGroup, { waiting }: GroupPlan): string[] {
  return group.spec.services
    .filter(({ name, dependsOn = [] }) => waiting.includes(name) && dependsOn.length > 0)
    .map(({ name, dependsOn = [] }) => `${dependsOn.join(" and ")} (service ${name})`);
}

function countsOf(view: GroupView, plan: GroupPlan, service: Service): ServiceCounts {
  const members = view.instances.filter((instance) => instance.spec.service === service.name && !isLeaving(instance));
  const alive = members.filter((instance) => !isTerminal(instance));
  const revision = revisionOf(view, service);
  const nextAttempt = plan.nextAttempts.get(service.name);
  return {
    name: service.name,
    desired: Math.max(0, wantedCount(view, service) - doneNumbers(service, members)),
    running: alive.filter((instance) => isTrue(instance, "Running")).length,
    ready: alive.filter((instance) => isTrue(instance, "Ready")).length,
    available: availableNumbers(members),
    updated: alive.filter((instance) => instance.spec.revisionName === revision).length,
    ...(revision === undefined ? {} : { revision }),
    ...(nextAttempt === undefined ? {} : { nextAttempt: new Date(nextAttempt).toISOString() }),
  };
}

/** The one that holds today's template, which is an older one after going back; else the newest. */
function revisionOf({ revisions, isSameTemplate }: GroupView, service: Service): string | undefined {
  const own = revisions.filter((candidate) => candidate.spec.service === service.name);
  return (own.find(({ spec }) => isSameTemplate(spec.template, service)) ?? own.at(-1))?.metadata.name;
}

/** Numbers whose last instance ended for good: they are wanted no more. */
function doneNumbers(service: Service, members: readonly Instance[]): number {
  const living = new Set(members.filter((instance) => !isTerminal(instance)).map((instance) => instance.spec.number));
  const done = members.filter((instance) => isTerminal(instance) && isDone(service, instance));
  return new Set(done.map((instance) => instance.spec.number).filter((number) => !living.has(number))).size;
}

/** An old and a new instance of one number count once. */
function availableNumbers(members: readonly Instance[]): number {
  return new Set(members.filter(isAvailable).map((instance) => instance.spec.number)).size;
}

function wholeCopies(counts: ServiceCounts, group: ServiceGroup, service: Service | undefined): number {
  if (service === undefined || service.mode === "EachNode")
    return counts.available >= counts.desired ? group.spec.replicas : 0;
  const perCopy = group.spec.scale?.[service.name] ?? service.instances ?? 1;
  return perCopy === 0 ? group.spec.replicas : Math.floor(counts.available / perCopy);
}

function conditionsOf(
  view: GroupView,
  services: readonly ServiceCounts[],
  blockedBy: readonly string[],
): ConditionUpdate[] {
  const short = services.filter((counts) => counts.available < counts.desired);
  const remaining = view.instances.length;
  const isAllAvailable = short.length === 0;
  return [
    readyCondition(view, { short, remaining }),
    {
      type: "Available",
      status: isAllAvailable ? "True" : "False",
      reason: isAllAvailable ? "AllServicesAvailable" : "ServicesMissing",
      message: shortText(short),
    },
    progressingCondition(view, isAllAvailable),
    blockedCondition(blockedBy),
    unschedulableCondition(view),
  ];
}

function readyCondition(
  { group, instances }: GroupView,
  { short, remaining }: { short: readonly ServiceCounts[]; remaining: number },
): ConditionUpdate {
  if (group.spec.suspend) {
    const isStopped = remaining === 0;
    const message = isStopped ? "" : `${remaining} instances are still leaving`;
    return { type: "Ready", status: isStopped ? "True" : "False", reason: "Suspended", message };
  }
  if (short.length === 0) return { type: "Ready", status: "True", reason: "ServicesAvailable", message: "" };
  return {
    type: "Ready",
    status: "False",
    reason: "ServicesNotAvailable",
    message: shortText(short) + failureText(instances),
  };
}

/** How the last task ended that is still shown: instances that fail are soon replaced, and their reason goes with them. */
function failureText(instances: readonly Instance[]): string {
  const failed = instances.filter((instance) => instance.status?.phase === "Failed").at(-1);
  return failed === undefined ? "" : `; ${failed.metadata.name}: ${endOf(failed)}`;
}

/** How an instance's task ended, in words. */
export function endOf(instance: Instance): string {
  return conditionOf(instance, "Running")?.message || "task ended";
}

function shortText(short: readonly ServiceCounts[]): string {
  return short.map(({ name, available, desired }) => `${name}: ${available} of ${desired} available`).join(", ");
}

function progressingCondition({ instances }: GroupView, isAllAvailable: boolean): ConditionUpdate {
  const isMoving = !isAllAvailable || instances.some(isLeaving);
  const reason = isMoving ? "InstancesChanging" : "Settled";
  return { type: "Progressing", status: isMoving ? "True" : "False", reason, message: "" };
}

function blockedCondition(blockedBy: readonly string[]): ConditionUpdate {
  if (blockedBy.length === 0) return { type: "Blocked", status: "False", reason: "DependenciesMet", message: "" };
  return {
    type: "Blocked",
    status: "True",
    reason: "DependencyNotAvailable",
    message: `waits for ${blockedBy.join(", ")}`,
  };
}

function unschedulableCondition({ instances }: GroupView): ConditionUpdate {
  const refused = instances.filter(
    (instance) => conditionOf(instance, "Scheduled")?.reason === "NoNodeFits" && !isLeaving(instance),
  );
  const first = refused[0];
  if (first === undefined) return { type: "Unschedulable", status: "False", reason: "AllPlaced", message: "" };
  const message = `${refused.length === 1 ? "1 instance waits" : `${refused.length} instances wait`}; ${first.metadata.name}: ${conditionOf(first, "Scheduled")?.message ?? ""}`;
  return { type: "Unschedulable", status: "True", reason: "InstancesWait", message };
}
