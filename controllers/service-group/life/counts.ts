import type { Instance } from "../../../api-types/instance.js";
import { isAvailable, isLeaving, isTerminal, isTrue } from "../../../api-types/life.js";
import type { Service } from "../../../api-types/service-group.js";
import { type JobState, jobState } from "../slot/job.js";
import { isDone } from "../slot/restart.js";
import { type GroupPlan, type GroupView, membersOf, statusOf } from "./model.js";
import { perCopy, wantedCount } from "./size.js";
import { isOutdated, isWhole, targetOf } from "./target.js";

/** State of one service, as the status of its group has it. */
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
  readonly failures?: number;
  readonly lastFailure?: string;
  readonly availableRevision?: string;
  readonly availableRevisions?: readonly string[];
  readonly failedRevision?: string;
  readonly succeeded?: number;
  readonly failed?: number;
}

/** One service with what its conditions are made of. */
export interface ServiceState {
  readonly service: Service;
  readonly counts: ServiceCounts;
  readonly job: JobState | undefined;
  /** Whole copies of the group that it has instances for. */
  readonly copies: number;
  /** Its instances are not all of the revision that they are to have. */
  readonly isUpdating: boolean;
  /** It lacks something that is wanted. */
  readonly isShort: boolean;
}

/** What is known of one service after a plan. */
export function serviceState(view: GroupView, plan: GroupPlan, service: Service): ServiceState {
  const all = membersOf(view.instances, service.name);
  const members = all.filter((instance) => !isLeaving(instance));
  const wanted = wantedCount(view, service);
  const target = targetOf(view, service, all);
  const isStored = view.revisions.some(({ metadata }) => metadata.name === target.specName);
  const revision = isStored ? target.specName : newestRevision(view, service);
  const job = jobState(service, members, (one) => !isOutdated(view, one, target.name));
  const alive = members.filter((instance) => !isTerminal(instance));
  const available = new Set(members.filter(isAvailable).map(({ spec }) => spec.number)).size;
  const desired = Math.min(
    wanted,
    job === undefined ? Math.max(0, wanted - doneNumbers(service, members)) : openNumbers(job),
  );
  const counts: ServiceCounts = {
    name: service.name,
    desired,
    running: alive.filter((instance) => isTrue(instance, "Running")).length,
    ready: alive.filter((instance) => isTrue(instance, "Ready")).length,
    available,
    updated: alive.filter(({ spec }) => spec.revisionName === revision).length,
    ...(revision === undefined ? {} : { revision }),
    ...planned(view, plan, service),
    ...availableRevisions(view, service, { members: all, wanted, revisionName: target.name }),
    ...(target.failedRevision === undefined ? {} : { failedRevision: target.failedRevision }),
    ...(job === undefined ? {} : { succeeded: job.succeeded, failed: job.failed }),
  };
  return {
    service,
    counts,
    job,
    copies: copiesOf(view, service, { counts, job }),
    isUpdating: job === undefined && wanted > 0 && alive.some((one) => isOutdated(view, one, target.name)),
    isShort: job === undefined ? available < desired : wanted > 0 && !job.isComplete,
  };
}

function newestRevision({ revisions }: GroupView, service: Service): string | undefined {
  return revisions.filter(({ spec }) => spec.service === service.name).at(-1)?.metadata.name;
}

/** Numbers of a job that have not succeeded. */
function openNumbers({ job, succeeded, isGivenUp, active }: JobState): number {
  return isGivenUp ? active : job.completions - succeeded;
}

/** Numbers whose last instance ended for good: they are wanted no more. */
function doneNumbers(service: Service, members: readonly Instance[]): number {
  const living = new Set(members.filter((instance) => !isTerminal(instance)).map(({ spec }) => spec.number));
  const done = members.filter((instance) => isTerminal(instance) && isDone(service, instance));
  return new Set(done.map(({ spec }) => spec.number).filter((number) => !living.has(number))).size;
}

function planned({ remembered }: GroupView, plan: GroupPlan, { name }: Service): Partial<ServiceCounts> {
  const nextAttempt = plan.nextAttempts.get(name);
  const backoff = plan.services.get(name)?.backoff ?? (plan.services.has(name) ? undefined : remembered.get(name));
  return {
    ...(nextAttempt === undefined ? {} : { nextAttempt: timeText(nextAttempt) }),
    ...(backoff === undefined ? {} : { failures: backoff.failures, lastFailure: timeText(backoff.lastFailure) }),
  };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Noted when everything is of the target, and kept while that revision is stored; one that serves again is the last. */
function availableRevisions(
  view: GroupView,
  service: Service,
  whole: { members: readonly Instance[]; wanted: number; revisionName: string },
): Pick<ServiceCounts, "availableRevision" | "availableRevisions"> {
  const { availableRevision, availableRevisions = [] } = statusOf(view, service.name) ?? {};
  const before = [...availableRevisions, ...(availableRevision === undefined ? [] : [availableRevision])];
  const noted = isWhole(view, whole.members, whole) ? [...before, whole.revisionName] : before;
  const stored = new Set(view.revisions.map(({ metadata }) => metadata.name));
  const known = noted.filter((name, index) => stored.has(name) && noted.lastIndexOf(name) === index);
  const last = known.at(-1);
  return last === undefined ? {} : { availableRevision: last, availableRevisions: known };
}

function copiesOf(
  { group }: GroupView,
  service: Service,
  { counts, job }: { counts: ServiceCounts; job: JobState | undefined },
): number {
  const { replicas } = group.spec;
  if (job !== undefined) return job.isComplete ? replicas : 0;
  if (service.mode === "EachNode") return counts.available >= counts.desired ? replicas : 0;
  const each = perCopy(group, service);
  return each === 0 ? replicas : Math.floor(counts.available / each);
}
