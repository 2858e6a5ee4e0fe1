import type { Instance } from "../../api-types/instance.js";
import { isDeleting, isLeaving, isTerminal } from "../../api-types/life.js";
import type { Service, ServiceGroup } from "../../api-types/service-group.js";
import type { LeaveReason } from "../../api-types/well-known.js";
import { relabelPatch } from "../service-labels.js";
import { planHistory } from "./life/history.js";
import {
  type Backoff,
  type GroupPlan,
  type GroupStep,
  type GroupView,
  membersOf,
  type ServicePlan,
} from "./life/model.js";
import { areDependenciesAvailable, areDependenciesUpdated, hasDependentsLeft } from "./life/order.js";
import { deadlineAt, knownBackoff, type Rollout } from "./life/progress.js";
import { wantedCount } from "./life/size.js";
import { type Target, targetOf } from "./life/target.js";
import type { ServiceContext } from "./slot/context.js";
import { planJob } from "./slot/job.js";
import { forgetDueAt } from "./slot/reach.js";
import { countFailures, isDone } from "./slot/restart.js";
import { failureTimes, planRolling } from "./slot/rolling.js";
import { timeOf } from "./slot/slots.js";

/** Decides which Instances of a group are created and which may leave. Pure; a converged group gives no steps. */
export function planGroup(unordered: GroupView): GroupPlan {
  const byName = (a: Instance, b: Instance) => (a.metadata.name < b.metadata.name ? -1 : 1);
  const view = { ...unordered, instances: [...unordered.instances].sort(byName) };
  const steps: GroupStep[] = [];
  const services = new Map<string, ServicePlan>();
  for (const service of view.group.spec.services) {
    const members = membersOf(view.instances, service.name);
    const plan = planService(view, service, members);
    const forgotten = planForget(view, service, members);
    steps.push(...plan.steps, ...forgotten.steps, ...relabelSteps(members, service));
    services.set(service.name, { ...plan, wakeAt: earliest([plan.wakeAt, forgotten.wakeAt]) });
  }
  const removed = removedServices(view);
  steps.push(...removed.steps);
  steps.push(
    ...planHistory(view, new Set(steps.flatMap((step) => ("revisionName" in step ? [step.revisionName] : [])))),
  );
  const nextAttempts = new Map(
    [...services].flatMap(([name, { nextAttempt }]) => (nextAttempt === undefined ? [] : [[name, nextAttempt]])),
  );
  return {
    steps,
    services,
    nextAttempts,
    wakeAt: earliest([
      restartAt(view),
      removed.wakeAt,
      ...[...services.values()].flatMap((one) => [one.nextAttempt, one.wakeAt]),
    ]),
    waiting: [...services].filter(([, { isWaiting }]) => isWaiting).map(([name]) => name),
  };
}

/** A restart that was ordered by a clock that is ahead of ours. */
function restartAt({ group, now }: GroupView): number | undefined {
  const at = timeOf(group.spec.restartedAt);
  return at > now ? at : undefined;
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : known.reduce((first, time) => Math.min(first, time));
}

function relabelSteps(members: readonly Instance[], service: Service): GroupStep[] {
  return members.flatMap((instance) => {
    const patch = isLeaving(instance) ? undefined : relabelPatch(instance, service);
    return patch === undefined ? [] : [{ type: "relabel", instance, patch }];
  });
}

function planService(view: GroupView, service: Service, members: readonly Instance[]): ServicePlan {
  const wanted = wantedCount(view, service);
  if (wanted === 0) return stopService(view, service, members);
  const target = targetOf(view, service, members);
  const backoff = backoffOf(view, service, { members, target });
  const canStart =
    view.blockers.length === 0 && view.serviceBlockers(service).length === 0 && areDependenciesAvailable(view, service);
  const canUpdate = canStart && areDependenciesUpdated(view, service);
  const context: ServiceContext = { view, service, members, wanted, target, canStart, canUpdate, backoff };
  const plan = service.mode === "Job" ? planJob(context) : planRolling(context);
  const isNew = plan.steps.some((step) => step.type === "createInstance" && step.revisionName === target.specName);
  return {
    ...plan,
    steps: isNew ? [...target.steps, ...plan.steps] : plan.steps,
    isWaiting: !canStart && plan.steps.length === 0 && members.length < wanted,
    wakeAt: earliest([plan.wakeAt, nextDeadline(view, { service, members, revisionName: target.specName })]),
    backoff,
    failedRevision: target.failedRevision,
  };
}

/** A deadline that has passed is in the plan already: to be woken for it would find the same again and again. */
function nextDeadline(view: GroupView, rollout: Rollout): number | undefined {
  const at = deadlineAt(view, rollout);
  return at !== undefined && at > view.now ? at : undefined;
}

/** What was counted before, unless another revision or a wanted restart began it anew, and what failed since. */
function backoffOf(
  view: GroupView,
  service: Service,
  { members, target }: { members: readonly Instance[]; target: Target },
): Backoff | undefined {
  const known = knownBackoff(view, service);
  const restartedAt = timeOf(view.group.spec.restartedAt);
  const isValid =
    known?.revisionName === target.specName && !(restartedAt > known.lastFailure && restartedAt <= view.now);
  const failedAt = failureTimes({ view, service, members }, target.name);
  const isAfterRestart = (at: number) => restartedAt > view.now || at >= restartedAt;
  return countFailures(service, isValid ? known : undefined, {
    failedAt: failedAt.filter(isAfterRestart),
    revisionName: target.specName,
    now: view.now,
  });
}

/** Those that were let go and stay out of reach: their task is given up. */
function planForget(view: GroupView, service: Service, members: readonly Instance[]) {
  const due = members.flatMap((instance) => {
    const at = forgetDueAt(service, instance, view.steady);
    return at === undefined ? [] : [{ instance, at }];
  });
  const steps = due.filter(({ at }) => at <= view.now).map(({ instance }): GroupStep => ({ type: "forget", instance }));
  return { steps, wakeAt: earliest(due.map(({ at }) => at).filter((at) => at > view.now)) };
}

/** Lets a whole service go, unless something that depends on it still runs. What a job achieved stays while it may go on. */
function stopService(view: GroupView, service: Service, members: readonly Instance[]): ServicePlan {
  if (view.stopsAt !== undefined && view.stopsAt > view.now) return { steps: [], wakeAt: view.stopsAt };
  if (hasDependentsLeft(view, service) || view.hasDyingDependents) return { steps: [] };
  const reason = stopReason(view.group);
  const isRecord = (instance: Instance) =>
    service.mode === "Job" && reason !== "GroupDeleted" && isTerminal(instance) && isDone(service, instance);
  const leaving = members.filter((instance) => !isLeaving(instance) && !isRecord(instance));
  return { steps: leaving.map((instance) => ({ type: "release", instance, reason })) };
}

function stopReason(group: ServiceGroup): LeaveReason {
  if (isDeleting(group)) return "GroupDeleted";
  return group.spec.suspend ? "Suspended" : "ScaledDown";
}

/** Instances of services that the spec does not name any more leave; what stays out of reach is given up as its template says. */
function removedServices(view: GroupView) {
  const names = new Set(view.group.spec.services.map((service) => service.name));
  const orphans = view.instances.filter((instance) => !names.has(instance.spec.service));
  const released = orphans
    .filter((instance) => !isLeaving(instance))
    .map((instance): GroupStep => ({ type: "release", instance, reason: "ServiceRemoved" }));
  const templates = new Map(view.revisions.map(({ metadata, spec }) => [metadata.name, spec.template]));
  const forgotten = orphans.flatMap((instance) => {
    const template = templates.get(instance.spec.revisionName);
    return template === undefined ? [] : [planForget(view, template, [instance])];
  });
  return {
    steps: [...released, ...forgotten.flatMap(({ steps }) => steps)],
    wakeAt: earliest(forgotten.map(({ wakeAt }) => wakeAt)),
  };
}
