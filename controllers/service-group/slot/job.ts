import type { Instance } from "../../../api-types/instance.js";
import { isAvailable, isDeleting, isLeaving, isTerminal, restartsBefore } from "../../../api-types/life.js";
import { type Job, jobOf } from "../../../api-types/service/job.js";
import type { Service } from "../../../api-types/service-group.js";
import type { GroupStep, ServicePlan } from "../life/model.js";
import { creation, drainDeadline, isOld, isSick, isSpent, lossDueAt, type ServiceContext } from "./context.js";
import { healthLimits } from "./health.js";
import { delayMs, isDone, isFailure, restartDueAt, restartsAfter } from "./restart.js";
import { isOutOfReach, newestOf, type Slot, slotsOf, takesRoom, timeOf } from "./slots.js";
import { victimsOf } from "./victims.js";

/** How far a job is. */
export interface JobState {
  readonly job: Job;
  readonly succeeded: number;
  readonly failed: number;
  /** Instances that run, or are to run again. */
  readonly active: number;
  readonly isComplete: boolean;
  /** Too many failures: nothing more is started. */
  readonly isGivenUp: boolean;
}

/** The state of a job of this template; undefined: the service is no job. */
export function jobState(
  service: Service,
  members: readonly Instance[],
  isCurrent: (instance: Instance) => boolean,
): JobState | undefined {
  const job = jobOf(service);
  if (job === undefined) return undefined;
  const slots = slotsOf(members.filter(isCurrent));
  const succeeded = slots.filter((slot) => hasSucceeded(service, slot)).length;
  const failed = slots.reduce((sum, slot) => sum + failuresOf(service, slot), 0);
  const isComplete = succeeded >= job.completions;
  const isGivenUp = !isComplete && (job.policy === "Never" ? failed > 0 : failed > job.backoffLimit);
  return { job, succeeded, failed, active: slots.length - succeeded, isComplete, isGivenUp };
}

function hasSucceeded(service: Service, { members }: Slot): boolean {
  return members.some((instance) => isTerminal(instance) && isDone(service, instance));
}

/** Those before, as the newest instance remembers them, and its own. */
function failuresOf(service: Service, slot: Slot): number {
  const newest = newestOf(slot);
  return restartsBefore(newest) + Number(isFailure(service, newest));
}

/**
 * Runs each number until it succeeds, as many at once as are wanted.
 *
 * | newest instance of a number | then                                                    |
 * |-----------------------------|---------------------------------------------------------|
 * | of another template         | it leaves, and its number runs anew when its task ended |
 * | ended with success          | it stays as its own record                              |
 * | ended otherwise             | a successor after delay and back-off, unless given up   |
 * | out of reach                | a successor when that is due                            |
 * | unhealthy, or deleted       | it leaves, and its number runs anew                     |
 */
export function planJob(context: ServiceContext): ServicePlan {
  const { members, service, wanted } = context;
  const old = members.filter((one) => !isLeaving(one) && isOld(context, one));
  const state = jobState(service, members, (one) => !isOld(context, one));
  if (state === undefined) return { steps: [] };
  const slots = slotsOf(members.filter((one) => !isOld(context, one)));
  const unfinished = slots.filter((slot) => !hasSucceeded(service, slot));
  const surplus = new Set(
    victimsOf(service, unfinished, {
      rules: [],
      attributeOf: context.view.attributeOf,
      count: unfinished.length - wanted,
    }),
  );
  const round: JobRound = { context, state, attempts: [], health: allowanceOf(context, slots) };
  const steps: GroupStep[] = [
    ...old.map((instance): GroupStep => release(instance, isTerminal(instance) ? "Terminated" : "Replaced")),
    ...[...surplus].flatMap(({ members: leaving }) => leaving.map((instance) => release(instance, "ScaledDown"))),
    ...slots.filter((slot) => !surplus.has(slot)).flatMap((slot) => planNumber(round, slot)),
    ...newNumbers(round, slots, unfinished.length - surplus.size + othersRunning(context, slots)),
  ];
  const first = Math.min(...round.attempts);
  return { steps, nextAttempt: Number.isFinite(first) ? first : undefined };
}

interface JobRound {
  readonly context: ServiceContext;
  readonly state: JobState;
  readonly attempts: number[];
  /** How many more may be let go for bad health. */
  health: number;
}

function allowanceOf({ view, service, members, wanted }: ServiceContext, slots: readonly Slot[]): number {
  return healthLimits(service, members, { slots, wanted, view }).allowance;
}

function release(instance: Instance, reason: (GroupStep & { type: "release" })["reason"]): GroupStep {
  return { type: "release", instance, reason };
}

function planNumber(round: JobRound, slot: Slot): readonly GroupStep[] {
  const { context } = round;
  if (hasSucceeded(context.service, slot)) return leftovers(context, slot);
  const newest = newestOf(slot);
  const older = slot.members.slice(0, -1);
  const spent = older.filter(
    (one) => isAvailable(newest) || isTerminal(newest) || isTerminal(one) || isSpent(context, one),
  );
  const returned = older.find((one) => !spent.includes(one) && !isOutOfReach(one));
  if (returned !== undefined && !isAvailable(newest)) return [release(newest, "Replaced")];
  const steps = spent.map((one) => release(one, "Replaced"));
  if (isTerminal(newest)) return [...steps, ...retry(round, newest)];
  if (isDeleting(newest)) return [...steps, release(newest, "StopFirst")];
  if (isDrainOver(context, newest)) return [...steps, release(newest, "Drained")];
  if (isSick(context, newest) && round.health > 0) {
    round.health -= 1;
    return [...steps, release(newest, "Unhealthy")];
  }
  return older.length > spent.length ? steps : [...steps, ...replaceLost(round, newest)];
}

/** What ran besides the one that succeeded, and a record that a person deleted. */
function leftovers({ service }: ServiceContext, { members }: Slot): readonly GroupStep[] {
  const isRecord = (one: Instance) => isTerminal(one) && isDone(service, one);
  return members
    .filter((one) => !isRecord(one) || isDeleting(one))
    .map((one) => release(one, isTerminal(one) ? "Terminated" : "Replaced"));
}

function isDrainOver(context: ServiceContext, instance: Instance): boolean {
  const deadline = drainDeadline(context, instance);
  return deadline !== undefined && deadline <= context.view.now;
}

function retry({ context, state, attempts }: JobRound, ended: Instance): readonly GroupStep[] {
  const { service, view, backoff, target, canStart } = context;
  if (state.isGivenUp) return [];
  const isCounted = isFailure(service, ended);
  const due = restartDueAt(service, ended, { backoff, isCounted, steady: view.steady });
  if (view.now < due) {
    attempts.push(due);
    return [];
  }
  if (!canStart) return [];
  const restarts = restartsAfter(service, ended, true);
  const { number } = ended.spec;
  return [creation(context, { number, cause: "Restart", revisionName: target.name, old: ended, restarts })];
}

function replaceLost({ context, attempts }: JobRound, instance: Instance): readonly GroupStep[] {
  const due = lossDueAt(context, instance, true);
  if (due === undefined || !context.canStart) return [];
  if (due > context.view.now) {
    attempts.push(due);
    return [];
  }
  const restarts = restartsBefore(instance);
  const { number } = instance.spec;
  const revisionName = context.target.name;
  return [creation(context, { number, cause: "Unreachable", revisionName, old: instance, restarts })];
}

/** What may still run besides: of another template, or on its way out. Together no more run than are wanted at once. */
function othersRunning({ members }: ServiceContext, slots: readonly Slot[]): number {
  const current = new Set(slots.flatMap((slot) => slot.members));
  const isRunning = (one: Instance) => takesRoom(one) && one.status?.placement !== undefined && !isOutOfReach(one);
  return members.filter((one) => !current.has(one) && isRunning(one)).length;
}

/** The lowest numbers that have not run, where no task of theirs is left. */
function newNumbers(
  { context, state, attempts }: JobRound,
  slots: readonly Slot[],
  active: number,
): readonly GroupStep[] {
  const { service, members, wanted, canStart, target } = context;
  if (!canStart || state.isGivenUp) return [];
  const { start, step } = service.ordinals;
  const busy = new Set(members.filter((one) => !isTerminal(one)).map(({ spec }) => spec.number));
  const known = new Set(slots.map(({ number }) => number));
  const steps: GroupStep[] = [];
  const room = Math.min(wanted - active, state.job.completions - state.succeeded - active);
  let taken = 0;
  for (let index = 0; index < state.job.completions && taken < room; index++) {
    const number = start + index * step;
    if (busy.has(number) || known.has(number)) continue;
    taken += 1;
    const { restarts, dueAt } = afterHealth(context, number);
    if (dueAt > context.view.now) attempts.push(dueAt);
    else steps.push(creation(context, { number, cause: "New", revisionName: target.name, restarts }));
  }
  return steps;
}

/** What was let go for bad health has failed: its number remembers that, and waits for the back-off. */
function afterHealth({ view, service, target, backoff }: ServiceContext, number: number) {
  const restartedAt = timeOf(view.group.spec.restartedAt);
  const failed = (view.healthReleases.get(service.name) ?? []).filter(
    (one) => one.number === number && one.revisionName === target.name && one.at >= restartedAt,
  );
  const restarts = failed.reduce((most, one) => Math.max(most, one.restarts + 1), 0);
  const isDelayed = restarts > 0 && backoff !== undefined;
  return { restarts, dueAt: isDelayed ? backoff.lastFailure + delayMs(service, backoff.failures) : 0 };
}
